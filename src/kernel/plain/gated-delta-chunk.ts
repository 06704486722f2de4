// The gated delta rule over a chunk of rows in its WY form (2412.06464, section 3.3): what each row really writes, U, solves
// a triangular system, after which the chunk is a few dense products. With c the sum of g since the chunk began, this row in:
//   U_t = beta_t (v_t - e^(c_t) S0 k_t - sum_{s < t} e^(c_t - c_s) (k_t . k_s) U_s)          forward substitution
//   y_t = scale (e^(c_t) S0 q_t + sum_{s <= t} e^(c_t - c_s) (q_t . k_s) U_s);   S = e^(c_last) S0 + sum_s e^(c_last - c_s) U_s k_s
// Decays come from differences of c, never from e^(c_t) e^(-c_s), which overflows. One row at a time: gated-delta-step.ts.

import { exp } from '../../base/math.ts';
import type { GatedDeltaSizes } from './gated-delta-step.ts';

/** Rows of the whole call: q, k [rows, keyHeads, headKDim], v [rows, valueHeads, headVDim], g, beta [rows, valueHeads], f64. */
export interface GatedDeltaRows {
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  readonly g: Float64Array;
  readonly beta: Float64Array;
}

/**
 * Rows [from, to) of one value head. The same function as steps with dt = 1.
 * @param S [valueHeads, headVDim, headKDim] f32 - mutated   @param rows v of this head is overwritten by U
 * @param y [rows, valueHeads, headVDim] f32 - written   @param c, weights [to - from] f64 - scratch
 * Cost: per row 6 headKDim headVDim + chunk (2 headKDim + 2 headVDim + 1 exp) flops. Allocates nothing. f64 sums.
 */
export function gatedDeltaChunk(
  S: Float32Array,
  { q, k, v, g, beta }: GatedDeltaRows,
  y: Float32Array,
  c: Float64Array,
  weights: Float64Array,
  from: number,
  to: number,
  head: number,
  { keyHeads, valueHeads, headKDim, headVDim }: GatedDeltaSizes,
): void {
  const scale = 1 / Math.sqrt(headKDim);
  const key = Math.floor((head * keyHeads) / valueHeads) * headKDim;
  const keyAt = (t: number): number => t * keyHeads * headKDim + key;
  const valueAt = (t: number): number => (t * valueHeads + head) * headVDim;
  let past = 1; // e^(c_t)
  /** e^(c_t) S0 a_t + sum over s < end of weights_s U_s, element j. */
  const mix = (a: Float64Array, t: number, j: number, end: number): number => {
    let held = 0;
    const row = (head * headVDim + j) * headKDim;
    for (let i = 0; i < headKDim; i++) held += S[row + i]! * a[keyAt(t) + i]!;
    let sum = past * held;
    for (let s = from; s < end; s++) sum += weights[s - from]! * v[valueAt(s) + j]!;
    return sum;
  };
  const weigh = (a: Float64Array, t: number, end: number): void => {
    for (let s = from; s < end; s++) {
      let score = 0;
      for (let i = 0; i < headKDim; i++) score += a[keyAt(t) + i]! * k[keyAt(s) + i]!;
      weights[s - from] = exp(c[t - from]! - c[s - from]!) * score;
    }
  };
  let sum = 0;
  for (let t = from; t < to; t++) {
    sum += g[t * valueHeads + head]!;
    c[t - from] = sum;
    past = exp(sum);
    const b = beta[t * valueHeads + head]!;
    weigh(k, t, t);
    for (let j = 0; j < headVDim; j++) v[valueAt(t) + j] = b * (v[valueAt(t) + j]! - mix(k, t, j, t));
    weigh(q, t, t + 1);
    for (let j = 0; j < headVDim; j++) y[valueAt(t) + j] = scale * mix(q, t, j, t + 1);
  }
  for (let s = from; s < to; s++) weights[s - from] = exp(sum - c[s - from]!);
  for (let j = 0; j < headVDim; j++) {
    for (let i = 0; i < headKDim; i++) {
      let next = past * S[(head * headVDim + j) * headKDim + i]!;
      for (let s = from; s < to; s++) next += weights[s - from]! * v[valueAt(s) + j]! * k[keyAt(s) + i]!;
      S[(head * headVDim + j) * headKDim + i] = next;
    }
  }
}
