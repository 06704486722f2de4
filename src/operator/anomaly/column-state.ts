// What the detector remembers of a column: some 3.5 kB, whatever the stream's length. One slot per quantity over all columns.

import { clearState, f32, f64, type State, u32, type Views } from '../../cell/state.ts';
import { WEEK_HOURS } from './calendar.ts';
import { PRIOR, RUNGS } from './options.ts';
import { FRAME, WORDS } from './places.ts';
import { STATISTICS } from './statistics.ts';

/** Values that the one-step forecast reads, and a constant. */
export const LAGS = 8;
export const FEATURES = LAGS + 1;
const KINDS = STATISTICS.length;

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
  /** calendar.ts: mean by hour of the week, values in each. */
  week: f32(width, WEEK_HOURS),
  weekCount: f32(width, WEEK_HOURS),
  /** column.ts: steps of nothing up to now. */
  stood: f64(width, 1),
  /** statistics.ts: short memory, long one, signals had. */
  short: f64(width, KINDS),
  long: f64(width, KINDS),
  signals: f64(width, KINDS),
  /** novelty.ts, of each statistic: 1 after a number far away, numbers seen, nats held, passages of each rung, two maps (places.ts) and the age of the newer. */
  away: f64(width, KINDS),
  seen: f64(width, KINDS),
  held: f64(width, KINDS),
  passed: f64(width, KINDS, RUNGS.length),
  mapped: f64(width, KINDS),
  frames: f64(width, KINDS, 2, FRAME),
  bits: u32(width, KINDS, 2, WORDS),
});
export type ColumnLayout = ReturnType<typeof columnLayout>;
export type ColumnViews = Views<ColumnLayout>;

export function initColumns(state: State<ColumnLayout>): void {
  const { at } = state;
  clearState(state);
  for (let i = 1; i < at.theta.length; i += FEATURES) at.theta[i] = 0.9; // until it knows better: nearly the last value
  for (let i = 0; i < at.inverse.length; i += FEATURES * FEATURES) startInverse(at.inverse.subarray(i));
  at.multiple.fill(2.5); // a Gaussian's 90 % lies at 2.06 mean absolute errors
  at.passed.fill(PRIOR);
}

/** Little is known of the coefficients: 100 on the diagonal. */
export function startInverse(inverse: Float64Array): void {
  inverse.fill(0, 0, FEATURES * FEATURES);
  for (let i = 0; i < FEATURES; i++) inverse[i * FEATURES + i] = 100;
}
