// JSON as devices send it: an object of named values, an array of such objects, or a bare number. Which field is the time
// and in which unit is said, not guessed: a number has no unit of its own. What is no number is left out unless asked for.
//   {"time":"2026-01-01T00:00:00Z","temp":21.5,"hum":null}  ->  temp 21.5, hum missing

import { readTime } from '../../cell-text.ts';
import type { TimeUnit } from '../../messages.ts';
import { malformed, type Reading, shown } from '../reading.ts';
import { TIME_FIELDS } from '../time-fields.ts';

export interface JsonOptions {
  /** Name of the time field; '' for none; absent: the first of TIME_FIELDS that is there. */
  readonly time?: string;
  /** Unit of the time; absent: ISO 8601 text, and a number is refused. */
  readonly timeUnit?: TimeUnit;
  /** Fields that must hold a number, true, false or null; absent: every field that does. */
  readonly columns?: readonly string[];
}

/** The column of a bare number. */
export const BARE_COLUMN = 'value';

/** @param place what to call the text in an error   @throws ERR_ROW_MALFORMED naming the row and the field */
export function decodeJson(text: string, options: JsonOptions = {}, place = 'the message'): Reading[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(malformed(place, 'it is not JSON', 'an object, an array of objects or a number'), {
      cause,
    });
  }
  if (!Array.isArray(parsed)) return rowOf(parsed, place, options);
  return parsed.flatMap((row, index) => rowOf(row, `${place}, row ${index + 1}`, options));
}

function rowOf(row: unknown, place: string, options: JsonOptions): Reading[] {
  const bare = toValue(row);
  if (bare !== undefined) return [{ series: '', column: BARE_COLUMN, time: Number.NaN, value: bare }];
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw malformed(place, 'it is neither an object nor a number', 'an object of named values, or a number');
  }
  const fields = new Map<string, unknown>(Object.entries(row));
  const timeName = options.time ?? TIME_FIELDS.find((name) => fields.has(name)) ?? '';
  const time = timeName === '' ? Number.NaN : timeOf(fields.get(timeName), timeName, place, options);
  const readings = options.columns
    ? options.columns.map((column) => ({ series: '', column, time, value: asked(fields.get(column), column, place) }))
    : [...fields].flatMap(([column, field]) => {
        const value = column === timeName ? undefined : toValue(field);
        return value === undefined ? [] : [{ series: '', column, time, value }];
      });
  if (readings.length > 0) return readings;
  throw malformed(place, 'no field holds a number', 'at least one field with a number, true, false or null');
}

/** @param field absent counts as missing, like null */
function asked(field: unknown, column: string, place: string): number {
  const value = toValue(field ?? null);
  if (value !== undefined) return value;
  throw malformed(`${place}, field ${shown(column)}`, 'not a number', 'a number, true, false or null');
}

function toValue(field: unknown): number | undefined {
  if (field === null) return Number.NaN;
  if (typeof field === 'boolean') return field ? 1 : 0;
  return typeof field === 'number' && Number.isFinite(field) ? field : undefined;
}

function timeOf(field: unknown, name: string, place: string, { timeUnit }: JsonOptions): number {
  const where = `${place}, field ${shown(name)}`;
  if (typeof field === 'number' && timeUnit === undefined) {
    throw malformed(where, 'a time without its unit', '--time-unit s, ms, us or ns, or ISO 8601 text');
  }
  const text = typeof field === 'number' || typeof field === 'string' ? String(field) : '';
  const time = readTime(text, timeUnit ?? 'iso');
  if (time !== undefined && Number.isSafeInteger(time)) return time;
  const unit = timeUnit ?? 'iso';
  throw malformed(where, 'not a time', unit === 'iso' ? 'ISO 8601 text' : `a number of ${unit} since 1970`);
}
