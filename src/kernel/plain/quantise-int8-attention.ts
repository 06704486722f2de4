// Softmax attention of one query row over a ring of int8 keys and values (quantise-int8.ts), plus the newest row in f32:
// that row is quantised after it was used, so a stream's own last input never loses precision. The float ring is
// attention-ring.ts. Keys come rotated; the error of a score is at most |q|_1 scale / (2 sqrt(headDim)).

import { exp } from '../../base/math.ts';
import type { AttentionSizes } from './attention-ring.ts';

/** k, v [window, kvHeads, headDim / 4] u32 words and their scales [window, kvHeads] f32. */
export interface QuantisedRing {
  readonly k: Uint32Array;
  readonly v: Uint32Array;
  readonly kScale: Float32Array;
  readonly vScale: Float32Array;
  /** [window] f64: the absolute row in each slot, -1 for none. */
  readonly rows: Float64Array;
}

/**
 * y_head = softmax over the newest row and the slots with position - window < rows[s] < position.
 * @param q [heads, headDim] f32   @param k, v [kvHeads, headDim] f32: the newest row, not yet in the ring
 * @param scores [window] f64 - scratch   @param y [heads, headDim] f32 - written, must not alias q
 * Cost: heads * min(window, position + 1) * (4 headDim flops + 1 exp). Allocates nothing. f64 sums, f32 store.
 */
export function attendQuantised(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  ring: QuantisedRing,
  position: number,
  scores: Float64Array,
  y: Float32Array,
  { heads, kvHeads, headDim }: AttentionSizes,
): void {
  const { rows, kScale, vScale } = ring;
  const used = Math.min(rows.length, position);
  const scale = 1 / Math.sqrt(headDim);
  for (let head = 0; head < heads; head++) {
    const query = head * headDim;
    const shared = Math.floor((head * kvHeads) / heads);
    let own = 0;
    for (let i = 0; i < headDim; i++) own += q[query + i]! * k[shared * headDim + i]!;
    own *= scale;
    let max = own;
    for (let s = 0; s < used; s++) {
      const row = rows[s]!;
      const counts = row >= 0 && row > position - rows.length && row < position;
      const at = s * kvHeads + shared;
      scores[s] = counts ? scale * kScale[at]! * dotWords(q, query, ring.k, at * (headDim / 4), headDim) : -Infinity;
      max = Math.max(max, scores[s]!);
    }
    const ownWeight = exp(own - max);
    let total = ownWeight;
    for (let s = 0; s < used; s++) {
      const weight = exp(scores[s]! - max);
      total += weight;
      scores[s] = weight * vScale[s * kvHeads + shared]!; // from here on a weight of int8 values
    }
    for (let i = 0; i < headDim; i++) {
      const shift = 24 - 8 * (i & 3);
      let sum = ownWeight * v[shared * headDim + i]!;
      for (let s = 0, word = (shared * headDim + i) >> 2; s < used; s++, word += (kvHeads * headDim) / 4) {
        sum += scores[s]! * ((ring.v[word]! << shift) >> 24);
      }
      y[query + i] = sum / total;
    }
  }
}

/** q[from..] . the int8 values of `words` from `at`. */
function dotWords(q: Float32Array, from: number, words: Uint32Array, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 4) {
    const word = words[at + i / 4]!;
    sum += q[from + i]! * ((word << 24) >> 24) + q[from + i + 1]! * ((word << 16) >> 24);
    sum += q[from + i + 2]! * ((word << 8) >> 24) + q[from + i + 3]! * ((word | 0) >> 24);
  }
  return sum;
}
