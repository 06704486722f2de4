// What the health watch remembers of a column: some 300 bytes. One slot per quantity over all columns.

import { clearState, f64, type State, type Views } from '../../cell/state.ts';

/** Two-sided tests of one column: level, spread, rate. */
const TESTS = 3;

export const columnLayout = (width: number) => ({
  /** Finite values since the start or the last change. */
  count: f64(width, 1),
  last: f64(width, 1),
  /** Reference: mean, variance, covariance of neighbours. */
  mean: f64(width, 1),
  variance: f64(width, 1),
  covariance: f64(width, 1),
  /** The last residual, and the last step of the value. */
  residual: f64(width, 1),
  step: f64(width, 1),
  /** Of each test: mean and variance of its signal, sums upwards and downwards, rows where these were last 0. */
  centre: f64(width, TESTS),
  scatter: f64(width, TESTS),
  up: f64(width, TESTS),
  down: f64(width, TESTS),
  upFrom: f64(width, TESTS),
  downFrom: f64(width, TESTS),
  /** Stuck: first row of the run of equal values and its length, the longest run before, 1 once told. */
  runFrom: f64(width, 1),
  run: f64(width, 1),
  longest: f64(width, 1),
  stuck: f64(width, 1),
  /** Range: 1 while outside. */
  outside: f64(width, 1),
  /** Trend: fast and slow mean, variance of their distance, values, rows beyond, 1 while told. */
  fast: f64(width, 1),
  slow: f64(width, 1),
  distance: f64(width, 1),
  trendCount: f64(width, 1),
  beyond: f64(width, 1),
  trending: f64(width, 1),
});
export type ColumnLayout = ReturnType<typeof columnLayout>;
export type ColumnViews = Views<ColumnLayout>;

export function initColumns(state: State<ColumnLayout>): void {
  clearState(state);
  state.at.last.fill(NaN);
}
