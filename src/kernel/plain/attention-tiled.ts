// Attention of many rows at once over tiles of keys with a running softmax (Milakov & Gimelshein 2018, 1805.02867; tiled as
// in FlashAttention, Dao et al. 2022, 2205.14135, section 3.1): one tile of scores in flight, no score matrix. Every row
// starts from its own key, so the running maximum is never -Infinity. Equals attention-ring.ts within rounding.

import { exp } from '../../base/math.ts';
import type { AttentionSizes } from './attention-ring.ts';
import { dotPairs } from './dot-pairs.ts';

/** Keys and values in the order of time, the rows of the queries last: rows[count - queries + t] is query t's own. */
export interface Timeline {
  /** [count, kvHeads, headDim] f32, keys rotated. */
  readonly k: Float32Array;
  readonly v: Float32Array;
  /** [count] f64: absolute rows, increasing. */
  readonly rows: Float64Array;
  /** [queries, kvHeads, headDim] f32: each query's own row, which may be more exact than the cached one. */
  readonly ownK: Float32Array;
  readonly ownV: Float32Array;
}

/**
 * y_t = softmax over the rows r with rows_t - window < r <= rows_t, its own from ownK and ownV; headDim even.
 * @param q, y [queries, heads, headDim] f32 - y written   @param tile keys a tile, 1 or more
 * Cost: queries * heads * min(window, count) * (4 headDim flops + 1 exp), and one rescaling a tile. Allocates one tile.
 */
export function attendTiled(
  q: Float32Array,
  keys: Timeline,
  window: number,
  tile: number,
  y: Float32Array,
  { heads, kvHeads, headDim }: AttentionSizes,
): void {
  const { k, v, rows, ownK, ownV } = keys;
  const stride = kvHeads * headDim;
  const queries = q.length / (heads * headDim);
  const before = rows.length - queries;
  const scale = 1 / Math.sqrt(headDim);
  const scores = new Float64Array(Math.min(tile, rows.length));
  const o = new Float64Array(headDim);
  for (let t = 0, first = 0; t < queries; t++) {
    while (rows[first]! <= rows[before + t]! - window) first++; // the window only moves on
    for (let head = 0; head < heads; head++) {
      const query = (t * heads + head) * headDim;
      const shared = Math.floor((head * kvHeads) / heads) * headDim;
      for (let i = 0; i < headDim; i++) o[i] = ownV[t * stride + shared + i]!;
      let max = scale * dotPairs(q, query, ownK, t * stride + shared, headDim);
      let total = 1;
      for (let from = first; from < before + t; from += tile) {
        const to = Math.min(from + tile, before + t);
        let highest = max;
        for (let s = from, key = from * stride + shared; s < to; s++, key += stride) {
          const score = scale * dotPairs(q, query, k, key, headDim);
          scores[s - from] = score;
          if (score > highest) highest = score;
        }
        const kept = exp(max - highest);
        max = highest;
        total *= kept;
        for (let s = from; s < to; s++) total += scores[s - from] = exp(scores[s - from]! - max);
        for (let i = 0, value = from * stride + shared; i < headDim; i += 2, value += 2) {
          let even = o[i]! * kept;
          let odd = o[i + 1]! * kept;
          for (let s = 0, at = value; s < to - from; s++, at += stride) {
            even += scores[s]! * v[at]!;
            odd += scores[s]! * v[at + 1]!;
          }
          o[i] = even;
          o[i + 1] = odd;
        }
      }
      for (let i = 0; i < headDim; i++) y[query + i] = o[i]! / total;
    }
  }
}
