// From what the experts say at the knots to one forecast of every step: weights and widths on straight lines between the
// judged knots; between the knots the mix follows the season's profile, at a distance that moves on a straight line.

import { between, lineAt } from './between.ts';
import { type ChannelViews, QUANTILES } from './channel-state.ts';
import { radius, usualError } from './conformal.ts';
import { seasonShift, weighExperts } from './experts.ts';
import { finite } from './guard.ts';
import { SEASON } from './names.ts';
import type { Moment } from './reader.ts';
import type { ForecastOptions, ForecastSizes } from './sizes.ts';

/** One column's forecasts, f64, NaN before its first value. Written anew at every call. */
export interface ColumnResult {
  /** [horizon] */
  readonly mean: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** [quantile, horizon], empty unless asked for. */
  readonly quantiles: Float64Array;
  /** [horizon], which of the experts (names.ts) has the most weight. */
  readonly expert: Uint8Array;
  /** NaN: nothing was forecast for this row, or it has no value. */
  anomaly: number;
}

export interface Mixed {
  /** [knots], and half the width of the interval, [judged] */
  readonly mixed: Float64Array;
  readonly half: Float64Array;
}

/** Seasons ahead from which on weights are softer. */
const NEAR_SEASONS = 4;

export function mix({ horizon, seasonRows, quantiles }: ForecastOptions, sizes: ForecastSizes, learned: number) {
  const { knots, judged, experts: count } = sizes;
  const steps = Array.from({ length: horizon }, (_, j) => j + 1);
  const judgedSteps = judged.map((k) => knots[k]!);
  const toKnots = between(judgedSteps, knots);
  const fromKnots = between(knots, steps);
  const fromJudged = between(judgedSteps, steps);
  const direct = knots.length === horizon;
  const weights = new Float64Array(judged.length * count);
  const near = judgedSteps.filter((step) => step <= NEAR_SEASONS * seasonRows).length;
  const weighing = { experts: count, learned, soft: near };
  const speakers = new Uint8Array(judged.length);
  const mixed = new Float64Array(knots.length);
  const away = new Float64Array(knots.length);
  const half = new Float64Array(judged.length);
  const usual = new Float64Array(judged.length);

  function mixKnots(views: ChannelViews, experts: readonly Float64Array[]): void {
    weighExperts(views, weighing, weights);
    for (let j = 0; j < judged.length; j++) speakers[j] = heaviest(weights, j * count, count);
    for (let k = 0; k < knots.length; k++) {
      let sum = 0;
      for (let expert = 0; expert < count; expert++) {
        sum += lineAt(weights, toKnots, k, count, expert) * experts[expert]![k]!;
      }
      mixed[k] = finite(sum);
      away[k] = mixed[k]! - experts[SEASON]![k]!;
    }
  }

  function meanOfSteps(views: ChannelViews, { row, level }: Moment, mean: Float64Array): void {
    if (direct) return mean.set(mixed);
    const known = views.rows[0]! >= seasonRows;
    const shift = known ? seasonShift(views, level) : level;
    for (let j = 0; j < horizon; j++) {
      const season = known ? shift + views.profile[(row + j + 1) % seasonRows]! : level;
      mean[j] = finite(season + lineAt(away, fromKnots, j));
    }
  }

  function quantilesOfSteps({ quantile }: ChannelViews, { mean, quantiles: out }: ColumnResult): void {
    for (let j = 0; j < horizon; j++) {
      const error = lineAt(usual, fromJudged, j);
      let least = -Infinity; // quantiles are tracked one by one and may cross: they leave in order
      for (let q = 0; q < QUANTILES.length; q++) {
        least = Math.max(least, lineAt(quantile, fromJudged, j, QUANTILES.length, q));
        out[q * horizon + j] = finite(mean[j]! + least * error);
      }
    }
  }

  return (views: ChannelViews, moment: Moment, experts: readonly Float64Array[], result: ColumnResult): Mixed => {
    mixKnots(views, experts);
    meanOfSteps(views, moment, result.mean);
    const spreads = views.rows[0]! > 1; // one value says nothing about spread
    for (let j = 0; j < judged.length; j++) {
      half[j] = spreads ? radius(views, j, moment.deviation) : NaN;
      usual[j] = spreads ? usualError(views, j, moment.deviation) : NaN;
    }
    for (let j = 0; j < horizon; j++) {
      const width = lineAt(half, fromJudged, j);
      result.lower[j] = finite(result.mean[j]! - width);
      result.upper[j] = finite(result.mean[j]! + width);
      result.expert[j] = speakers[fromJudged.below[j]!]!;
    }
    if (quantiles) quantilesOfSteps(views, result);
    return { mixed, half };
  };
}

function heaviest(weights: Float64Array, from: number, count: number): number {
  let best = 0;
  for (let expert = 1; expert < count; expert++) if (weights[from + expert]! > weights[from + best]!) best = expert;
  return best;
}
