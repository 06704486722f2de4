// Collects rows that come as fields: a row with one field that is no number becomes a fault in its place, the others go
// on. What csv.ts and ndjson.ts share. Faults take no room among the values: "x" is not 256 columns.

import type { FormatMessage } from './messages.ts';

export interface RowFault {
  /** Its place among all `count` rows, from 0: declare it as a gap of one row. */
  readonly row: number;
  /** Name of the column, or its number from 1 when columns have no names. */
  readonly column: string;
  /** What stood there, at most 40 characters. For a person at a terminal; not sent over the wire. */
  readonly text: string;
}

export interface DecodedRows {
  /** All rows, faults included. */
  readonly count: number;
  /** The good rows, [count - faults, width] row-major. */
  readonly rows: Float32Array;
  /** Microseconds of the good rows, when the format names a time column. */
  readonly times?: Float64Array;
  /** In row order. */
  readonly faults: readonly RowFault[];
}

/** Values per row. @param format as checked: `fields` or `channels` is there */
export function rowWidth(format: FormatMessage): number {
  if (format.fields) return format.fields.length - (format.time === undefined ? 0 : 1);
  return format.channels ?? 1;
}

/** Which of a row's fields is the time; -1: none. */
export function timeColumn(format: FormatMessage): number {
  if (format.time === undefined) return -1;
  return format.fields ? format.fields.indexOf(format.time) : 0;
}

export interface RowBuilder {
  /** Each field as a number; undefined where it is none. `time` likewise, or NaN without a time column. */
  row(values: readonly (number | undefined)[], time: number | undefined, textOf: (column: number) => string): void;
  done(): DecodedRows;
}

export function createRowBuilder(format: FormatMessage): RowBuilder {
  const width = rowWidth(format);
  const timeAt = timeColumn(format);
  const values: number[] = [];
  const times: number[] = [];
  const faults: RowFault[] = [];
  let count = 0;
  /** From a place among the values to a place among all fields. */
  const fieldOf = (index: number): number => (timeAt >= 0 && index >= timeAt ? index + 1 : index);

  /** Which of all fields makes this row a fault; -1: none does. One too many or too few counts as the first of those. */
  function faultyField(row: readonly (number | undefined)[], time: number | undefined): number {
    if (time === undefined) return timeAt;
    if (row.length !== width) return fieldOf(Math.min(row.length, width));
    const bad = row.indexOf(undefined);
    return bad < 0 ? -1 : fieldOf(bad);
  }

  return {
    row(row, time, textOf) {
      const field = faultyField(row, time);
      if (field < 0) {
        for (let i = 0; i < width; i++) values.push(row[i]!);
        times.push(time!);
      } else {
        const column = format.fields?.[field] ?? `${field + 1}`;
        faults.push({ row: count, column, text: textOf(field).slice(0, 40) });
      }
      count++;
    },
    done() {
      const rows = Float32Array.from(values);
      return timeAt < 0 ? { rows, count, faults } : { rows, count, faults, times: Float64Array.from(times) };
    },
  };
}
