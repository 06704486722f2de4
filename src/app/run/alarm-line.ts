// What an alarm of the anomaly pipeline means, in words: when (local time), which column, what was unusual, what was expected.

import type { Detection } from '../../item/item.ts';
import { CAUSES } from '../../operator/anomaly/statistics.ts'; // alone: a forecast needs no detector
import { clockTime } from '../print.ts';

/** Times after this are dates, not seconds since a stream began: 1971. */
const DATED_US = 3.2e13;

const WORDS: Readonly<Record<(typeof CAUSES)[number], string>> = {
  level: 'its level',
  rate: 'how fast it changes',
  drift: 'a drift from what its past foretells',
  week: 'its hour of the week',
  still: 'how often it stands still',
};

/** Rows per second of the source (0: rows are counted), names of its columns. */
interface Place {
  readonly rateHz: number;
  readonly names: readonly string[];
}

/** Undefined: not an alarm, or one that nobody needs a line for. */
export function alarmLine({ name, from, to, pts, values }: Detection, { rateHz, names }: Place): string | undefined {
  if (values.column === undefined || !/^(anomaly|drift)\./.test(name)) return undefined;
  const column = names[values.column] ?? `column ${values.column + 1}`;
  const when = pts > DATED_US ? localTime(pts) : rateHz > 0 ? clockTime(from / rateHz) : `row ${from}`;
  const number = (value: number | undefined): string => String(Number((value ?? Number.NaN).toPrecision(4)));
  if (name.startsWith('drift.')) {
    const what = values.on === undefined ? `changed, seen ${values.delay} rows later` : values.on ? 'begins' : 'ends';
    return `${when}  ${column}: ${name.slice(6)} ${what}`;
  }
  const { score, cause, value, expected, lower, upper, peak } = values;
  if (name === 'anomaly.start') {
    const words = WORDS[CAUSES[cause!]!];
    const band = `${number(value)} where ${number(lower)} .. ${number(upper)} was expected (${number(expected)})`;
    return `${when}  anomaly in ${column}, score ${score!.toFixed(2)}: ${words}; ${band}`;
  }
  return `${when}  ends after ${to - from} rows, worst ${peak} rows in: score ${score!.toFixed(2)}, ${number(value)}`;
}

/** '2014-04-11 09:00:00' where the reader is. */
function localTime(us: number): string {
  const date = new Date(us / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
