// CSV text to rows: whole lines in, [rows, width] out, faulty rows in their place. A pure function over one piece of text,
// so a message of a stream, a file in pieces and a whole file all decode alike. Splitting and quoting are csv-parse's.

import { parse } from 'csv-parse/browser/esm/sync';
import { engineError } from '../base/errors.ts';
import { readNumber, readTime } from './cell-text.ts';
import type { FormatMessage } from './messages.ts';
import { createRowBuilder, type DecodedRows, timeColumn } from './row-builder.ts';

export type CsvFormat = Pick<FormatMessage, 'channels' | 'fields' | 'time' | 'time_unit'>;

/**
 * A line whose fields are exactly `format.fields` is a header line and no row, wherever it stands. Blank lines are no
 * rows. A line with too few or too many fields is a faulty row. The last line may lack its line end.
 * @throws ERR_WIRE_MALFORMED when quotes do not close
 */
export function decodeCsv(text: string, format: CsvFormat): DecodedRows {
  const builder = createRowBuilder({ encoding: 'csv', ...format });
  const timeAt = timeColumn({ encoding: 'csv', ...format });
  for (const line of splitCsv(text)) {
    if (isHeader(line, format.fields)) continue;
    const values = line.filter((_, column) => column !== timeAt).map(readNumber);
    const time = timeAt < 0 ? Number.NaN : readTime(line[timeAt] ?? '', format.time_unit);
    builder.row(values, time, (column) => line[column] ?? '');
  }
  return builder.done();
}

/**
 * The columns of a file that says them itself: its first line, when a field in it is neither a number, nor missing, nor
 * an ISO time. Undefined when the file begins with data.
 */
export function readCsvHeader(text: string): string[] | undefined {
  const end = text.search(/[\r\n]/);
  const [first] = splitCsv(end < 0 ? text : text.slice(0, end));
  if (!first?.some((cell) => readNumber(cell) === undefined && readTime(cell) === undefined)) return undefined;
  return first.map((cell) => cell.trim());
}

function splitCsv(text: string): string[][] {
  try {
    return parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true });
  } catch (cause) {
    throw engineError('ERR_WIRE_MALFORMED', 'the text is not CSV', {
      expected: 'fields separated by commas, quotes closed, whole lines in every message',
      cause,
    });
  }
}

function isHeader(line: readonly string[], fields: readonly string[] | undefined): boolean {
  return fields?.length === line.length && line.every((cell, column) => cell.trim() === fields[column]);
}
