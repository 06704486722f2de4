// Intervals and anomaly scores that make no assumption about the errors: the radius at each step is a multiple of the
// step's own mean absolute error, and the multiple is moved after every error, up by a miss, down by a hit, so that
// misses take their share in the long run (adaptive conformal inference, Gibbs & Candes 2021, arXiv 2106.00170, as the
// quantile tracker of Angelopoulos et al. 2023, arXiv 2307.16895; here on the logarithm, so that units do not matter).

import { exp } from '../../base/math.ts';
import { type ChannelViews, QUANTILES } from './channel-state.ts';
import { SHORT_SEASONS } from './sizes.ts';

const RATE = 0.03;
const START = 2.5; // a Gaussian's 90 % lies at 2.06 mean absolute errors
const [LEAST, MOST] = [0.5, 30];

const EDGE_SHARE = 0.002; // of rows lie beyond the edge when nothing is wrong
const EDGE_RATE = 0.1;
const EDGE_START = 6;
const [EDGE_LEAST, EDGE_MOST] = [3, 300];
const SCORE_MOST = 1000;

const QUANTILE_RATE = 0.02; // in mean absolute errors
/** A Gaussian's quantiles in its mean absolute errors. */
const QUANTILE_START = [-1.606, -1.055, -0.657, -0.318, 0, 0.318, 0.657, 1.055, 1.606];

export function startConformal({ multiple, edge, quantile }: ChannelViews): void {
  multiple.fill(START);
  edge[0] = EDGE_START;
  for (let i = 0; i < quantile.length; i++) quantile[i] = QUANTILE_START[i % QUANTILES.length]!;
}

/** The size of a usual error at judged knot `step`. */
export const usualError = (channel: ChannelViews, step: number, deviation: number): number =>
  channel.spread[step]! + prior(channel, step, deviation);

/** Each quantile of value - mean moves against the side that it was found on, as far as its share asks. */
export function learnQuantiles(channel: ChannelViews, step: number, error: number, deviation: number): void {
  const { quantile } = channel;
  if (quantile.length === 0) return;
  const size = error / usualError(channel, step, deviation);
  for (let q = 0; q < QUANTILES.length; q++) {
    const at = step * QUANTILES.length + q;
    quantile[at]! += QUANTILE_RATE * (QUANTILES[q]! - (size < quantile[at]! ? 1 : 0));
  }
}

/** What an error of the size of a usual deviation would add, fading over the first errors: wide while nothing is known. */
function prior({ errors }: ChannelViews, step: number, deviation: number): number {
  return (deviation * Math.sqrt(step + 1)) / (1 + errors[step]! / 4);
}

/** Half the width of the interval at `step` (0 = one row ahead). */
export function radius(channel: ChannelViews, step: number, deviation: number): number {
  return channel.multiple[step]! * usualError(channel, step, deviation);
}

/** 0 expected, 1 at the edge of what the recent past explains; `error` of one row ahead. */
export function anomalyScore(channel: ChannelViews, error: number, deviation: number, level: number): number {
  const rounding = 1e-6 * Math.abs(level) + 1e-30;
  const edge = channel.edge[0]! * (channel.spread[0]! + prior(channel, 0, deviation)) + rounding;
  return Math.min(Math.abs(error) / edge, SCORE_MOST);
}

/**
 * Learns from one error at `step`, which was forecast with the radius `half` (NaN: none). A hit or miss is of the interval that was
 * sent, `step` rows ago: judged by today's radius, intervals 96 rows ahead would cover 87 % instead of 90 %.
 * @param coverage share of hits aimed at
 */
export function learnError(
  channel: ChannelViews,
  step: number,
  error: number,
  half: number,
  deviation: number,
  coverage: number,
  seasonRows: number,
): void {
  const { spread, multiple, errors, edge } = channel;
  const size = Math.abs(error);
  const missed = size > half ? 1 : 0;
  if (half === half) multiple[step] = clamp(multiple[step]! * exp(RATE * (missed - (1 - coverage))), LEAST, MOST);
  if (step === 0) {
    const beyond = size > edge[0]! * (spread[0]! + prior(channel, 0, deviation)) ? 1 : 0;
    edge[0] = clamp(edge[0]! * exp(EDGE_RATE * (beyond - EDGE_SHARE)), EDGE_LEAST, EDGE_MOST);
  }
  errors[step]! += 1;
  // One wild error must not open the interval for a week: it counts as 10 deviations at most.
  const rate = Math.max(1 / (SHORT_SEASONS * seasonRows), 1 / errors[step]!);
  spread[step]! += rate * (Math.min(size, 10 * deviation) - spread[step]!);
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
