// Text of one field as a number or a time, the same for csv and ndjson. "Missing" is NaN; `undefined` is "neither".

import type { TimeUnit } from './messages.ts';

/** A decimal number. A digit has one way to match: linear in what is no number. */
export const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const MISSING: ReadonlySet<string> = new Set(['', 'nan', 'na', 'null']);
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i;
const MICROS_PER: Readonly<Record<Exclude<TimeUnit, 'iso' | 'ns'>, number>> = { s: 1e6, ms: 1e3, us: 1 };
const WHOLE = /^[+-]?\d{1,19}$/;

/** A decimal number; empty, NaN, NA and null are NaN; anything else (hex and Infinity too) is undefined. */
export function readNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  return MISSING.has(trimmed.toLowerCase()) ? Number.NaN : undefined;
}

/** Microseconds since 1970. ISO 8601 without a zone is UTC: the same text means the same time on every machine. */
export function readTime(text: string, unit: TimeUnit = 'iso'): number | undefined {
  const trimmed = text.trim();
  if (unit === 'ns') return WHOLE.test(trimmed) ? microsOf(trimmed) : undefined;
  if (unit !== 'iso') return NUMBER.test(trimmed) ? Math.round(Number(trimmed) * MICROS_PER[unit]) : undefined;
  const found = ISO.exec(trimmed);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0)) as Parts;
  const millis = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(millis);
  // Date.UTC turns 30 February into 2 March; second 60 is a leap second and may.
  const exists = back.getUTCMonth() === month - 1 && back.getUTCDate() === day && hour < 24 && minute < 60;
  if (!(exists || second === 60) || second > 60) return undefined;
  const fraction = Math.round(Number(`0.${found[7] ?? 0}`) * 1e6);
  return (millis - zoneMinutes(found[8]) * 60_000) * 1000 + fraction;
}

/** Nanoseconds since 1970 as whole microseconds. They are more than a double holds exactly: 1.8e18 > 2^53. */
export function microsOf(nanoseconds: string): number {
  return Number((BigInt(nanoseconds) + 500n) / 1000n);
}

type Parts = [number, number, number, number, number, number];

function zoneMinutes(zone = 'Z'): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}
