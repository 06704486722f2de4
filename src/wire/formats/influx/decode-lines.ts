// InfluxDB line protocol: `measurement,tag=value field=1.5,other=2i 1556813561098000000`. Each field of each line becomes a
// reading of the series `measurement,tag=value` (tags sorted, as they were escaped); text fields are passed over.
// Not here: HTTP (transport/influx). Syntax: InfluxDB v2 "Line protocol", and v1's precisions.

import { microsOf, NUMBER } from '../../cell-text.ts';
import { malformed, type Reading } from '../reading.ts';
import { type LinePrecision, MICROS_PER } from './precision.ts';
import { createScanner, type Scanner } from './scanner.ts';

const WHOLE = /^([+-]?\d+)i$/;
const UNSIGNED = /^(\d+)u$/;
const STAMP = /^-?\d{1,19}$/;
const TRUE = new Set(['t', 'T', 'true', 'True', 'TRUE']);
const FALSE = new Set(['f', 'F', 'false', 'False', 'FALSE']);

/** Blank lines and lines that begin with # are no points. @throws ERR_ROW_MALFORMED naming the line and the field */
export function decodeLines(text: string, precision: LinePrecision = 'ns'): Reading[] {
  const readings: Reading[] = [];
  const scan = createScanner(text);
  while (scan.beginLine()) readPoint(scan, precision, readings);
  return readings;
}

function readPoint(scan: Scanner, precision: LinePrecision, into: Reading[]): void {
  const place = `line ${scan.line}`;
  const measurement = scan.name(', ');
  if (measurement.text === '') throw malformed(place, 'no measurement', 'measurement,tag=value field=1.5 time');
  const tags: string[] = [];
  while (scan.skip(',')) tags.push(readTag(scan, place));
  const series = [measurement.raw, ...tags.sort()].join(',');
  if (!scan.spaces()) throw malformed(place, 'no fields', 'a space and at least one field=value');
  const fields: [string, number][] = [];
  do {
    const field = readField(scan, place);
    if (field) fields.push(field);
  } while (scan.skip(','));
  const stamp = scan.spaces() ? scan.word(' ') : '';
  scan.spaces();
  if (!scan.endLine()) throw malformed(place, 'something behind the time', 'one time at most, then a line end');
  const time = stamp === '' ? Number.NaN : stampOf(stamp, precision, place);
  for (const [column, value] of fields) into.push({ series, column, time, value });
}

function readTag(scan: Scanner, place: string): string {
  const key = scan.name(',= ');
  if (key.text === '' || !scan.skip('=')) throw malformed(place, 'a tag without key or "="', 'key=value');
  const value = scan.name(',= ');
  if (value.text === '') throw malformed(place, 'a tag without a value', 'key=value, or no such tag');
  return `${key.raw}=${value.raw}`;
}

/** Undefined for text, which is no reading. */
function readField(scan: Scanner, place: string): [string, number] | undefined {
  const { text: key } = scan.name(',= ');
  if (key === '' || !scan.skip('=')) throw malformed(place, 'a field without key or "="', 'key=value');
  if (scan.skip('"')) {
    if (scan.quoted()) return undefined;
    throw malformed(`${place}, a field`, 'quotes that do not close', 'text in double quotes, \\" for one inside');
  }
  const value = readValue(scan.word(', '));
  if (value !== undefined) return [key, value];
  throw malformed(`${place}, field ${scan.ordinal}`, 'not a value', '1.5, 2i, 3u, true, false or "text"');
}

function readValue(word: string): number | undefined {
  if (TRUE.has(word)) return 1;
  if (FALSE.has(word)) return 0;
  const digits = WHOLE.exec(word)?.[1] ?? UNSIGNED.exec(word)?.[1] ?? (NUMBER.test(word) ? word : undefined);
  const value = Number(digits);
  return digits !== undefined && Number.isFinite(value) ? value : undefined;
}

function stampOf(word: string, precision: LinePrecision, place: string): number {
  const wanted = `a whole number of ${precision} since 1970`;
  if (!STAMP.test(word)) throw malformed(`${place}, time`, 'not a whole number', wanted);
  const per = MICROS_PER[precision];
  const time = per === 0 ? microsOf(word) : Number(word) * per;
  if (Number.isSafeInteger(time)) return time;
  throw malformed(`${place}, time`, 'out of range', `${wanted}, to the year 2255`);
}
