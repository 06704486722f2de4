// Softmax attention of one query row over a ring of past keys and values. The ring is not in time order, which softmax
// does not mind; which slots count is decided by the absolute row that each slot holds, so a gap in the stream or a ring
// not yet full needs no special case. Keys come rotated (rope.ts), hence headDim is even: loops go by pairs.

import { exp } from '../../base/math.ts';
import { dotPairs } from './dot-pairs.ts';

export interface AttentionSizes {
  readonly heads: number;
  /** Divides heads; query head j reads key head floor(j / (heads / kvHeads)). */
  readonly kvHeads: number;
  readonly headDim: number;
}

/**
 * y_head = sum_s softmax_s(q . k_s / sqrt(headDim)) v_s over the slots s with position - window < rows[s] <= position.
 * @param q    [heads, headDim] f32   @param k, v [window, kvHeads, headDim] f32
 * @param rows [window] f64: absolute row in each slot, -1 for none; at least one must count; row p in slot p mod window
 * @param scores [window] f64 - scratch   @param y [heads, headDim] f32 - written, must not alias q
 * Cost: heads * min(window, position + 1) * (4 headDim flops + 1 exp). Allocates nothing. f64 sums in slot order, f32 store.
 */
export function attendRing(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  rows: Float64Array,
  position: number,
  scores: Float64Array,
  y: Float32Array,
  { heads, kvHeads, headDim }: AttentionSizes,
): void {
  const window = rows.length;
  // Row p lies in slot p mod window, so until the ring first wraps only its beginning holds anything.
  const used = Math.min(window, position + 1);
  const stride = kvHeads * headDim;
  const scale = 1 / Math.sqrt(headDim);
  for (let head = 0; head < heads; head++) {
    const query = head * headDim;
    const shared = Math.floor((head * kvHeads) / heads) * headDim;
    for (let s = 0, key = shared; s < used; s++, key += stride) {
      const row = rows[s]!;
      const counts = row >= 0 && row > position - window && row <= position;
      scores[s] = counts ? scale * dotPairs(q, query, k, key, headDim) : -Infinity;
    }
    const inverse = 1 / softmaxWeights(scores, used);
    for (let i = 0; i < headDim; i += 2) {
      let even = 0;
      let odd = 0;
      for (let s = 0, value = shared + i; s < used; s++, value += stride) {
        const weight = scores[s]!;
        even += weight * v[value]!;
        odd += weight * v[value + 1]!;
      }
      y[query + i] = even * inverse;
      y[query + i + 1] = odd * inverse;
    }
  }
}

/** Replaces the first `used` scores by exp(score - max), which cannot overflow, and returns their sum. */
function softmaxWeights(scores: Float64Array, used: number): number {
  let max = -Infinity;
  for (let s = 0; s < used; s++) if (scores[s]! > max) max = scores[s]!;
  let total = 0;
  for (let s = 0; s < used; s++) {
    const weight = exp(scores[s]! - max);
    scores[s] = weight;
    total += weight;
  }
  return total;
}
