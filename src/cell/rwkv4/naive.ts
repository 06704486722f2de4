// The slow twins: whole sequences in float64 without a state. The WKV operator is written as the weighted average over
// all rows seen, each weight from its age, so an error in the running sums cannot hide in both:
//   wkv_t = sum_{s <= t} e^(k_s + bonus) v_s / sum_{s <= t} e^(k_s + bonus),  bonus = u at s = t, else (t - 1 - s) w
// Shares no kernel with the cells. O(rows^2); for tests only.

import { exp, sigmoid } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type Rwkv4Config, readChannelMix, readTimeMix } from './params.ts';

type Rows = ArrayLike<number>;

/** Time mixing: x [rows, D] from the start state -> y [rows, D]. */
export function naiveRwkv4(weights: Weights, prefix: string, config: Rwkv4Config, x: Rows, rows: number): Float64Array {
  const { dModel: D, dAttention: A } = config;
  const p = readTimeMix(weights, prefix, config);
  const k = dense(p.key, shifted(x, p.mixKey, rows, D), rows, A, D);
  const v = dense(p.value, shifted(x, p.mixValue, rows, D), rows, A, D);
  const r = dense(p.receptance, shifted(x, p.mixReceptance, rows, D), rows, A, D);
  const wkv = naiveWkv4(p.w, p.u, k, v, rows);
  const gated = wkv.map((value, i) => sigmoid(r[i]!) * value);
  return dense(p.output, gated, rows, D, A);
}

/** Channel mixing: x [rows, D] from the start state -> y [rows, D]. */
export function naiveRwkv4ChannelMix(
  weights: Weights,
  prefix: string,
  config: Rwkv4Config,
  x: Rows,
  rows: number,
): Float64Array {
  const { dModel: D, dHidden: F } = config;
  const p = readChannelMix(weights, prefix, config);
  const hidden = dense(p.key, shifted(x, p.mixKey, rows, D), rows, F, D).map((value) => Math.max(0, value));
  const squared = hidden.map((value) => value * value);
  const gate = dense(p.receptance, shifted(x, p.mixReceptance, rows, D), rows, D, D);
  return dense(p.value, squared, rows, D, F).map((value, i) => sigmoid(gate[i]!) * value);
}

/** The bare operator: w, u [A]; k, v [rows, A] -> [rows, A]. */
export function naiveWkv4(w: Rows, u: Rows, k: Rows, v: Rows, rows: number): Float64Array {
  const A = w.length;
  const y = new Float64Array(rows * A);
  for (let t = 0; t < rows; t++) {
    for (let i = 0; i < A; i++) {
      const logWeight = (s: number): number => k[s * A + i]! + (s === t ? u[i]! : (t - 1 - s) * w[i]!);
      let top = -Infinity;
      for (let s = 0; s <= t; s++) top = Math.max(top, logWeight(s));
      let [num, den] = [0, 0];
      for (let s = 0; s <= t; s++) {
        const weight = exp(logWeight(s) - top);
        num += weight * v[s * A + i]!;
        den += weight;
      }
      y[t * A + i] = num / den;
    }
  }
  return y;
}

/** m x_t + (1 - m) x_{t-1}, zeros before the first row. */
function shifted(x: Rows, mix: Rows, rows: number, D: number): Float64Array {
  return Float64Array.from({ length: rows * D }, (_, at) => {
    const m = mix[at % D]!;
    return m * x[at]! + (1 - m) * (at < D ? 0 : x[at - D]!);
  });
}

/** Each row through w [m, k]. */
function dense(w: Rows, x: Rows, rows: number, m: number, k: number): Float64Array {
  return Float64Array.from({ length: rows * m }, (_, at) => {
    const [t, i] = [Math.floor(at / m), at % m];
    let sum = 0;
    for (let j = 0; j < k; j++) sum += w[i * k + j]! * x[t * k + j]!;
    return sum;
  });
}
