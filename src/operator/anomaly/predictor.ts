// The one-step forecast of a column: eight past values, standardised and clipped, weighed by recursive least squares with
// forgetting (Haykin, Adaptive Filter Theory, ch. 10), and a band around it that 90 % of values fall into (adaptive conformal
// inference, arXiv 2106.00170, on the logarithm). One outlier neither bends the coefficients nor opens the band: errors are clipped.

import { exp } from '../../base/math.ts';
import { type ColumnViews, FEATURES, LAGS, startInverse } from './column-state.ts';

const FORGET = 0.9995;
const TRACE_MOST = 1e4; // a column that stands still teaches nothing: without a bound its inverse grows for ever
const SCALE_ROWS = 2000;
const LAG_MOST = 8;
const BAND_RATE = 0.03;
const BAND_MISS = 0.1;
const [MULTIPLE_LEAST, MULTIPLE_MOST] = [0.5, 30];

export interface Expected {
  value: number;
  lower: number;
  upper: number;
  /** What came, less what was expected. */
  residual: number;
}

const features = new Float64Array(FEATURES); // scratch
const gain = new Float64Array(FEATURES);

/** Forecasts `x`, compares, learns. Call once per value, before `remember`. */
export function predict(at: ColumnViews, x: number, out: Expected): void {
  const { theta, error, multiple, lags } = at;
  const count = at.count[0]! + 1;
  if (count === 1) at.mean[0] = x;
  const mean = at.mean[0]!;
  const scale = usualScale(at);
  features[0] = 1;
  let expected = theta[0]!;
  for (let j = 0; j < LAGS; j++) {
    const z = j < count - 1 ? clip((lags[j]! - mean) / scale, LAG_MOST) : 0;
    features[j + 1] = z;
    expected += theta[j + 1]! * z;
  }
  const surprise = (count > 4 ? (x - mean) / scale : 0) - expected;
  const half = multiple[0]! * (error[0]! + 0.01);
  out.value = mean + scale * expected;
  out.lower = mean + scale * (expected - half);
  out.upper = mean + scale * (expected + half);
  out.residual = surprise * scale;
  if (count <= 13) return;
  learn(at, clip(surprise, count > 100 ? 4 * error[0]! + 0.01 : 6));
  const missed = Math.abs(surprise) > half ? 1 : 0;
  multiple[0] = Math.min(Math.max(multiple[0]! * exp(BAND_RATE * (missed - BAND_MISS)), MULTIPLE_LEAST), MULTIPLE_MOST);
  const rate = Math.max(1 / SCALE_ROWS, 1 / (count - 12));
  error[0]! += rate * (Math.min(Math.abs(surprise), 8 * error[0]! + 1) - error[0]!);
}

/** Deviation over the long run; never 0. */
export const usualScale = (at: ColumnViews): number => Math.sqrt(at.variance[0]!) + 1e-9 * (1 + Math.abs(at.mean[0]!));

/** The value becomes part of the past. */
export function remember(at: ColumnViews, x: number): void {
  const { count, mean, variance, lags } = at;
  const scale = usualScale(at);
  lags.copyWithin(1, 0, LAGS - 1);
  lags[0] = x;
  count[0]! += 1;
  const deviation = count[0]! > 51 ? clip(x - mean[0]!, 6 * scale) : x - mean[0]!;
  const rate = Math.max(1 / SCALE_ROWS, 1 / count[0]!);
  mean[0]! += rate * deviation;
  variance[0] = (1 - rate) * (variance[0]! + rate * deviation * deviation);
}

/** One step of recursive least squares with the features at hand. The inverse stays symmetric to the bit. */
function learn({ theta, inverse }: ColumnViews, error: number): void {
  let power = FORGET;
  for (let i = 0; i < FEATURES; i++) {
    let sum = 0;
    for (let j = 0; j < FEATURES; j++) sum += inverse[i * FEATURES + j]! * features[j]!;
    gain[i] = sum;
    power += features[i]! * sum;
  }
  if (!(power > 0 && power < Infinity)) return startInverse(inverse); // rounding has undone it: begin anew
  let trace = 0;
  for (let i = 0; i < FEATURES; i++) {
    theta[i]! += (gain[i]! / power) * error;
    for (let j = 0; j <= i; j++) {
      const value = (inverse[i * FEATURES + j]! - (gain[i]! * gain[j]!) / power) / FORGET;
      inverse[i * FEATURES + j] = inverse[j * FEATURES + i] = value;
    }
    trace += inverse[i * FEATURES + i]!;
  }
  if (trace <= TRACE_MOST) return;
  for (let i = 0; i < FEATURES * FEATURES; i++) inverse[i]! *= TRACE_MOST / trace;
}

const clip = (value: number, most: number): number => Math.min(Math.max(value, -most), most);
