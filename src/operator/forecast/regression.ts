// Ridge regression of all knots at once, learned online on exponentially weighted normal equations. Every target is used only
// once it has been seen: a row's features wait in a ring until their last target has come (test, then train). Three experts
// read the same sums: `pooled` those of all columns, close to the profile; `blend` the column's own, close to what the
// columns have in common; `own` the column's alone. Arithmetic: kernel/plain/rls-*.ts, or to the bit kernel/wasm/rls.ts.

import { f32, f64, type Views } from '../../cell/state.ts';
import { rlsOf } from '../../kernel/wasm/rls.ts';
import { type ChannelViews, LEARNED } from './channel-state.ts';
import { profileWeights } from './features.ts';
import type { Moment } from './reader.ts';
import type { Band, ForecastOptions, ForecastSizes } from './sizes.ts';

const FORGET = 0.9999;
// In squared usual deviations: how many rows of evidence a feature needs against what is believed without.
const RIDGE = { blend: 10_000, own: 300, pooled: 100_000, common: 3000 };
const SOLVE_EVERY_ROWS = 48; // 96 cost .1 % on the months before the test
const TARGET_LIMIT = 30; // usual deviations

export const regressionLayout = ({ width, horizon }: ForecastOptions, { features, knots, bands }: ForecastSizes) => ({
  /** [band, packed], [band][features, knots of it], [expert but the pooled][band][features, knots of it] */
  gram: f64(width, bands.length, (features * (features + 1)) / 2),
  moment: f64(width, features * knots.length),
  weights: f32(width, LEARNED - 1, features * knots.length),
  /** Slot (row mod horizon): features of rows whose targets are still to come, and their level and deviation. */
  waiting: f32(width, horizon, features),
  frame: f64(width, horizon, 2),
});
export type RegressionViews = Views<ReturnType<typeof regressionLayout>>;

/** Weights that all columns share: of `pooled`, and of what they have in common. */
export const pooledLayout = ({ features, knots }: ForecastSizes) => ({ weights: f32(2, features * knots.length) });
export type PooledViews = Views<ReturnType<typeof pooledLayout>>;

export interface Regression {
  /** Solves anew for what all columns share when it is its turn. */
  solvePooled(row: number): void;
  /** Forecasts of a column whose last target of a band came with `row` meet their targets; solves when it is its turn. */
  learn(channel: number, views: ChannelViews, row: number): void;
  /** phi [features] -> out [expert][knots]; keeps phi until its targets have come. */
  predict(channel: number, phi: Float64Array, moment: Moment, out: readonly Float64Array[]): void;
}

/** Made once; the result is called once per stream, with its columns and what they share. */
export function regression(
  options: ForecastOptions,
  sizes: ForecastSizes,
): (columns: readonly RegressionViews[], pooled: PooledViews) => Regression {
  const { horizon } = options;
  const openParts = sizes.bands.map((band, index) => bandRegression(options, sizes, band, index));
  return (columns, pooled) => {
    const parts = openParts.map((open) => open(columns, pooled));
    return {
      solvePooled(row) {
        if (row % SOLVE_EVERY_ROWS === 0) for (const part of parts) part.solvePooled();
      },
      learn(channel, views, row) {
        // Columns take turns, so that a wide row does not solve them all at once.
        const turn = (row + channel) % SOLVE_EVERY_ROWS === 0 || views.rows[0] === 1;
        for (const part of parts) {
          part.learn(channel, views, row);
          if (turn) part.solve(channel);
        }
      },
      predict(channel, phi, moment, out) {
        const { waiting, frame } = columns[channel]!;
        const slot = moment.row % horizon;
        waiting.set(phi, slot * sizes.features);
        frame[2 * slot] = moment.level;
        frame[2 * slot + 1] = moment.deviation;
        for (const part of parts) part.predict(channel, phi, moment, out);
      },
    };
  };
}

/** One band's share of a column's sums and weights. */
interface Part {
  readonly gram: Float64Array;
  readonly moment: Float64Array;
  readonly blend: Float32Array;
  readonly own: Float32Array;
}

