// Ridge regression of all knots at once, learned online on exponentially weighted normal equations. Every target is used only
// once it has been seen: a row's features wait in a ring until their last target has come (test, then train). Three experts
// read the same sums: `pooled` those of all columns, close to the profile; `blend` the column's own, close to what the
// columns have in common; `own` the column's alone. Arithmetic: kernel/plain/rls-*.ts, or to the bit kernel/wasm/rls.ts.

import { f32, f64, type Views } from '../../cell/state.ts';
import { rlsOf } from '../../kernel/wasm/rls.ts';
import type { ChannelViews } from './channel-state.ts';
import { profileWeights } from './features.ts';
import type { Moment } from './reader.ts';
import type { Band, ForecastOptions, ForecastSizes } from './sizes.ts';

const FORGET = 0.9999;
// In squared usual deviations: how many rows of evidence a feature needs against what is believed without.
// Far steps see as many rows and fewer independent ones: there all three stay nearer to what they are pulled towards.
const RIDGES = [
  { blend: 10_000, own: 300, pooled: 100_000, common: 3000 },
  { blend: 10_000, own: 10_000, pooled: 100_000, common: 100_000 },
] as const;
const SOLVE_EVERY_ROWS = 48; // 96 cost .1 % on the months before the test
const TARGET_LIMIT = 30; // usual deviations

export const regressionLayout = ({ width, horizon }: ForecastOptions, { features, knots, bands }: ForecastSizes) => ({
  /** [band, packed], and [band][features, knots of it]: the sums, and the weights of two experts. */
  gram: f64(width, bands.length, (features * (features + 1)) / 2),
  moment: f64(width, features * knots.length),
  blend: f32(width, features * knots.length),
  own: f32(width, features * knots.length),
  /** Slot (row mod horizon): features of rows whose targets are still to come, and their level and deviation. */
  waiting: f32(width, horizon, features),
  frame: f64(width, horizon, 2),
});
export type RegressionViews = Views<ReturnType<typeof regressionLayout>>;

/**
 * Weights that all columns share: the third expert's, and what the columns have in common, for those that solve later in turn.
 * A column alone solves in the row that this is solved in: nothing is kept of it.
 */
export const pooledLayout = ({ width }: ForecastOptions, { features, knots }: ForecastSizes) => ({
  pooled: f32(features * knots.length),
  common: f32(width > 1 ? features * knots.length : 0),
});
export type PooledViews = Views<ReturnType<typeof pooledLayout>>;

/** One band's share of a stream's sums and weights, by column; and what its columns share. */
interface Share {
  readonly grams: readonly Float64Array[];
  readonly moments: readonly Float64Array[];
  readonly blend: readonly Float32Array[];
  readonly own: readonly Float32Array[];
  readonly pooled: Float32Array;
  readonly common: Float32Array;
}

/** What a stream learns in: views of its state, nothing else. */
export interface Learned {
  readonly columns: readonly RegressionViews[];
  readonly bands: readonly Share[];
}

/** All streams share one. */
export interface Regression {
  /** Once per stream. */
  open(columns: readonly RegressionViews[], shared: PooledViews): Learned;
  /** Solves anew for what all columns share when it is its turn. */
  solvePooled(learned: Learned, row: number): void;
  /** Forecasts of a column whose last target of a band came with `row` meet their targets; solves when it is its turn. */
  learn(learned: Learned, channel: number, views: ChannelViews, row: number): void;
  /** phi [features] -> out [expert][knots]; keeps phi until its targets have come. */
  predict(learned: Learned, channel: number, phi: Float64Array, moment: Moment, out: readonly Float64Array[]): void;
}

export function regression(options: ForecastOptions, sizes: ForecastSizes): Regression {
  const { horizon } = options;
  const bands = sizes.bands.map((band, index) => bandRegression(options, sizes, band, index));
  return {
    open: (columns, shared) => ({ columns, bands: bands.map((band) => band.open(columns, shared)) }),
    solvePooled(learned, row) {
      if (row % SOLVE_EVERY_ROWS !== 0) return;
      for (let b = 0; b < bands.length; b++) bands[b]!.solvePooled(learned.bands[b]!);
    },
    learn(learned, channel, views, row) {
      // Columns take turns, so that a wide row does not solve them all at once.
      const turn = (row + channel) % SOLVE_EVERY_ROWS === 0;
      const first = views.rows[0] === 1;
      for (let b = 0; b < bands.length; b++) {
        const [band, share] = [bands[b]!, learned.bands[b]!];
        band.learn(share, learned.columns[channel]!, channel, views, row);
        if (first && !turn) band.solveFirst(share);
        if (first || turn) band.solve(share, channel);
      }
    },
    predict(learned, channel, phi, moment, out) {
      const { waiting, frame } = learned.columns[channel]!;
      const slot = moment.row % horizon;
      waiting.set(phi, slot * sizes.features);
      frame[2 * slot] = moment.level;
      frame[2 * slot + 1] = moment.deviation;
      for (let b = 0; b < bands.length; b++) bands[b]!.predict(learned.bands[b]!, channel, phi, moment, out);
    },
  };
}

