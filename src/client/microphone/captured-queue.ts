// A bounded queue between a microphone, which never waits, and a reader that may: when it is full the oldest rows become a
// gap `overrun`, so that what is read covers all time, each row once, in order.

import type { GapWhy } from './capture-worklet.ts';

/** What a microphone gives: rows [from, to) of its own count since it was opened, or that they are missing. */
export type Captured = CapturedRows | CapturedGap;

interface Place {
  readonly from: number;
  readonly to: number;
  /** Microseconds of row `from` since the first row, by the device's own clock: from / rate. */
  readonly pts: number;
}
export interface CapturedRows extends Place {
  readonly kind: 'rows';
  /** [to - from, channels], in [-1, 1]. The receiver's own. */
  readonly rows: Float32Array;
}
export interface CapturedGap extends Place {
  readonly kind: 'gap';
  readonly why: GapWhy;
}

export interface CapturedQueue {
  push(piece: Captured): void;
  /** The reader gets what is still held, then finishes; with an error it fails there. */
  end(error?: Error): void;
  /** The next piece; undefined: there is none any more. One reader. */
  next(): Promise<Captured | undefined>;
}

/** @param rowsMax rows held at most */
export function capturedQueue(rowsMax: number): CapturedQueue {
  const held: Captured[] = [];
  let rows = 0;
  /** Dropped at the front. */
  let overrun: CapturedGap | undefined;
  let ended: { readonly error: Error | undefined } | undefined;
  let wake: (() => void) | undefined;

  function hold(piece: Captured): void {
    const last = held.at(-1);
    const joins = piece.kind === 'gap' && last?.kind === 'gap' && last.why === piece.why && last.to === piece.from;
    if (joins) held[held.length - 1] = { ...last, to: piece.to };
    else held.push(piece);
    rows += sizeOf(piece);
  }
  function drop(): void {
    const first = held.shift()!;
    rows -= sizeOf(first);
    const { from, pts } = overrun ?? first;
    overrun = { kind: 'gap', from, to: first.to, pts, why: 'overrun' };
  }
  function signal(): void {
    wake?.();
    wake = undefined;
  }
  return {
    push(piece) {
      if (ended) return;
      hold(piece);
      while (rows > rowsMax && held.length > 1) drop();
      signal();
    },
    end(error) {
      ended ??= { error };
      signal();
    },
    async next() {
      for (;;) {
        const piece = overrun ?? held.shift();
        if (piece) {
          if (piece === overrun) overrun = undefined;
          rows -= sizeOf(piece);
          return piece;
        }
        if (ended?.error) throw ended.error;
        if (ended) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const sizeOf = (piece: Captured): number => (piece.kind === 'rows' ? piece.to - piece.from : 0);
