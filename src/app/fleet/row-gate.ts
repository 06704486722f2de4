// What a row must be to go in: of a sensor that there is room for, with a value if it is that sensor's first, with a time, and
// not from the future. What may not go in is an event. Everything behind this gate is in the journal.

import type { JournalRow } from './journal.ts';
import type { KeyedRow } from './keyed-rows.ts';

export interface RowGate {
  /** @param retained a row without a time is then of some time long ago: left out */
  admit(rows: readonly KeyedRow[], retained: boolean, nowUs: number): JournalRow[];
  /** A stream of an earlier process, and a time that it has seen. */
  know(key: string, timeUs: number): void;
  readonly counts: { future: number; refused: number };
}

/** A row that claims to be from so far ahead would make all that follow late. */
const FUTURE_US = 86_400e6;

/** @param tell told once of senders beyond `streamsMax`, and of each row from the future */
export function createRowGate(streamsMax: number, tell: (key: string, fields: object) => void): RowGate {
  /** Every stream, and the last time given to one of its rows that came without. */
  const known = new Map<string, number>();
  const counts = { future: 0, refused: 0 };

  function hasRoom(key: string): boolean {
    if (known.has(key) || known.size < streamsMax) return true;
    counts.refused++;
    if (counts.refused === 1) tell(key, { type: 'event', event: 'refused', why: 'too many streams' });
    return false;
  }
  function isFuture(key: string, time: number, nowUs: number): boolean {
    if (!(time > nowUs + FUTURE_US)) return false;
    counts.future++;
    tell(key, { type: 'event', event: 'future', t_us: time });
    return true;
  }
  function timeFor(key: string, time: number, nowUs: number): number {
    const before = known.get(key) ?? -Infinity;
    const given = time === time ? time : Math.max(nowUs, before + 1);
    known.set(key, time === time ? before : given);
    return given;
  }
  return {
    counts,
    know: (key, timeUs) => void known.set(key, Math.max(timeUs, known.get(key) ?? -Infinity)),
    admit(rows, retained, nowUs) {
      const admitted: JournalRow[] = [];
      for (const { key, time, values } of rows) {
        if (retained && time !== time) continue;
        if (!known.has(key) && values.every((value) => value !== value)) continue;
        if (!hasRoom(key) || isFuture(key, time, nowUs)) continue;
        admitted.push([key, timeFor(key, time, nowUs), ...values.map((value) => (value === value ? value : null))]);
      }
      return admitted;
    },
  };
}
