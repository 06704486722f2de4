// Which columns of a CSV are values and which one is the time, found by looking at its first lines; and the projection of
// lines onto those columns, because decodeCsv (src/wire/csv.ts) takes every column of a line for a value or the time.

import { engineError } from '../../base/errors.ts';
import { readNumber, readTime } from '../../wire/cell-text.ts';
import type { TimeUnit } from '../../wire/messages.ts';

export interface ColumnChoice {
  /** Value columns by name; absent: every column of numbers. */
  readonly columns?: readonly string[];
  /** The time column; '' for none; absent: found by itself. */
  readonly timeColumn?: string;
  /** Absent: found by itself. */
  readonly timeUnit?: TimeUnit;
}

export interface Columns {
  /** Places in a line to keep, ascending, the time's among them. */
  readonly keep: readonly number[];
  /** Names of the kept columns, in that order. */
  readonly fields: readonly string[];
  /** Names of the value columns. */
  readonly names: readonly string[];
  readonly time?: string;
  readonly timeUnit?: TimeUnit;
  /** Columns in a line of the file. */
  readonly count: number;
}

const TIME_NAME = /^(date|time|datetime|date_?time|timestamp|ts|t|epoch|unix)(_?(s|sec|ms|us|ns))?$/i;

/**
 * @param header all names   @param sample the first rows, split
 * @throws ERR_USAGE for a column that does not exist; ERR_FILE_NOT_CSV if no column holds numbers
 */
export function chooseColumns(header: readonly string[], sample: readonly string[][], choice: ColumnChoice): Columns {
  for (const name of [...(choice.columns ?? []), ...(choice.timeColumn ? [choice.timeColumn] : [])]) {
    if (!header.includes(name)) {
      throw engineError('ERR_USAGE', `there is no column "${name}"`, { expected: `one of: ${header.join(', ')}` });
    }
  }
  const timeAt = choice.timeColumn === undefined ? findTime(header, sample) : header.indexOf(choice.timeColumn);
  const keep = header
    .map((_, column) => column)
    .filter((column) => column === timeAt || (choice.columns?.includes(header[column]!) ?? isNumeric(sample, column)));
  const fields = keep.map((column) => header[column]!);
  const names = keep.filter((column) => column !== timeAt).map((column) => header[column]!);
  if (names.length === 0) {
    throw engineError('ERR_FILE_NOT_CSV', 'no column holds numbers', {
      expected: `at least one column of numbers besides the time; found: ${header.join(' | ').slice(0, 200)}`,
    });
  }
  if (timeAt < 0) return { keep, fields, names, count: header.length };
  const timeUnit = choice.timeUnit ?? unitOf(header[timeAt]!, cells(sample, timeAt));
  return { keep, fields, names, time: header[timeAt]!, timeUnit, count: header.length };
}

/** The first column of ISO times, else the first that is called like a time and counts upwards. */
function findTime(header: readonly string[], sample: readonly string[][]): number {
  const iso = header.findIndex((_, column) => all(cells(sample, column), (cell) => readTime(cell) !== undefined));
  if (iso >= 0) return iso;
  return header.findIndex((name, column) => {
    const numbers = cells(sample, column).map((cell) => readNumber(cell) ?? Number.NaN);
    return TIME_NAME.test(name) && all(numbers, (v, i) => i === 0 || v >= numbers[i - 1]!);
  });
}

/** Epoch numbers by their name, else by their size: 10^9, 10^12, 10^15 or 10^18 since 1970; anything small is seconds. */
function unitOf(name: string, values: readonly string[]): TimeUnit {
  if (readTime(values[0] ?? '') !== undefined) return 'iso';
  const named = /_?(ms|us|ns)$/i.exec(name)?.[1]?.toLowerCase();
  if (named === 'ms' || named === 'us' || named === 'ns') return named;
  const value = Math.abs(Number(values[0]));
  return value > 1e17 ? 'ns' : value > 1e14 ? 'us' : value > 1e11 ? 'ms' : 's';
}

/** More numbers than words: a column with a few faulty cells is still one of numbers, and its faults get declared. */
function isNumeric(sample: readonly string[][], column: number): boolean {
  const filled = cells(sample, column).map(readNumber);
  const numbers = filled.filter((value) => value !== undefined).length;
  return filled.length > 0 && numbers * 2 > filled.length;
}

/** What stands in a column, without the missing ones. */
const cells = (sample: readonly string[][], column: number): string[] =>
  sample.map((row) => row[column] ?? '').filter((cell) => !Number.isNaN(readNumber(cell)));

const all = <T>(values: readonly T[], test: (value: T, index: number) => boolean) =>
  values.length > 0 && values.every(test);

/** Lines reduced to the columns to keep. A line of another length stays one, hence a fault: itself as every field, and one too many. */
export function projectLines(text: string, { keep, count }: Columns): string {
  if (keep.length === count) return text;
  return splitLines(text)
    .map((row) => (row.length === count ? keep.map((c) => row[c]!) : [...keep, 0].map(() => row.join(','))))
    .map((row) => row.map(quote).join(','))
    .join('\n');
}

const quote = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** CSV text as rows of fields (RFC 4180), blank lines left out: enough to choose columns; the numbers are read elsewhere. */
export function splitLines(text: string): string[][] {
  const rows: string[][] = [];
  let [row, cell, quoted] = [[] as string[], '', false];
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || cell !== '') rows.push(row);
    [row, cell] = [[], ''];
  };
  for (let i = text.startsWith('\ufeff') ? 1 : 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted && c === '"' && text[i + 1] === '"') cell += text[++i];
    else if (c === '"') quoted = !quoted;
    else if (quoted) cell += c;
    else if (c === ',') {
      row.push(cell);
      cell = '';
    } else if (c === '\n' || (c === '\r' && text[i + 1] !== '\n')) endRow();
    else if (c !== '\r') cell += c;
  }
  endRow();
  return rows;
}
