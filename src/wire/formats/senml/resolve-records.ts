// SenML records (RFC 8428) as readings, whatever they were written in: base fields carried from record to record, names joined,
// relative times made absolute. Numbers and booleans become readings; text and data values are passed over. A sum (`s`) is a
// column of its own, `<name>#sum`. Written in: decode-senml.ts (JSON), decode-senml-cbor.ts (CBOR).

import { malformed, type Reading, shown } from '../reading.ts';

/** The only version of the format there is (section 4.4). */
const VERSION = 10;
/** Times below it are relative to now (section 4.5.3). */
const ABSOLUTE_FROM_S = 268_435_456; // 2^28
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const LABELS = new Set(['bn', 'bt', 'bu', 'bv', 'bs', 'bver', 'n', 'u', 'v', 'vs', 'vb', 'vd', 's', 't', 'ut']);
const VALUES = ['v', 'vs', 'vb', 'vd'] as const;

type Fields = Readonly<Record<string, unknown>>;

interface Base {
  name: string;
  time: number;
  value: number;
  sum: number;
  version: number | undefined;
}

/**
 * @param pack records under the labels that JSON has   @param nowUs what relative times are relative to
 * @throws ERR_ROW_MALFORMED naming the record and the field
 */
export function resolveRecords(pack: readonly unknown[], nowUs: number): Reading[] {
  const base: Base = { name: '', time: 0, value: 0, sum: 0, version: undefined };
  return pack.flatMap((record: unknown, index) => {
    const place = `record ${index + 1}`;
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw malformed(place, 'it is not an object', 'an object (JSON) or a map (CBOR) with SenML fields');
    }
    checkLabels(record as Fields, place);
    takeBase(base, record as Fields, place);
    return readingsOf(base, record as Fields, place, nowUs);
  });
}

/** Unknown labels are passed over, but one that ends in `_` must be understood (section 4.4). */
function checkLabels(record: Fields, place: string): void {
  const must = Object.keys(record).find((label) => label.endsWith('_') && !LABELS.has(label));
  if (must !== undefined) {
    throw malformed(`${place}, field ${shown(must)}`, 'it must be understood, and is not', 'fields of RFC 8428');
  }
}

function takeBase(base: Base, record: Fields, place: string): void {
  base.name = textOf(record, 'bn', place) ?? base.name;
  base.time = numberOf(record, 'bt', place) ?? base.time;
  base.value = numberOf(record, 'bv', place) ?? base.value;
  base.sum = numberOf(record, 'bs', place) ?? base.sum;
  const version = numberOf(record, 'bver', place);
  if (version === undefined) return;
  if (!Number.isInteger(version) || version < 1 || version > VERSION || version !== (base.version ?? version)) {
    throw malformed(`${place}, field "bver"`, 'another version', `one version up to ${VERSION} in the whole pack`);
  }
  base.version = version;
}

function readingsOf(base: Base, record: Fields, place: string, nowUs: number): Reading[] {
  const values = VALUES.filter((label) => record[label] !== undefined);
  if (values.length > 1) throw malformed(place, 'more than one value', 'one of v, vs, vb and vd');
  const own = numberOf(record, 'v', place);
  const flag = booleanOf(record, 'vb', place);
  const sum = numberOf(record, 's', place);
  // A base value is the value of every record that has no other kind of value (section 4.6).
  const based = record.bv !== undefined || base.value !== 0 ? base.value : undefined;
  const number = own === undefined ? (values.length > 0 ? undefined : based) : base.value + own;
  const value = flag === undefined ? number : Number(flag);
  const summed = sum === undefined ? (base.sum === 0 ? undefined : base.sum) : base.sum + sum;
  if (value === undefined && summed === undefined) return [];
  const column = nameOf(base, record, place);
  const time = timeOf(base, record, place, nowUs);
  return [
    ...(value === undefined ? [] : [{ series: '', column, time, value: finite(value, place) }]),
    ...(summed === undefined ? [] : [{ series: '', column: `${column}#sum`, time, value: finite(summed, place) }]),
  ];
}

function nameOf(base: Base, record: Fields, place: string): string {
  const name = base.name + (textOf(record, 'n', place) ?? '');
  if (NAME.test(name)) return name;
  throw malformed(`${place}, field "n"`, 'not a SenML name', 'letters, digits and - : . / _, a letter or digit first');
}

function timeOf(base: Base, record: Fields, place: string, nowUs: number): number {
  const seconds = base.time + (numberOf(record, 't', place) ?? 0);
  const time = Math.round(seconds * 1e6) + (seconds < ABSOLUTE_FROM_S ? nowUs : 0);
  if (Number.isSafeInteger(time)) return time;
  throw malformed(`${place}, field "t"`, 'not a time', 'seconds since 1970, or relative to now below 2^28');
}

function numberOf(record: Fields, label: string, place: string): number | undefined {
  const field = record[label];
  if (field === undefined) return undefined;
  if (typeof field === 'number' && Number.isFinite(field)) return field;
  throw malformed(`${place}, field "${label}"`, 'not a number', 'a number');
}

function textOf(record: Fields, label: string, place: string): string | undefined {
  const field = record[label];
  if (field === undefined || typeof field === 'string') return field;
  throw malformed(`${place}, field "${label}"`, 'not text', 'a string');
}

function booleanOf(record: Fields, label: string, place: string): boolean | undefined {
  const field = record[label];
  if (field === undefined || typeof field === 'boolean') return field;
  throw malformed(`${place}, field "${label}"`, 'not a boolean', 'true or false');
}

function finite(value: number, place: string): number {
  if (Number.isFinite(value)) return value;
  throw malformed(`${place}, field "v"`, 'not finite with its base value', 'a finite number');
}
