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

export interface EventOrder {
  /** @param out called for each row that leaves, in order   @returns what was wrong with this one, if anything */
  take(row: TimedRow, out: (row: TimedRow) => void): OrderEvent | undefined;
  /** Lets the rows go that are held: nothing earlier will come. */
  flush(out: (row: TimedRow) => void): void;
  readonly counts: Readonly<Record<OrderEvent, number>>;
  state(): EventOrderState;
}

export const DEFAULT_EVENT_ORDER: EventOrderOptions = { windowUs: 0, rowsMax: 1024 };

export function createEventOrder({ windowUs, rowsMax }: EventOrderOptions, saved?: EventOrderState): EventOrder {
  const held: TimedRow[] = (saved?.held ?? []).map(([time, ...values]) => ({
    time: time!,
    values: Float32Array.from(values, (value) => value ?? Number.NaN),
  }));
  const counts = { late: 0, duplicate: 0, out_of_order: 0, ...saved?.counts };
  let last = saved?.last ?? -Infinity;
  /** The greatest time seen; what lies a window before it has waited long enough. */
  let newest = held.at(-1)?.time ?? last;

  function release(until: number, out: (row: TimedRow) => void): void {
    let leaving = 0;
    while (leaving < held.length && (held[leaving]!.time <= until || held.length - leaving > rowsMax)) leaving++;
    for (const row of held.splice(0, leaving)) {
      last = row.time;
      out(row);
    }
  }
  function count(event: OrderEvent): OrderEvent {
    counts[event]++;
    return event;
  }
  /** Its place among the held rows, or -1 when one of them has its time. */
  function placeOf(time: number): number {
    let at = held.length;
    while (at > 0 && held[at - 1]!.time > time) at--;
    return held[at - 1]?.time === time ? -1 : at;
  }
  return {
    counts,
    take(row, out) {
      if (row.time <= last) return count(row.time === last ? 'duplicate' : 'late');
      const place = placeOf(row.time);
      if (place < 0) return count('duplicate');
      const early = row.time < newest;
      held.splice(place, 0, row);
      newest = Math.max(newest, row.time);
      release(newest - windowUs, out);
      return early ? count('out_of_order') : undefined;
    },
    flush: (out) => release(Infinity, out),
    state: () => ({
      ...(last === -Infinity ? {} : { last }),
      held: held.map(({ time, values }) => [time, ...Array.from(values, (v) => (v === v ? v : null))]),
      counts: { ...counts },
    }),
  };
}
