// Three forecasts for each step ahead and their mix: the reader's (learned), the season's profile at the present level,
// and the last value. Weights follow from discounted squared errors, so a young or wrongly configured reader is
// outvoted and a stream is forecast sanely from its first row on. Follow the leader, softened: weight = loss^-16.

import type { ChannelViews } from './channel-state.ts';
import { EXPERTS } from './channel-state.ts';

const FORGET = 0.999; // a memory of 1000 rows

/** The season's profile, moved to the present level; the level alone until a whole season has been seen. */
export function seasonalForecast(channel: ChannelViews, row: number, level: number, out: Float64Array): void {
  const { profile, rows } = channel;
  const season = profile.length;
  if (rows[0]! < season) {
    out.fill(level);
    return;
  }
  let sum = 0;
  for (let phase = 0; phase < season; phase++) sum += profile[phase]!;
  const shift = level - sum / season;
  for (let j = 0; j < out.length; j++) out[j] = shift + profile[(row + 1 + j) % season]!;
}

/** Charges each expert with its error at `step` (0 = one row ahead), in usual deviations, at most 10. */
export function chargeExperts(
  { losses }: ChannelViews,
  step: number,
  horizon: number,
  errors: Float64Array,
  deviation: number,
): void {
  for (let expert = 0; expert < EXPERTS; expert++) {
    const error = Math.min(Math.abs(errors[expert]!) / deviation, 10);
    const at = expert * horizon + step;
    losses[at] = FORGET * losses[at]! + error * error;
  }
}

/** mixed[j] = weighted mean of learned[j], seasonal[j] and `last`. */
export function mixExperts(
  { losses }: ChannelViews,
  learned: Float64Array,
  seasonal: Float64Array,
  last: number,
  mixed: Float64Array,
): void {
  const horizon = mixed.length;
  for (let j = 0; j < horizon; j++) {
    const a = losses[j]! + 1e-9;
    const b = losses[horizon + j]! + 1e-9;
    const c = losses[2 * horizon + j]! + 1e-9;
    const best = Math.min(a, b, c);
    const u = sixteenthPower(best / a);
    const v = sixteenthPower(best / b);
    const w = sixteenthPower(best / c);
    mixed[j] = (u * learned[j]! + v * seasonal[j]! + w * last) / (u + v + w);
  }
}

function sixteenthPower(v: number): number {
  const squared = v * v;
  const eighth = squared * squared * (squared * squared);
  return eighth * eighth;
}
