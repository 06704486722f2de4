// Linear attention over a chunk of rows (2006.16236 in the chunked form of Hua et al. 2022, 2202.10447): what the rows say
// to each other by scores, what came before by the state, which moves on once a chunk. One row at a time:
// linear-attention-step.ts; the same sums in another order.

import type { LinearAttentionSizes } from './linear-attention-step.ts';

/**
 * y_t = (S0 q_t + sum_{s <= t} (q_t . k_s) v_s) / (z0 . q_t + sum_{s <= t} q_t . k_s + eps);  S, z += the chunk.
 * @param S [heads, headVDim, headKDim] f64 - mutated   @param z [heads, headKDim] f64 - mutated
 * @param q, k [rows, heads, headKDim] f64, after phi   @param v [rows, heads, headVDim] f32
 * @param y [rows, heads, headVDim] f32 - written       @param scores [to - from] f64 - scratch
 * Cost: per row and head 4 headKDim headVDim + chunk (headKDim + headVDim) flops. Allocates nothing. f64 sums.
 */
export function linearAttentionChunk(
  S: Float64Array,
  z: Float64Array,
  q: Float64Array,
  k: Float64Array,
  v: Float32Array,
  y: Float32Array,
  scores: Float64Array,
  from: number,
  to: number,
  eps: number,
  { heads, headKDim, headVDim }: LinearAttentionSizes,
): void {
  const [keys, values] = [heads * headKDim, heads * headVDim];
  for (let head = 0; head < heads; head++) {
    const [key, value, first] = [head * headKDim, head * headVDim, head * headKDim * headVDim];
    for (let t = from; t < to; t++) {
      let norm = eps;
      for (let i = 0; i < headKDim; i++) norm += z[key + i]! * q[t * keys + key + i]!;
      for (let s = from; s <= t; s++) {
        let score = 0;
        for (let i = key; i < key + headKDim; i++) score += q[t * keys + i]! * k[s * keys + i]!;
        scores[s - from] = score;
        norm += score;
      }
      for (let j = 0; j < headVDim; j++) {
        let sum = 0;
        for (let i = 0; i < headKDim; i++) sum += S[first + j * headKDim + i]! * q[t * keys + key + i]!;
        for (let s = from; s <= t; s++) sum += scores[s - from]! * v[s * values + value + j]!;
        y[t * values + value + j] = sum / norm;
      }
    }
    for (let s = from; s < to; s++) {
      for (let i = 0; i < headKDim; i++) z[key + i] = z[key + i]! + k[s * keys + key + i]!;
      for (let j = 0; j < headVDim; j++) {
        const written = v[s * values + value + j]!;
        const row = first + j * headKDim;
        for (let i = 0; i < headKDim; i++) S[row + i] = S[row + i]! + written * k[s * keys + key + i]!;
      }
    }
  }
}
