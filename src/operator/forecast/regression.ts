// Ridge regression of all knots at once, learned online on exponentially weighted normal equations. Every target is used only
// once it has been seen: a row's features wait in a ring until their last target has come (test, then train). Three experts
// read the same sums: `pooled` those of all columns, close to the profile; `blend` the column's own, close to what the
// columns have in common; `own` the column's alone. A column alone has the profile itself in the place of `pooled`. Arithmetic:
// kernel/plain/rls-*.ts, or to the bit kernel/wasm/rls.ts.

import { f32, f64, i16, type Views } from '../../cell/state.ts';
import { type PackedWeights, rlsPack } from '../../kernel/plain/rls-pack.ts';
import { rlsOf } from '../../kernel/wasm/rls.ts';
import type { ChannelViews } from './channel-state.ts';
import { profileWeights } from './features.ts';
import type { Moment } from './reader.ts';
import type { Band, ForecastOptions, ForecastSizes } from './sizes.ts';
import { waiting, waitingOf } from './waiting.ts';

const FORGET = 0.9999;
// In squared usual deviations: how many rows of evidence a feature needs against what is believed without.
// Far steps see as many rows and fewer independent ones: there all three stay nearer to what they are pulled towards.
const RIDGES = [
  { blend: 10_000, own: 300, pooled: 100_000, common: 3000 },
  { blend: 10_000, own: 10_000, pooled: 100_000, common: 100_000 },
] as const;
const SOLVE_EVERY_ROWS = 48; // 96 cost .1 % on the months before the test
const TARGET_LIMIT = 30; // usual deviations

export const regressionLayout = ({ width, horizon }: ForecastOptions, sizes: ForecastSizes) => ({
  /** [band, packed], and [band][features, knots of it]: the sums, and the weights of two experts. */
  gram: f32(width, sizes.bands.length, (sizes.features * (sizes.features + 1)) / 2),
  moment: f32(width, sizes.features * sizes.knots.length),
  blend: i16(width, sizes.features * sizes.knots.length),
  blendScales: f32(width, sizes.knots.length),
  own: i16(width, sizes.features * sizes.knots.length),
  ownScales: f32(width, sizes.knots.length),
  /** Slot (row mod horizon): features of rows whose targets are still to come, and their level and deviation. */
  waiting: i16(width, horizon, waitingOf(sizes)),
  frame: f64(width, horizon, 2),
});
export type RegressionViews = Views<ReturnType<typeof regressionLayout>>;

/** Weights that all columns share: the third expert's, and what the columns have in common, for those that solve later in turn. */
export const pooledLayout = ({ features, knots }: ForecastSizes) => ({
  pooled: i16(features * knots.length),
  pooledScales: f32(knots.length),
  common: f32(features * knots.length),
});
export type PooledViews = Views<ReturnType<typeof pooledLayout>>;

/** One band's share of a stream's sums and weights, by column; and what its columns share. */
interface Share {
  readonly grams: readonly Float32Array[];
  readonly moments: readonly Float32Array[];
  readonly blend: readonly PackedWeights[];
  readonly own: readonly PackedWeights[];
  /** Of several columns. */
  readonly pooled: PackedWeights | undefined;
  readonly common: Float32Array;
}

/** What a stream learns in: views of its state, nothing else. */
export interface Learned {
  readonly columns: readonly RegressionViews[];
  readonly bands: readonly Share[];
}

/** All streams share one. */
export interface Regression {
  /** Once per stream. @param shared where there are several columns */
  open(columns: readonly RegressionViews[], shared: PooledViews | undefined): Learned;
  /** Solves anew for what several columns share when it is its turn. */
  solvePooled(learned: Learned, row: number): void;
  /** Forecasts of a column whose last target of a band came with `row` meet their targets; solves when it is its turn. */
  learn(learned: Learned, channel: number, views: ChannelViews, row: number): void;
  /** phi [features] -> out [expert][knots]; keeps phi until its targets have come. */
  predict(learned: Learned, channel: number, phi: Float64Array, moment: Moment, out: readonly Float64Array[]): void;
}

