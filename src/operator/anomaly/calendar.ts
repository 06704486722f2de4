// How far a value is from what its quarter of an hour of the day, and its hour of the week, usually brings. For streams whose
// rows have a time; a pattern of any other period is left to the one-step forecast. Local time or not does not matter: a shift
// of the clock moves every bin alike.

import type { Views } from '../../cell/state.ts';

export const DAY_BINS = 96;
export const WEEK_BINS = 168;
const DAY_SECONDS = 86_400;
/** A bin forgets over some 7 days, or some 33 weeks. */
const DAY_RATE = 0.15;
const WEEK_RATE = 0.03;

type Bins = Views<Record<'day' | 'dayCount' | 'week' | 'weekCount', { dtype: 'f32'; shape: readonly number[] }>>;

/** Deviations of one value; NaN: its bin is new. */
export interface Deviations {
  day: number;
  week: number;
}

/** Compares, then learns. `seconds` from a midnight on; NaN: no time is known, and nothing is said or learned. */
export function calendar(bins: Bins, x: number, seconds: number, out: Deviations): void {
  out.day = out.week = NaN;
  if (seconds !== seconds) return;
  const day = Math.floor(modulo(seconds, DAY_SECONDS) / (DAY_SECONDS / DAY_BINS));
  const week = Math.floor(modulo(seconds, 7 * DAY_SECONDS) / ((7 * DAY_SECONDS) / WEEK_BINS));
  out.day = fold(bins.day, bins.dayCount, day, x, DAY_RATE);
  out.week = fold(bins.week, bins.weekCount, week, x, WEEK_RATE);
}

function fold(mean: Float32Array, count: Float32Array, bin: number, x: number, least: number): number {
  const deviation = count[bin]! > 0 ? x - mean[bin]! : NaN;
  count[bin] = Math.min(count[bin]! + 1, 1e6);
  mean[bin]! += Math.max(least, 1 / count[bin]!) * (x - mean[bin]!);
  return deviation;
}

const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);
