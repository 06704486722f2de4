// The door of a stream: the only place where input is checked, bounded and, if it must be, dropped. Whatever does not
// get in becomes a Gap with its cause, so every source row ends up in exactly one result or one gap.

import { engineError } from '../base/errors.ts';
import { type Micros, micros } from '../base/units.ts';
import type { GapCause, Item } from '../item/item.ts';
import type { StreamFormat } from '../pipeline/define-pipeline.ts';
import { chunkOf, runsOf } from './usable-runs.ts';

/** What happens when the inbox is full. block: the sender must respect its credit, else ERR_CREDIT_OVERRUN. */
export type Policy = 'block' | 'drop_oldest' | 'reject';

/** One accepted piece of input and when it came. */
export interface Arrival {
  readonly item: Item;
  readonly at: Micros;
}

export interface Door {
  /** Next source row expected: everything before it was accepted or declared missing. */
  readonly next: number;
  readonly rowsWaiting: number;
  /** Pieces of input that `take` would give. */
  readonly itemsWaiting: number;
  /** Rows [rows, width], in order, directly after what came before. */
  rows(data: Float32Array, at: Micros, times?: Float64Array): void;
  gap(rows: number, why: GapCause, at: Micros): void;
  mark(what: 'flush' | 'reset' | 'end', at: Micros): void;
  take(): Arrival | undefined;
}

export interface DoorOptions {
  readonly source: StreamFormat;
  /** Sensors use NaN for "missing"; audio has no such thing. Infinity is a fault for both. */
  readonly nanIsMissing: boolean;
  readonly inboxRowsMax: number;
  readonly policy: Policy;
  /** First row expected: 0, or the offset of a snapshot. */
  readonly next: number;
  readonly onFault: (rows: number) => void;
  /** Time of the last row that got in, [1], -Infinity before the first. Part of the stream's state; absent: rows have no times. */
  readonly lastTime?: Float64Array;
}

export function createDoor(options: DoorOptions): Door {
  const { source, inboxRowsMax } = options;
  const waiting: Arrival[] = [];
  let next = options.next;
  let rowsWaiting = 0;
  const ptsOf = (row: number): Micros => micros(source.rateHz > 0 ? (row * 1e6) / source.rateHz : row);

  function admit(item: Item, at: Micros): void {
    waiting.push({ item, at });
    if (item.kind === 'chunk') rowsWaiting += item.rows;
    next = item.to;
  }
  function admitGap(rows: number, why: GapCause, at: Micros, pts = ptsOf(next)): void {
    admit({ kind: 'gap', from: next, to: next + rows, pts, why }, at);
  }
  function makeRoom(rows: number): boolean {
    if (rowsWaiting + rows <= inboxRowsMax) return true;
    if (options.policy === 'reject') return false;
    if (options.policy === 'block') {
      throw engineError('ERR_CREDIT_OVERRUN', `more than ${inboxRowsMax} rows sent ahead of the last ack`, {
        expected: 'send no more than the credit granted in ready and ack',
      });
    }
    for (let i = 0; i < waiting.length && rowsWaiting + rows > inboxRowsMax; i++) {
      const { item, at } = waiting[i]!;
      if (item.kind !== 'chunk') continue;
      rowsWaiting -= item.rows;
      waiting[i] = { item: { kind: 'gap', from: item.from, to: item.to, pts: item.pts, why: 'shed' }, at };
    }
    joinShed(waiting);
    return rowsWaiting + rows <= inboxRowsMax;
  }

  return {
    get next() {
      return next;
    },
    get rowsWaiting() {
      return rowsWaiting;
    },
    get itemsWaiting() {
      return waiting.length;
    },
    rows(data, at, times) {
      const count = data.length / source.width;
      if (count === 0) return;
      if (!makeRoom(count)) return admitGap(count, 'shed', at);
      for (const run of runsOf(data, options, times)) {
        const pts = times ? micros(times[run.start]!) : ptsOf(next);
        const rows = run.end - run.start;
        if (run.wrong === undefined) admit(chunkOf(data, source.width, run, next, pts, times), at);
        else {
          if (run.wrong === 'fault') options.onFault(rows);
          admitGap(rows, run.wrong, at, pts);
        }
      }
    },
    gap: (rows, why, at) => admitGap(rows, why, at),
    mark(what, at) {
      if (what === 'reset') options.lastTime?.fill(-Infinity);
      waiting.push({ item: { kind: 'mark', from: next, to: next, pts: ptsOf(next), what }, at });
    },
    take() {
      const arrival = waiting.shift();
      if (arrival?.item.kind === 'chunk') rowsWaiting -= arrival.item.rows;
      return arrival;
    },
  };
}

/** Neighbouring shed gaps become one, so that an overload that lasts does not make the queue longer. In place. */
function joinShed(waiting: Arrival[]): void {
  let kept = 0;
  for (const arrival of waiting) {
    const last = waiting[kept - 1];
    const joins = last && isShed(last.item) && isShed(arrival.item) && last.item.to === arrival.item.from;
    if (joins) waiting[kept - 1] = { item: { ...last.item, to: arrival.item.to }, at: last.at };
    else waiting[kept++] = arrival;
  }
  waiting.length = kept;
}

const isShed = (item: Item): boolean => item.kind === 'gap' && item.why === 'shed';
