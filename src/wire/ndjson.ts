// NDJSON text to rows: each line an array of values, or an object by the names in format.fields. null or an absent name is
// missing. A line that is not JSON is a faulty row, like a field that is no number: the lines after it go on.

import { readTime } from './cell-text.ts';
import type { FormatMessage } from './messages.ts';
import { createRowBuilder, type DecodedRows, timeColumn } from './row-builder.ts';

export function decodeNdjson(text: string, format: FormatMessage): DecodedRows {
  const builder = createRowBuilder(format);
  const timeAt = timeColumn(format);
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const cells = readLine(line, format.fields);
    const values = cells.filter((_, column) => column !== timeAt).map(toNumber);
    const time = timeAt < 0 ? Number.NaN : readTime(String(cells[timeAt] ?? ''), format.time_unit);
    builder.row(values, time, (column) => JSON.stringify(cells[column]) ?? line);
  }
  return builder.done();
}

/** No cells at all, hence a row too short, when the line is not JSON or an object without names to look up. */
function readLine(line: string, fields: readonly string[] | undefined): unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    if (Array.isArray(value)) return value;
    if (typeof value !== 'object' || value === null || !fields) return [];
    const named = new Map(Object.entries(value));
    return fields.map((name) => named.get(name) ?? null);
  } catch {
    return [];
  }
}

function toNumber(cell: unknown): number | undefined {
  if (cell === null) return Number.NaN;
  return typeof cell === 'number' ? cell : undefined;
}
