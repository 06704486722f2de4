// Readings of a message as rows of streams. Without named columns every quantity is a stream of its own, one value wide, as
// devices send their quantities together or apart as they like; with them, a sensor is one stream and its row has them all.
// A stream is called `topic#column`, or `series#column` where the format names its senders: no topic holds a #.

import type { Reading } from '../../wire/formats/reading.ts';

export interface KeyedRow {
  readonly key: string;
  /** NaN: the message names none. */
  readonly time: number;
  readonly values: readonly number[];
}

/** @param topic '' where a format's series says whose a reading is   @param columns absent: every column by itself */
export function keyedRows(topic: string, readings: readonly Reading[], columns?: readonly string[]): KeyedRow[] {
  const sender = (series: string): string => [topic, series].filter((part) => part !== '').join(' ');
  if (!columns) {
    return readings.map(({ series, column, time, value }) => {
      const from = sender(series);
      return { key: from === '' ? column : `${from}#${column}`, time, values: [value] };
    });
  }
  const rows = new Map<string, { key: string; time: number; values: number[] }>();
  for (const { series, column, time, value } of readings) {
    const at = columns.indexOf(column);
    if (at < 0) continue;
    const key = sender(series) || 'sensor';
    const place = `${time} ${key}`;
    const row = rows.get(place) ?? { key, time, values: columns.map(() => Number.NaN) };
    row.values[at] = value;
    rows.set(place, row);
  }
  return [...rows.values()];
}
