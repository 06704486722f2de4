// Softmax attention of one query row over a ring of past keys and values. The ring is not in time order, which softmax
// does not mind; which slots count is decided by the absolute row that each slot holds, so a gap in the stream or a ring
// not yet full needs no special case. Keys come rotated (rope.ts); writing the ring is the cell's business.

import { exp } from '../../base/math.ts';

export interface AttentionSizes {
  readonly heads: number;
  /** Divides heads; query head j reads key head floor(j / (heads / kvHeads)). */
  readonly kvHeads: number;
  readonly headDim: number;
}

/**
 * y_head = sum_s softmax_s(q . k_s / sqrt(headDim)) v_s over the slots s with position - window < rows[s] <= position.
 * @param q    [heads, headDim] f32   @param k, v [window, kvHeads, headDim] f32
 * @param rows [window] f64: absolute row in each slot, -1 for none; at least one must count
 * @param scores [window] f64 - scratch   @param y [heads, headDim] f32 - written, must not alias q
 * Cost: heads * window * (4 headDim flops + 1 exp). Allocates nothing. f64 sums in slot order, f32 store.
 */
export function attendRing(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  rows: Float64Array,
  position: number,
  scores: Float64Array,
  y: Float32Array,
  sizes: AttentionSizes,
): void {
  const { heads, headDim } = sizes;
  const stride = sizes.kvHeads * headDim;
  const queriesPerKey = heads / sizes.kvHeads;
  for (let head = 0; head < heads; head++) {
    const offset = Math.floor(head / queriesPerKey) * headDim;
    const query = head * headDim;
    scoreSlots(q, query, k, offset, stride, rows, position, scores, headDim);
    const total = softmaxWeights(scores);
    for (let i = 0; i < headDim; i++) {
      let sum = 0;
      for (let s = 0, at = offset + i; s < scores.length; s++, at += stride) sum += scores[s]! * v[at]!;
      y[query + i] = sum / total;
    }
  }
}

/** scores[s] = q . k_s / sqrt(headDim), -Infinity where the slot does not count. */
function scoreSlots(
  q: Float32Array,
  query: number,
  k: Float32Array,
  offset: number,
  stride: number,
  rows: Float64Array,
  position: number,
  scores: Float64Array,
  headDim: number,
): void {
  const window = scores.length;
  const scale = 1 / Math.sqrt(headDim);
  for (let s = 0; s < window; s++) {
    const row = rows[s]!;
    if (row < 0 || row <= position - window || row > position) {
      scores[s] = -Infinity;
      continue;
    }
    const key = offset + s * stride;
    let sum = 0;
    for (let i = 0; i < headDim; i++) sum += q[query + i]! * k[key + i]!;
    scores[s] = sum * scale;
  }
}

/** Replaces scores by exp(score - max) and returns their sum, so that no exp overflows. */
function softmaxWeights(scores: Float64Array): number {
  let max = -Infinity;
  for (let s = 0; s < scores.length; s++) if (scores[s]! > max) max = scores[s]!;
  let total = 0;
  for (let s = 0; s < scores.length; s++) {
    const weight = exp(scores[s]! - max);
    scores[s] = weight;
    total += weight;
  }
  return total;
}
