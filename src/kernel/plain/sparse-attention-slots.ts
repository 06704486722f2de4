// Softmax attention of one query row over a list of kept rows: what a sparse pattern lets it see. Which slots those are is
// the cell's business (cell/sparse-attention/pattern.ts); the order of the list does not matter to softmax.
// A window over a ring in one piece: attention-ring.ts.

import { exp } from '../../base/math.ts';
import type { AttentionSizes } from './attention-ring.ts';

/**
 * y_head = sum_n softmax_n(q . k_s / sqrt(headDim)) v_s, s = slots[n], n < count.
 * @param q    [heads, headDim] f32   @param k, v [slots kept, kvHeads, headDim] f32
 * @param slots [>= count] u32, count >= 1   @param scores [>= count] f64 - scratch
 * @param y    [heads, headDim] f32 - written, must not alias q
 * Cost: heads * count * (4 headDim flops + 1 exp). Allocates nothing. f64 sums in list order, f32 store.
 */
export function attendSlots(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  slots: Uint32Array,
  count: number,
  scores: Float64Array,
  y: Float32Array,
  { heads, kvHeads, headDim }: AttentionSizes,
): void {
  const stride = kvHeads * headDim;
  const scale = 1 / Math.sqrt(headDim);
  for (let head = 0; head < heads; head++) {
    const query = head * headDim;
    const shared = Math.floor((head * kvHeads) / heads) * headDim;
    let max = -Infinity;
    for (let n = 0; n < count; n++) {
      const key = slots[n]! * stride + shared;
      let score = 0;
      for (let i = 0; i < headDim; i++) score += q[query + i]! * k[key + i]!;
      score *= scale;
      scores[n] = score;
      if (score > max) max = score;
    }
    let total = 0;
    for (let n = 0; n < count; n++) {
      const weight = exp(scores[n]! - max);
      scores[n] = weight;
      total += weight;
    }
    for (let i = 0; i < headDim; i++) {
      let sum = 0;
      for (let n = 0; n < count; n++) sum += scores[n]! * v[slots[n]! * stride + shared + i]!;
      y[query + i] = sum / total;
    }
  }
}
