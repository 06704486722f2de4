// A bounded queue between a sound card, which never waits, and a reader that may: when full, the oldest block is dropped
// and the loss is declared on the block that follows it, so that time still adds up.

export interface CapturedBlock {
  /** Interleaved samples, [frames, width]. */
  readonly rows: Float32Array;
  /** Frames lost directly before this block: the reader was too slow for longer than the queue holds. */
  readonly lostBefore: number;
}

export interface BlockQueue extends AsyncIterable<CapturedBlock> {
  /** Never waits. `lostBefore`: frames that the source itself lost. After `end` it does nothing. */
  push(rows: Float32Array, lostBefore?: number): void;
  /** The reader gets what is still held, then finishes; with `thrown` it fails there. */
  end(thrown?: unknown): void;
}

/** @param blocksMax blocks held at most   @param width samples per frame. One reader. */
export function blockQueue(blocksMax: number, width: number): BlockQueue {
  const held: CapturedBlock[] = [];
  let lost = 0; // declared by the next block to leave
  let ended: { thrown: unknown } | undefined;
  let wake: (() => void) | undefined;
  const signal = () => {
    wake?.();
    wake = undefined;
  };
  return {
    push(rows, lostBefore = 0) {
      if (ended !== undefined) return;
      if (held.length === blocksMax) {
        const dropped = held.shift()!;
        lost += dropped.lostBefore + dropped.rows.length / width;
      }
      held.push({ rows, lostBefore });
      signal();
    },
    end(thrown) {
      ended ??= { thrown };
      signal();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const block = held.shift();
        if (block !== undefined) {
          const lostBefore = block.lostBefore + lost;
          lost = 0;
          yield { rows: block.rows, lostBefore };
        } else if (ended !== undefined) {
          if (ended.thrown !== undefined) throw ended.thrown;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
