// Records of a section as rows of words: for the terminal and for Markdown.

import { table } from '../../print.ts';
import type { BenchRecord } from '../record.ts';

export interface SectionReport {
  readonly name: string;
  readonly records: readonly BenchRecord[];
  readonly notes: readonly string[];
}

/** Under `quartiles`: of a mean over recordings, marked, its 95 % interval. */
const HEAD = ['what', 'value', 'unit', 'quartiles', 'beside'];

function rowsOf(records: readonly BenchRecord[]): string[][] {
  return records.map((record) => {
    const { name, value, unit, spread, interval } = record;
    const around = spread ? range(spread) : interval ? `95 %: ${range(interval)}` : '';
    return [name, amount(value), unit, around, besideOf(record)];
  });
}

function besideOf({ baseline = '', ratio, difference, differenceInterval, also }: BenchRecord): string {
  if (also)
    return Object.entries(also)
      .map(([name, value]) => `${name} ${amount(value)}`)
      .join(', ');
  if (ratio !== undefined) return `${amount(ratio)} x ${baseline}`.trim();
  if (difference === undefined) return '';
  const around = differenceInterval ? ` (95 %: ${range(differenceInterval)})` : '';
  return `${difference > 0 ? '+' : ''}${amount(difference)} to ${baseline}${around}`;
}

const range = ([low, high]: readonly [number, number]): string => `${amount(low)} .. ${amount(high)}`;

/** Three digits below a thousand, whole numbers with commas above. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 0.001 ? value.toPrecision(3) : value.toExponential(1);
}

export function sectionText({ name, records, notes }: SectionReport): string {
  const aside = notes.map((note) => `  (${note})\n`).join('');
  return `${name}\n${table([HEAD, ...rowsOf(records)])}\n${aside}`;
}

export function sectionMarkdown({ name, records, notes }: SectionReport, pictures: readonly string[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const lines = [
    `## ${name}`,
    '',
    line(HEAD),
    '|---|---:|---|---:|---|',
    ...rowsOf(records).map(line),
    '',
    ...notes.flatMap((note) => [`${note[0]!.toUpperCase()}${note.slice(1)}.`, '']),
    ...pictures.flatMap((file) => [`![${name}](${file})`, '']),
  ];
  return lines.join('\n');
}
