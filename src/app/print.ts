// Where words for people go. Results go to stdout, everything about them to stderr when stdout carries records.

import type { EngineError } from '../base/errors.ts';

export const print = (line = ''): void => void process.stdout.write(`${line}\n`);
export const printAside = (line = ''): void => void process.stderr.write(`${line}\n`);

/** `ERR_PORT_IN_USE: port 8080 ... / expected: ...` */
export function describeError(error: EngineError): string {
  const expected = error.expected ? `\n  expected: ${error.expected}` : '';
  return `${error.code}: ${error.message}${expected}`;
}

/** 1:02.345 */
export function clockTime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, '0')}`;
}

/** 23.0 kB, in powers of 1000 as disks and networks count. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

export function microseconds(us: number): string {
  return us < 1000 ? `${us < 10 ? us.toFixed(1) : us.toFixed(0)} µs` : `${(us / 1000).toFixed(2)} ms`;
}

/** Columns padded to their widest cell; the first left-aligned, the others right-aligned. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return [line(rows[0]!), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.slice(1).map(line)].join('\n');
}

/** The value below which a share `q` of `values` lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