/** The features of one row that waited: the first `kept`, the others 0. */
function readFeatures(waiting: Float32Array, from: number, kept: number, phi: Float64Array): void {
  for (let i = 0; i < phi.length; i++) phi[i] = i < kept ? waiting[from + i]! : 0;
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

/** Far ahead a trained model's numbers teach nothing that lasts: their weights stay 0 there. */
const keptFeatures = ({ features, coefficients }: ForecastSizes, band: number): number =>
  band === 0 ? features : features - coefficients;

function bandRegression(options: ForecastOptions, sizes: ForecastSizes, { from, to, delay }: Band, band: number) {
  const { width, horizon, seasonRows, simd } = options;
  const { features } = sizes;
  const [kept, ridge] = [keptFeatures(sizes, band), RIDGES[band]!];
  const targets = to - from;
  const knots = sizes.knots.slice(from, to);
  const rls = rlsOf(features, targets, simd);
  const packed = (features * (features + 1)) / 2;
  // Scratch: nothing here survives a call.
  const phi = new Float64Array(features);
  const [target, expected] = [new Float64Array(targets), new Float64Array(targets)];
  const profile = profileWeights({ ...sizes, knots }, seasonRows, false);
  const moved = profileWeights({ ...sizes, knots }, seasonRows, true);

  function part<V extends Float32Array | Float64Array>(all: V, start: number, length: number): V {
    return all.length === length ? all : (all.subarray(start, start + length) as V);
  }
  const ofBand = <V extends Float32Array | Float64Array>(all: V): V => part(all, features * from, features * targets);

  function read(weights: Float32Array, now: Float64Array, { level, deviation }: Moment, out: Float64Array): void {
    rls.predict(weights, now, expected);
    for (let k = 0; k < targets; k++) out[from + k] = level + deviation * expected[k]!;
  }
  function solveCommon({ grams, moments, common }: Share): void {
    if (!rls.solveSum(grams, moments, ridge.common, common, moved) && width === 1) common.set(moved);
  }

  return {
    open: (columns: readonly RegressionViews[], { pooled, common }: PooledViews): Share => ({
      grams: columns.map(({ gram }) => part(gram, band * packed, packed)),
      moments: columns.map(({ moment }) => ofBand(moment)),
      blend: columns.map(({ blend }) => ofBand(blend)),
      own: columns.map(({ own }) => ofBand(own)),
      pooled: ofBand(pooled),
      common: width > 1 ? ofBand(common) : rls.weights,
    }),
    learn(share: Share, column: RegressionViews, channel: number, views: ChannelViews, row: number): void {
      const origin = row - delay;
      const slot = origin % horizon;
      if (origin < 0 || views.issued[slot] !== origin) return;
      const { waiting, frame } = column;
      readFeatures(waiting, slot * features, kept, phi);
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
      rls.solveSum(share.grams, share.moments, ridge.pooled, share.pooled, profile);
      solveCommon(share);
    },
    /** A column alone whose first value comes between two turns. */
    solveFirst(share: Share): void {
      if (width > 1) return;
      if (share.pooled.some((weight) => weight !== 0)) solveCommon(share);
      else share.common.fill(0); // not even the pooled weights were solved yet
    },
    solve({ grams, moments, blend, own, common }: Share, channel: number): void {
      rls.solve(grams[channel]!, moments[channel]!, ridge.blend, blend[channel]!, common);
      rls.solve(grams[channel]!, moments[channel]!, ridge.own, own[channel]!, moved);
    },
    predict(share: Share, channel: number, now: Float64Array, moment: Moment, out: readonly Float64Array[]): void {
      read(share.blend[channel]!, now, moment, out[0]!);
      read(share.own[channel]!, now, moment, out[1]!);
      read(share.pooled, now, moment, out[2]!);
    },
  };
}
