// How many rows a season has, found in the beginning of a series: an hour, a day or a week where the clock says how long a row
// is and the values repeat so, else the lag at which they repeat, else the calendar's guess. A guess only: the forecaster
// goes on sanely with a wrong one, and --set season=... overrules it.

import type { Source } from '../source/source.ts';

export interface SeasonFound {
  readonly season: number;
  /** Rows ahead: a season, within 1 .. 96. */
  readonly horizon: number;
  /** For people. */
  readonly because: string;
}

const ROWS_READ = 20_000;
const LAGS_MAX = 400;
const SEASON_MAX = 10_080;
/** By how much values must agree more a season apart than half a season apart. */
const EVIDENCE = 0.1;
const SPANS = [
  ['an hour', 3600e6],
  ['a day', 86_400e6],
  ['a week', 7 * 86_400e6],
] as const;

export async function findSeason(source: Source): Promise<SeasonFound> {
  const rows: number[] = [];
  const times: number[] = [];
  for await (const block of source.blocks()) {
    for (let i = 0; i < block.rows.length; i += source.width) rows.push(block.rows[i]!);
    if (block.times) for (const time of block.times) times.push(time);
    if (rows.length >= ROWS_READ) break;
  }
  return seasonOf(Float64Array.from(rows.slice(0, ROWS_READ)), stepOf(times));
}

/** @param values of one column, NaN where missing   @param stepUs microseconds a row; NaN: unknown */
export function seasonOf(values: Float64Array, stepUs: number): SeasonFound {
  const found = (season: number, because: string): SeasonFound => ({
    ...{ season, because },
    horizon: Math.min(Math.max(season, 1), 96),
  });
  const filled = centred(values);
  const calendar = SPANS.map(([name, us]) => [name, Math.round(us / stepUs)] as const).filter(
    ([, rows]) => rows >= 4 && rows <= SEASON_MAX,
  );
  for (const [name, rows] of calendar)
    if (repeats(filled, rows) > EVIDENCE) return found(rows, `repeats after ${name}`);
  const lag = bestLag(filled);
  if (lag > 0) return found(lag, `repeats after ${lag} rows`);
  const guess = calendar.find(([name]) => name === 'a day') ?? calendar.at(-1);
  return guess
    ? found(guess[1], `nothing repeats clearly: ${guess[0]} by the clock`)
    : found(24, 'nothing repeats clearly');
}

function stepOf(times: readonly number[]): number {
  const steps = times
    .slice(1, 1001)
    .map((time, i) => time - times[i]!)
    .filter((step) => step > 0);
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? Number.NaN;
}

function centred(values: Float64Array): Float64Array {
  const out = values.slice();
  let last = values.find((value) => value === value) ?? 0;
  let sum = 0;
  for (let i = 0; i < out.length; i++) {
    if (out[i]! - out[i]! === 0) last = out[i]!;
    out[i] = last;
    sum += last;
  }
  const mean = sum / Math.max(out.length, 1);
  return out.map((value) => value - mean);
}

function correlation(values: Float64Array, lag: number): number {
  let product = 0;
  let power = 0;
  for (let i = 0; i < values.length; i++) {
    power += values[i]! * values[i]!;
    if (i >= lag) product += values[i]! * values[i - lag]!;
  }
  return power > 0 ? product / power : 0;
}

/** How much better values agree a lag apart than half of it; slow drift alone gives less than 0. */
const repeats = (values: Float64Array, lag: number): number =>
  values.length >= 3 * lag ? correlation(values, lag) - correlation(values, Math.floor(lag / 2)) : 0;

function bestLag(values: Float64Array): number {
  const most = Math.min(LAGS_MAX, Math.floor(values.length / 3));
  const each = Array.from({ length: most + 2 }, (_, lag) => correlation(values, lag));
  for (let lag = 4; lag <= most; lag++) {
    const isPeak = each[lag]! > each[lag - 1]! && each[lag]! >= each[lag + 1]!;
    if (isPeak && each[lag]! - each[Math.floor(lag / 2)]! > 3 * EVIDENCE) return lag;
  }
  return 0;
}
