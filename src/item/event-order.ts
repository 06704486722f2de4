// Event time made honest for one stream of rows that come as they like: rows leave in ascending time, each time once.
//   in   3 1 2 2 9 4      window 0 ->  out 3 9          late 1 2 2 4
//                         window 5 ->  out 1 2 3 (at 9) held 4 9, out of order 1 2 4, duplicate 2
// What comes too late or twice is an event, counted and told, and never becomes part of a state. Gaps in time are nobody's
// business here: a stage sees them by its rows' times. Its own state is plain data, so that it lies in a checkpoint.

export interface TimedRow {
  /** Integer microseconds. */
  readonly time: number;
  readonly values: Float32Array;
}

/** late: before a row that has left. duplicate: of the time of a row that has left or is held. out_of_order: put in its place. */
export type OrderEvent = 'late' | 'duplicate' | 'out_of_order';

export interface EventOrderOptions {
  /** How long a row waits for earlier ones, in event time; 0: not at all. */
  readonly windowUs: number;
  /** Rows that may wait; the earliest leaves when there is one more. */
  readonly rowsMax: number;
}

export interface EventOrderState {
  /** Time of the row that left last; absent: none has. */
  readonly last?: number;
  /** Rows held, ascending: [time, ...values], null for NaN. */
  readonly held: readonly (readonly (number | null)[])[];
  readonly counts: Readonly<Record<OrderEvent, number>>;
}

export const DEFAULT_EVENT_ORDER: EventOrderOptions = { windowUs: 0, rowsMax: 1024 };

/** A class, since every sensor of a fleet has one. */
export class EventOrder {
  readonly counts: Record<OrderEvent, number>;
  readonly #options: EventOrderOptions;
  readonly #held: TimedRow[];
  #last: number;
  /** The greatest time seen; what lies a window before it has waited long enough. */
  #newest: number;

  constructor(options: EventOrderOptions, saved?: EventOrderState) {
    this.#options = options;
    this.#held = (saved?.held ?? []).map(([time, ...values]) => ({
      time: time!,
      values: Float32Array.from(values, (value) => value ?? Number.NaN),
    }));
    this.counts = { late: 0, duplicate: 0, out_of_order: 0, ...saved?.counts };
    this.#last = saved?.last ?? -Infinity;
    this.#newest = this.#held.at(-1)?.time ?? this.#last;
  }

  /** @param out called for each row that leaves, in order   @returns what was wrong with this one, if anything */
  take(row: TimedRow, out: (row: TimedRow) => void): OrderEvent | undefined {
    if (row.time <= this.#last) return this.#count(row.time === this.#last ? 'duplicate' : 'late');
    const place = this.#placeOf(row.time);
    if (place < 0) return this.#count('duplicate');
    const early = row.time < this.#newest;
    this.#held.splice(place, 0, row);
    this.#newest = Math.max(this.#newest, row.time);
    this.#release(this.#newest - this.#options.windowUs, out);
    return early ? this.#count('out_of_order') : undefined;
  }
  /** Lets the rows go that are held: nothing earlier will come. */
  flush(out: (row: TimedRow) => void): void {
    this.#release(Infinity, out);
  }
  state(): EventOrderState {
    return {
      ...(this.#last === -Infinity ? {} : { last: this.#last }),
      held: this.#held.map(({ time, values }) => [time, ...Array.from(values, (v) => (v === v ? v : null))]),
      counts: { ...this.counts },
    };
  }

  #release(until: number, out: (row: TimedRow) => void): void {
    const held = this.#held;
    let leaving = 0;
    while (leaving < held.length && (held[leaving]!.time <= until || held.length - leaving > this.#options.rowsMax))
      leaving++;
    for (const row of held.splice(0, leaving)) {
      this.#last = row.time;
      out(row);
    }
  }
  #count(event: OrderEvent): OrderEvent {
    this.counts[event]++;
    return event;
  }
  /** Its place among the held rows, or -1 when one of them has its time. */
  #placeOf(time: number): number {
    const held = this.#held;
    let at = held.length;
    while (at > 0 && held[at - 1]!.time > time) at--;
    return held[at - 1]?.time === time ? -1 : at;
  }
}
