// Options of the forecaster and every size that follows from them. All windows are counted in seasons, so one option
// (`seasonRows`) fits the whole to a sensor. Chosen on the 16 months before the test months of ETTh1: docs/adr/0016, 0019.

import { assert } from '../../base/assert.ts';
import type { Cell } from '../../cell/cell.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { expertsOf } from './names.ts';

/** A network trained beforehand: trained.ts. */
export interface TrainedModel {
  /** [INPUTS] -> [MODEL_KNOTS]: distances from the profile at the present level, in usual deviations. */
  readonly cell: Cell;
  /** [coefficients, MODEL_KNOTS]: orthonormal shapes that most of what it says is made of. */
  readonly basis: Float32Array;
  readonly coefficients: number;
}

export interface ForecastOptions {
  /** Columns of a row. */
  readonly width: number;
  /** Steps ahead: 1 .. horizon. */
  readonly horizon: number;
  /** Rows per season (24 for hours of a day). A wrong one costs accuracy, not safety. */
  readonly seasonRows: number;
  /** Share of values that should fall into the interval, 0.5 .. 0.99. */
  readonly coverage: number;
  /** What reads the past: regression on HiPPO memories, or attention over a window of the past. */
  readonly cell: 'ssm' | 'attention';
  /** Rows per second, for the pts of results; 0: rows without a rate. */
  readonly rateHz: number;
  /** small: half the points of the season, nothing turned by its phase; half of the state of a column alone. */
  readonly size?: 'full' | 'small' | undefined;
  /** Results carry nine quantiles as well. */
  readonly quantiles?: boolean | undefined;
  /** A network trained beforehand, as one more expert. */
  readonly model?: TrainedModel | undefined;
  /** The WebAssembly kernels: the same forecasts to the bit, sooner, where a stream's state lies in the kernel memory. */
  readonly simd?: Simd | undefined;
}

/** Mean of the last season: what everything else is measured against. */
export const LEVEL_ORDER = 6;
/** The usual deviation is taken over 28 seasons; the memory reads the shape of 7 (the daily wave needs 7 pi = 22). */
export const LONG_SEASONS = 28;
export const SHORT_SEASONS = 7;
/** The profiles (mean by phase) forget over 14 seasons and over 7. */
export const PROFILE_SEASONS = 14;
export const WEEK_SEASONS = 7;

/** Steps that are learned at once, from rows whose last target has come: the near ones need not wait for the far ones. */
export interface Band {
  /** Knots [from, to). */
  readonly from: number;
  readonly to: number;
  /** Rows until the last of them has come: the band's last step. */
  readonly delay: number;
}

export interface ForecastSizes {
  /** Coefficients of the memory, and the first of them that the season's phase turns. */
  readonly order: number;
  readonly turnedOrder: number;
  /** Last values used as they are, and the first of them that the season's phase turns. */
  readonly lags: number;
  readonly turnedLags: number;
  /** Points of the coming season's profile. */
  readonly leads: number;
  /** Features of the regression: the first that are no turned ones; all; how many of them, the last, are the trained model's. */
  readonly plain: number;
  readonly features: number;
  readonly coefficients: number;
  /** Who forecasts, at most: names.ts. */
  readonly experts: number;
  /** Steps that are forecast; those between them are interpolated. Ascending, from 1 to the horizon. */
  readonly knots: readonly number[];
  readonly bands: readonly Band[];
  /** Which knots are compared with what came; what is between them is interpolated. */
  readonly judged: readonly number[];
  /** Rows kept of the raw past. */
  readonly ringRows: number;
}

/** Steps that are learned with the first band; of rows with several columns each of them is forecast and judged itself. */
const NEAR_STEPS = 24;

export function forecastSizes(options: ForecastOptions): ForecastSizes {
  const { width, horizon, seasonRows, coverage, size, cell, model } = options;
  assert(Number.isInteger(width) && width >= 1, 'a forecast needs at least one column');
  assert(Number.isInteger(horizon) && horizon >= 1, 'a forecast looks at least one row ahead');
  assert(Number.isInteger(seasonRows) && seasonRows >= 2, 'a season has at least two rows');
  assert(coverage > 0 && coverage < 1, 'coverage is a share between 0 and 1');
  const lags = Math.min(24, seasonRows);
  const small = size === 'small';
  // A column alone is one of many in a fleet. Those of a row are few, and learn enough from each other to fill more.
  const wide = width > 1 && !small;
  const leads = Math.min(small ? 12 : 24, seasonRows);
  // A quarter of the window: more coefficients than that only describe what the lags already say.
  const order = Math.min(wide ? 24 : 12, Math.ceil((SHORT_SEASONS * seasonRows) / 4));
  const turnedOrder = small ? 0 : Math.min(wide ? 12 : 8, order);
  const turnedLags = small ? 0 : Math.min(4, lags);
  const coefficients = model?.coefficients ?? 0;
  const plain = order + lags + leads + 1;
  const features = plain + 2 * (turnedOrder + turnedLags) + coefficients;
  const direct = wide ? NEAR_STEPS : 1;
  const knots = knotsUpTo(horizon, seasonRows, direct);
  const sizes = { order, turnedOrder, lags, turnedLags, leads, plain, features, coefficients, knots };
  const experts = expertsOf(cell, width, model !== undefined).length;
  const judged = judgedOf(knots, direct);
  return { ...sizes, experts, bands: bandsOf(knots), judged, ringRows: Math.max(lags, horizon + 1) };
}

/**
 * A quarter of a season apart, beyond four seasons half of one; never more than a quarter of the way: 1 .. 8, 10, 12, 15, ..
 * All of 1 .. `direct`.
 */
function knotsUpTo(horizon: number, seasonRows: number, direct: number): number[] {
  const knots: number[] = [];
  for (let step = 1; step < horizon; ) {
    knots.push(step);
    const seasonal = seasonRows / (step < 4 * seasonRows ? 4 : 2);
    step += step < direct ? 1 : Math.max(1, Math.floor(Math.min(seasonal, step / 4)));
  }
  return [...knots, horizon];
}

function bandsOf(knots: readonly number[]): Band[] {
  const near = knots.filter((step) => step <= NEAR_STEPS).length;
  const first = { from: 0, to: near, delay: knots[near - 1]! };
  return near === knots.length ? [first] : [first, { from: near, to: knots.length, delay: knots.at(-1)! }];
}

/** All knots up to `direct`, then one per quarter of the way: a queue of `step` forecasts waits for each of them. */
function judgedOf(knots: readonly number[], direct: number): number[] {
  const judged: number[] = [];
  for (const [k, step] of knots.entries()) {
    const last = knots[judged.at(-1) ?? 0]!;
    if (step <= direct || step >= 1.25 * last || k === knots.length - 1) judged.push(k);
  }
  return judged;
}