export function regression(options: ForecastOptions, sizes: ForecastSizes): Regression {
  const { width, horizon } = options;
  const rows = waiting(sizes, options.seasonRows);
  const bands = sizes.bands.map((band, index) => bandRegression(options, sizes, band, index));
  return {
    open: (columns, shared) => ({ columns, bands: bands.map((band) => band.open(columns, shared)) }),
    solvePooled(learned, row) {
      if (width === 1 || row % SOLVE_EVERY_ROWS !== 0) return;
      for (let b = 0; b < bands.length; b++) bands[b]!.solvePooled(learned.bands[b]!);
    },
    learn(learned, channel, views, row) {
      // Columns take turns, so that a wide row does not solve them all at once.
      const turn = (row + channel) % SOLVE_EVERY_ROWS === 0;
      const first = views.rows[0] === 1;
      for (let b = 0; b < bands.length; b++) {
        const [band, share] = [bands[b]!, learned.bands[b]!];
        band.learn(share, learned.columns[channel]!, channel, views, row);
        if (first || turn) band.solve(share, channel);
      }
    },
    predict(learned, channel, phi, moment, out) {
      const { waiting, frame } = learned.columns[channel]!;
      const slot = moment.row % horizon;
      rows.keep(waiting, slot, phi);
      frame[2 * slot] = moment.level;
      frame[2 * slot + 1] = moment.deviation;
      for (let b = 0; b < bands.length; b++) bands[b]!.predict(learned.bands[b]!, channel, phi, moment, out);
    },
  };
}

/** How a band reads what came. `seen` ring of values or NaN; target[k] in usual deviations from the level; counts what is missing. */
function readTargets(
  seen: Float32Array,
  origin: number,
  knots: readonly number[],
  level: number,
  deviation: number,
  to: Float64Array,
): number {
  let missing = 0;
  for (let k = 0; k < knots.length; k++) {
    const value = (seen[(origin + knots[k]!) % seen.length]! - level) / deviation;
    if (value !== value) missing++;
    to[k] = Math.min(Math.max(value, -TARGET_LIMIT), TARGET_LIMIT);
  }
  return missing;
}

/** What `pooled` is drawn to, at target k: `profile` [features, targets] reads the coming season, nothing else. */
function readProfile(
  profile: Float64Array,
  { order, lags, leads, features }: ForecastSizes,
  k: number,
  phi: Float64Array,
  { level, deviation }: Moment,
): number {
  const targets = profile.length / features;
  let sum = 0;
  for (let i = order + lags; i < order + lags + leads; i++) sum += profile[i * targets + k]! * phi[i]!;
  return level + deviation * sum;
}

/** The knots [from, to) of a band, number `band`, in the state. @param scratch what is common to one column alone */
function openShare(
  columns: readonly RegressionViews[],
  shared: PooledViews | undefined,
  scratch: Float32Array,
  [from, to, band, features]: readonly [number, number, number, number],
): Share {
  const gramSize = (features * (features + 1)) / 2;
  function part<V extends Float32Array | Int16Array>(all: V, start: number, length: number): V {
    return all.length === length ? all : (all.subarray(start, start + length) as V);
  }
  const ofBand = <V extends Float32Array | Int16Array>(all: V): V => part(all, features * from, features * (to - from));
  const packed = (values: Int16Array, scales: Float32Array): PackedWeights => ({
    values: ofBand(values),
    scales: part(scales, from, to - from),
  });
  return {
    grams: columns.map(({ gram }) => part(gram, band * gramSize, gramSize)),
    moments: columns.map(({ moment }) => ofBand(moment)),
    blend: columns.map(({ blend, blendScales }) => packed(blend, blendScales)),
    own: columns.map(({ own, ownScales }) => packed(own, ownScales)),
    pooled: shared && packed(shared.pooled, shared.pooledScales),
    common: shared ? ofBand(shared.common) : scratch,
  };
}

