// Keeps one wild value from spoiling memories that last for weeks. A value further than 10 usual deviations from the
// level is taken as a spike and enters clipped; the third within a few seasons is taken as the signal's new nature.
// Rows leave here finite and within 10 deviations; the anomaly score still sees the raw value.

import type { ChannelViews } from './channel-state.ts';
import { LONG_SEASONS } from './sizes.ts';

const LIMIT = 10; // a Gaussian never gets there; heavy-tailed meters do a few times a year
const SURPRISES = 2.5;
const WARM_UP_ROWS = 8;
const FLOAT32_MAX = 3.4028234663852886e38;

/** `value` within the finite float32 numbers: what is stored and sent is float32. */
export const finite = (value: number): number => Math.min(Math.max(value, -FLOAT32_MAX), FLOAT32_MAX);

/** The size of a usual deviation from `level`: > 0 also for a constant signal, where float32 rounding sets it. */
export function usualDeviation({ variance }: ChannelViews, level: number): number {
  return Math.max(Math.sqrt(variance[0]!), 1e-7 * Math.abs(level), 1e-30);
}

/** `value` as the memories may see it. `level` is the one before this row. */
export function admit(channel: ChannelViews, value: number, level: number, seasonRows: number): number {
  const { variance, surprise, rows } = channel;
  if (rows[0]! < WARM_UP_ROWS) return value;
  const limit = LIMIT * usualDeviation(channel, level);
  const deviation = value - level;
  if (Math.abs(deviation) <= limit) {
    surprise[0]! *= 1 - 1 / (4 * seasonRows);
    return value;
  }
  surprise[0]! += 1;
  if (surprise[0]! < SURPRISES) return finite(deviation > 0 ? level + limit : level - limit);
  surprise[0] = 0;
  variance[0] = Math.max(variance[0]!, (deviation / 4) * (deviation / 4));
  return value;
}

/** After the memories moved: the deviation of what they saw goes into the variance, over some 28 seasons. */
export function learnDeviation({ variance, rows }: ChannelViews, deviation: number, seasonRows: number): void {
  const rate = Math.max(1 / (LONG_SEASONS * seasonRows), 1 / rows[0]!);
  variance[0]! += rate * (deviation * deviation - variance[0]!);
}
