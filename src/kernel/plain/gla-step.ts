// One step of gated linear attention (Yang et al. 2023, 2312.06635, eq. 3): a sum of key-value products in which every key
// channel forgets at its own rate. No normaliser. Many rows at once: gla-chunks.ts.

import { exp } from '../../base/math.ts';

export interface GlaSizes {
  readonly heads: number;
  readonly headKDim: number;
  readonly headVDim: number;
}

/**
 * S = S diag(e^(dt g)) + v (outer) k;  y = headKDim^-1/2 S q, head by head.
 * @param S [heads, headVDim, headKDim] f32 - mutated   @param q, k [heads, headKDim] f32   @param v [heads, headVDim] f32
 * @param g [heads, headKDim] f64, <= 0 - overwritten by e^(dt g)   @param y [heads, headVDim] f32 - written
 * @param dt rows since the row before, 1 when on time
 * Cost: heads * headKDim * (5 headVDim + 1 exp). Allocates nothing. f64 arithmetic, f32 store.
 */
export function glaStep(
  S: Float32Array,
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  g: Float64Array,
  y: Float32Array,
  dt: number,
  { heads, headKDim, headVDim }: GlaSizes,
): void {
  const scale = 1 / Math.sqrt(headKDim);
  for (let i = 0; i < heads * headKDim; i++) g[i] = exp(dt * g[i]!);
  let at = 0;
  for (let head = 0; head < heads; head++) {
    const [first, end] = [head * headKDim, (head + 1) * headKDim];
    for (let j = head * headVDim; j < (head + 1) * headVDim; j++) {
      const value = v[j]!;
      let sum = 0;
      for (let i = first; i < end; i++) {
        const next = g[i]! * S[at]! + value * k[i]!;
        S[at++] = next;
        sum += next * q[i]!;
      }
      y[j] = scale * sum;
    }
  }
}