function bandRegression(options: ForecastOptions, sizes: ForecastSizes, { from, to, delay }: Band, band: number) {
  const { width, horizon, seasonRows, simd } = options;
  const { features } = sizes;
  const ridge = RIDGES[band]!;
  const rows = waiting(sizes, seasonRows);
  const targets = to - from;
  const knots = sizes.knots.slice(from, to);
  const rls = rlsOf(features, targets, simd);
  // Scratch: nothing here survives a call.
  const phi = new Float64Array(features);
  const [target, expected] = [new Float64Array(targets), new Float64Array(targets)];
  const profile = profileWeights({ ...sizes, knots }, seasonRows, false);
  const moved = profileWeights({ ...sizes, knots }, seasonRows, true);

  function read(weights: PackedWeights, now: Float64Array, { level, deviation }: Moment, out: Float64Array): void {
    rls.predict(weights, now, expected);
    for (let k = 0; k < targets; k++) out[from + k] = level + deviation * expected[k]!;
  }
  function solve(
    grams: readonly Float32Array[],
    moments: readonly Float32Array[],
    ridge: number,
    weights: PackedWeights,
    prior: Float32Array | Float64Array,
  ): void {
    if (rls.solveSum(grams, moments, ridge, rls.solved, prior)) rlsPack(rls.solved, weights);
  }
  function solveCommon({ grams, moments, common }: Share): void {
    if (!rls.solveSum(grams, moments, ridge.common, common, moved) && width === 1) common.set(moved);
  }

  return {
    open: (columns: readonly RegressionViews[], shared: PooledViews | undefined): Share =>
      openShare(columns, shared, rls.weights, [from, to, band, features]),
    learn(share: Share, column: RegressionViews, channel: number, views: ChannelViews, row: number): void {
      const origin = row - delay;
      const slot = origin % horizon;
      if (origin < 0 || views.issued[slot] !== origin) return;
      const { waiting, frame } = column;
      // Far ahead a trained model's numbers teach nothing that lasts: their weights stay 0 there.
      rows.read(waiting, slot, origin, band === 0, phi);
      const missing = readTargets(views.targets, origin, knots, frame[2 * slot]!, frame[2 * slot + 1]!, target);
      if (2 * missing > targets) return;
      if (missing > 0) {
        // A missing target is taken to be what would be forecast: it pulls the weights nowhere.
        rls.predict(share.blend[channel]!, phi, expected);
        for (let k = 0; k < targets; k++) if (target[k] !== target[k]) target[k] = expected[k]!;
      }
      rls.accumulate(share.grams[channel]!, share.moments[channel]!, phi, target, FORGET);
    },
    solvePooled(share: Share): void {
      if (share.pooled) solve(share.grams, share.moments, ridge.pooled, share.pooled, profile);
      solveCommon(share);
    },
    solve(share: Share, channel: number): void {
      const { grams, moments, blend, own, common } = share;
      if (width === 1) solveCommon(share); // in scratch: what is common to one column is used in this row alone
      const [gram, moment] = [[grams[channel]!], [moments[channel]!]];
      solve(gram, moment, ridge.blend, blend[channel]!, common);
      solve(gram, moment, ridge.own, own[channel]!, moved);
    },
    predict(share: Share, channel: number, now: Float64Array, moment: Moment, out: readonly Float64Array[]): void {
      read(share.blend[channel]!, now, moment, out[0]!);
      read(share.own[channel]!, now, moment, out[1]!);
      if (share.pooled) read(share.pooled, now, moment, out[2]!);
      else for (let k = 0; k < targets; k++) out[2]![from + k] = readProfile(profile, sizes, k, now, moment);
    },
  };
}
