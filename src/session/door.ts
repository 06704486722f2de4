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

/** A class, since every stream has one. */
export class Door {
  readonly #options: DoorOptions;
  readonly #waiting: Arrival[] = [];
  #next: number;
  #rowsWaiting = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#next = options.next;
  }

  /** Next source row expected: everything before it was accepted or declared missing. */
  get next(): number {
    return this.#next;
  }
  get rowsWaiting(): number {
    return this.#rowsWaiting;
  }
  /** Pieces of input that `take` would give. */
  get itemsWaiting(): number {
    return this.#waiting.length;
  }

  /** Rows [rows, width], in order, directly after what came before. */
  rows(data: Float32Array, at: Micros, times?: Float64Array): void {
    const { source, onFault } = this.#options;
    const count = data.length / source.width;
    if (count === 0) return;
    if (!this.#makeRoom(count)) return this.gap(count, 'shed', at);
    for (const run of runsOf(data, this.#options, times)) {
      const pts = times ? micros(times[run.start]!) : this.#ptsOfNext();
      const rows = run.end - run.start;
      if (run.wrong === undefined) this.#admit(chunkOf(data, source.width, run, this.#next, pts, times), at);
      else {
        if (run.wrong === 'fault') onFault(rows);
        this.gap(rows, run.wrong, at, pts);
      }
    }
  }
  gap(rows: number, why: GapCause, at: Micros, pts = this.#ptsOfNext()): void {
    this.#admit({ kind: 'gap', from: this.#next, to: this.#next + rows, pts, why }, at);
  }
  mark(what: 'flush' | 'reset' | 'end', at: Micros): void {
    if (what === 'reset') this.#options.lastTime?.fill(-Infinity);
    this.#waiting.push({ item: { kind: 'mark', from: this.#next, to: this.#next, pts: this.#ptsOfNext(), what }, at });
  }
  take(): Arrival | undefined {
    const arrival = this.#waiting.shift();
    if (arrival?.item.kind === 'chunk') this.#rowsWaiting -= arrival.item.rows;
    return arrival;
  }

  #ptsOfNext(): Micros {
    const { rateHz } = this.#options.source;
    return micros(rateHz > 0 ? (this.#next * 1e6) / rateHz : this.#next);
  }
  #admit(item: Item, at: Micros): void {
    this.#waiting.push({ item, at });
    if (item.kind === 'chunk') this.#rowsWaiting += item.rows;
    this.#next = item.to;
  }
  #makeRoom(rows: number): boolean {
    const { inboxRowsMax, policy } = this.#options;
    if (this.#rowsWaiting + rows <= inboxRowsMax) return true;
    if (policy === 'reject') return false;
    if (policy === 'block') {
      throw engineError('ERR_CREDIT_OVERRUN', `more than ${inboxRowsMax} rows sent ahead of the last ack`, {
        expected: 'send no more than the credit granted in ready and ack',
      });
    }
    const waiting = this.#waiting;
    for (let i = 0; i < waiting.length && this.#rowsWaiting + rows > inboxRowsMax; i++) {
      const { item, at } = waiting[i]!;
      if (item.kind !== 'chunk') continue;
      this.#rowsWaiting -= item.rows;
      waiting[i] = { item: { kind: 'gap', from: item.from, to: item.to, pts: item.pts, why: 'shed' }, at };
    }
    joinShed(waiting);
    return this.#rowsWaiting + rows <= inboxRowsMax;
  }
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
