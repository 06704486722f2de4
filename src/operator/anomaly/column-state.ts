// What the detector remembers of a column: some 10 KB, whatever the stream's length. One slot per quantity over all columns.

import { clearState, f32, f64, type State, type Views } from '../../cell/state.ts';
import { DAY_BINS, WEEK_BINS } from './calendar.ts';
import { STATISTICS } from './statistics.ts';

/** Values that the one-step forecast reads, and a constant. */
export const LAGS = 8;
export const FEATURES = LAGS + 1;

export const columnLayout = (width: number) => ({
  /** Finite values seen. */
  count: f64(width, 1),
  /** Mean and variance over the long run, wild values clipped. */
  mean: f64(width, 1),
  variance: f64(width, 1),
  /** The last values, newest first. */
  lags: f64(width, LAGS),
  /** predictor.ts: coefficients, inverse correlation [FEATURES, FEATURES], mean absolute error, multiple of it at the band's edge. */
  theta: f64(width, FEATURES),
  inverse: f64(width, FEATURES, FEATURES),
  error: f64(width, 1),
  multiple: f64(width, 1),
  /** calendar.ts: mean by quarter of an hour of the day and by hour of the week, values in each. */
  day: f32(width, DAY_BINS),
  dayCount: f32(width, DAY_BINS),
  week: f32(width, WEEK_BINS),
  weekCount: f32(width, WEEK_BINS),
  /** statistics.ts: short memory, second moment, values seen. */
  short: f64(width, STATISTICS.length),
  square: f64(width, STATISTICS.length),
  seen: f64(width, STATISTICS.length),
  /** surprise.ts, of each statistic: long-run mean and variance, upper quantile, mean excess over it, values seen, deviations seen. */
  usual: f64(width, STATISTICS.length),
  spread: f64(width, STATISTICS.length),
  quantile: f64(width, STATISTICS.length),
  excess: f64(width, STATISTICS.length),
  judged: f64(width, STATISTICS.length),
  deviations: f64(width, STATISTICS.length),
});
export type ColumnLayout = ReturnType<typeof columnLayout>;
export type ColumnViews = Views<ColumnLayout>;

export function initColumns(state: State<ColumnLayout>): void {
  const { at } = state;
  clearState(state);
  for (let i = 1; i < at.theta.length; i += FEATURES) at.theta[i] = 0.9; // until it knows better: nearly the last value
  for (let i = 0; i < at.inverse.length; i += FEATURES * FEATURES) startInverse(at.inverse.subarray(i));
  at.multiple.fill(2.5); // a Gaussian's 90 % lies at 2.06 mean absolute errors
  at.excess.fill(0.3);
}

/** Little is known of the coefficients: 100 on the diagonal. */
export function startInverse(inverse: Float64Array): void {
  inverse.fill(0, 0, FEATURES * FEATURES);
  for (let i = 0; i < FEATURES; i++) inverse[i * FEATURES + i] = 100;
}