/** How a band reads what came. `seen` ring of values or NaN; target[k] in usual deviations from the level; counts what is missing. */
function readTargets(
  seen: Float32Array,
  origin: number,
  knots: readonly number[],
  frame: Float64Array,
  to: Float64Array,
) {
  const level = frame[0]!;
  const deviation = frame[1]!;
  let missing = 0;
  for (let k = 0; k < knots.length; k++) {
    const value = (seen[(origin + knots[k]!) % seen.length]! - level) / deviation;
    if (value !== value) missing++;
    to[k] = Math.min(Math.max(value, -TARGET_LIMIT), TARGET_LIMIT);
  }
  return missing;
}

function bandRegression(options: ForecastOptions, sizes: ForecastSizes, { from, to, delay }: Band, band: number) {
  const { horizon, seasonRows, simd } = options;
  const { features } = sizes;
  const targets = to - from;
  const knots = sizes.knots.slice(from, to);
  const rls = rlsOf(features, targets, simd);
  const packed = (features * (features + 1)) / 2;
  // Scratch: nothing here survives a call.
  const phi = new Float64Array(features);
  const target = new Float64Array(targets);
  const expected = new Float64Array(targets);
  const profile = profileWeights({ ...sizes, knots }, seasonRows, false);
  const moved = profileWeights({ ...sizes, knots }, seasonRows, true);

  function ofBand<V extends Float32Array | Float64Array>(all: V, expert = 0): V {
    const start = features * (expert * sizes.knots.length + from);
    return all.subarray(start, start + features * targets) as V;
  }
  const partOf = ({ gram, moment, weights }: RegressionViews): Part => ({
    gram: gram.subarray(band * packed, (band + 1) * packed),
    moment: ofBand(moment),
    blend: ofBand(weights, 0),
    own: ofBand(weights, 1),
  });

  return (columns: readonly RegressionViews[], shared: PooledViews) => {
    const parts = columns.map(partOf);
    const grams = parts.map(({ gram }) => gram);
    const moments = parts.map(({ moment }) => moment);
    const pooled = ofBand(shared.weights, 0);
    const common = ofBand(shared.weights, 1);
    return {
      learn(channel: number, { issued, targets: seen }: ChannelViews, row: number): void {
        const origin = row - delay;
        const slot = origin % horizon;
        if (origin < 0 || issued[slot] !== origin) return;
        const { waiting, frame } = columns[channel]!;
        const { gram, moment, blend } = parts[channel]!;
        for (let i = 0; i < features; i++) phi[i] = waiting[slot * features + i]!;
        const missing = readTargets(seen, origin, knots, frame.subarray(2 * slot, 2 * slot + 2), target);
        if (2 * missing > targets) return;
        if (missing > 0) {
          // A missing target is taken to be what would be forecast: it pulls the weights nowhere.
          rls.predict(blend, phi, expected);
          for (let k = 0; k < targets; k++) if (target[k] !== target[k]) target[k] = expected[k]!;
        }
        rls.accumulate(gram, moment, phi, target, FORGET);
      },
      solvePooled(): void {
        rls.solveSum(grams, moments, RIDGE.pooled, pooled, profile);
        rls.solveSum(grams, moments, RIDGE.common, common, moved);
      },
      solve(channel: number): void {
        const { gram, moment, blend, own } = parts[channel]!;
        rls.solve(gram, moment, RIDGE.blend, blend, common);
        rls.solve(gram, moment, RIDGE.own, own, moved);
      },
      predict(channel: number, now: Float64Array, { level, deviation }: Moment, out: readonly Float64Array[]): void {
        const { blend, own } = parts[channel]!;
        const read = (weights: Float32Array, to: Float64Array): void => {
          rls.predict(weights, now, expected);
          for (let k = 0; k < targets; k++) to[from + k] = level + deviation * expected[k]!;
        };
        read(blend, out[0]!);
        read(own, out[1]!);
        read(pooled, out[2]!);
      },
    };
  };
}
