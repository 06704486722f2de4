// One step of linear attention with a normaliser (Katharopoulos et al. 2020, 2006.16236, eq. 16-20): S and z are sums over
// all rows, nothing decays. The feature map phi is the caller's. Many rows at once: linear-attention-chunk.ts.

import { exp } from '../../base/math.ts';

export interface LinearAttentionSizes {
  readonly heads: number;
  readonly headKDim: number;
  readonly headVDim: number;
}

/** phi(x) = elu(x) + 1, the paper's feature map: positive, so the normaliser is too. */
export const eluPlusOne = (x: number): number => (x > 0 ? x + 1 : exp(x));

/**
 * S += v (outer) k;  z += k;  y = S q / (z . q + eps), head by head.
 * @param S [heads, headVDim, headKDim] f64 - mutated   @param z [heads, headKDim] f64 - mutated
 * @param q, k [heads, headKDim] f64, after phi   @param v [heads, headVDim] f32   @param y [heads, headVDim] f32 - written
 * Cost: 4 * heads * headKDim * (headVDim + 1) flops. Allocates nothing. f64 throughout.
 */
export function linearAttentionStep(
  S: Float64Array,
  z: Float64Array,
  q: Float64Array,
  k: Float64Array,
  v: Float32Array,
  y: Float32Array,
  eps: number,
  { heads, headKDim, headVDim }: LinearAttentionSizes,
): void {
  let at = 0;
  for (let head = 0; head < heads; head++) {
    const key = head * headKDim;
    let norm = eps;
    for (let i = key; i < key + headKDim; i++) {
      z[i] = z[i]! + k[i]!;
      norm += z[i]! * q[i]!;
    }
    for (let j = head * headVDim; j < (head + 1) * headVDim; j++) {
      const value = v[j]!;
      let sum = 0;
      for (let i = key; i < key + headKDim; i++) {
        const next = S[at]! + value * k[i]!;
        S[at++] = next;
        sum += next * q[i]!;
      }
      y[j] = sum / norm;
    }
  }
}
