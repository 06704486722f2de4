// Who forecasts, and their mix: the reader's experts (learned), the season's profile over 7 seasons, over 14 seasons at the
// present level, the present deviation from the profile fading away, and the last value. Weights follow from discounted
// squared errors, so a young or wrongly configured reader is outvoted and a stream is forecast sanely from its first row
// on. Follow the leader, softened: weight = loss^-8, beyond four seasons loss^-4: so far ahead the losses are old news.

import { exp } from '../../base/math.ts';
import type { ChannelViews } from './channel-state.ts';
import { LEARNED } from './names.ts';
import type { Moment } from './reader.ts';
import type { ForecastSizes } from './sizes.ts';

const FORGET = 0.999; // a memory of 1000 rows
const FADE = 2; // a deviation fades to 1 / e in half a season

/** What the experts without a reader say at the knots: [knots] each, in the order of EXPERTS behind the learned ones. */
export function simpleExperts({ knots }: ForecastSizes, seasonRows: number) {
  const fade = Float64Array.from(knots, (step) => exp((-FADE * step) / seasonRows));

  return (views: ChannelViews, { row, level }: Moment, out: readonly Float64Array[]): void => {
    const { profile, week, rows, values } = views;
    const [weekly, season, fading, last] = out as [Float64Array, Float64Array, Float64Array, Float64Array];
    const value = values[row % values.length]!;
    last.fill(value);
    if (rows[0]! < seasonRows) {
      for (const expert of [weekly, season, fading]) expert.fill(level); // no whole season yet
      return;
    }
    const shift = seasonShift(views, level);
    const deviation = value - profile[row % seasonRows]!;
    for (const [k, step] of knots.entries()) {
      const phase = (row + step) % seasonRows;
      weekly[k] = week[phase]!;
      season[k] = shift + profile[phase]!;
      fading[k] = profile[phase]! + fade[k]! * deviation;
    }
  };
}

/** What moves the profile to the present level. */
export function seasonShift({ profile }: Pick<ChannelViews, 'profile'>, level: number): number {
  let sum = 0;
  for (let phase = 0; phase < profile.length; phase++) sum += profile[phase]!;
  return level - sum / profile.length;
}

/** Charges each of `count` experts with its error at judged knot `j`, in usual deviations, at most 10. @param said [experts] at `from` */
export function chargeExperts(
  { losses, said }: ChannelViews,
  j: number,
  from: number,
  value: number,
  deviation: number,
  count: number,
) {
  for (let expert = 0; expert < count; expert++) {
    const at = j * count + expert;
    const error = Math.min(Math.abs(said[from + expert]! - value) / deviation, 10);
    losses[at] = FORGET * losses[at]! + error * error;
  }
}

/** How weights follow from losses. */
export interface Weighing {
  readonly experts: number;
  /** How many experts the reader has; the others of it have no weight. */
  readonly learned: number;
  /** From this judged knot on the powers are half as high. */
  readonly soft: number;
}

/** Weights [judged, experts] that sum to 1. */
export function weighExperts({ losses }: ChannelViews, weighing: Weighing, weights: Float64Array): void {
  const { experts, learned, soft } = weighing;
  for (let from = 0; from < weights.length; from += experts) {
    let best = Infinity;
    const isAbsent = (expert: number): boolean => expert >= learned && expert < LEARNED;
    for (let expert = 0; expert < experts; expert++) {
      if (!isAbsent(expert)) best = Math.min(best, losses[from + expert]! + 1e-9);
    }
    let sum = 0;
    for (let expert = 0; expert < experts; expert++) {
      const share = best / (losses[from + expert]! + 1e-9);
      const fourth = share * share * (share * share);
      const weight = isAbsent(expert) ? 0 : from < soft * experts ? fourth * fourth : fourth;
      weights[from + expert] = weight;
      sum += weight;
    }
    for (let expert = 0; expert < experts; expert++) weights[from + expert]! /= sum;
  }
}
