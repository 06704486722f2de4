// One step of the state-space dual recurrence of Mamba-2 (Dao & Gu 2024, 2405.21060, section 6): one decay per head, B
// and C shared by the heads of a group. The recurrent form only: no chunked matrices here. Discretisation is the family's
// first order one, exp(dt A) for the state and dt B for the input, not zero-order hold.

import { exp } from '../../base/math.ts';

export interface SsdSizes {
  readonly heads: number;
  readonly headDim: number;
  readonly dState: number;
  /** Divides heads; head j reads group floor(j / (heads / groups)). */
  readonly groups: number;
}

/**
 * h = exp(dt A) h + dt * x (outer) B;  y = h . C + D x, head by head.
 * @param h  [heads, headDim, dState] f32 - mutated
 * @param dt [heads] f64, >= 0, after softplus and clamp   @param A [heads] f64, < 0
 * @param x  [heads, headDim] f32   @param B, C [groups, dState] f32   @param D [heads] f32
 * @param y  [heads, headDim] f32 - written, must not alias x
 * Cost: heads exp + 5 * heads * headDim * dState flops. Allocates nothing. f64 arithmetic, f32 store.
 */
export function ssdStep(
  h: Float32Array,
  dt: Float64Array,
  A: Float64Array,
  x: Float32Array,
  B: Float32Array,
  C: Float32Array,
  D: Float32Array,
  y: Float32Array,
  sizes: SsdSizes,
): void {
  const { heads, headDim, dState } = sizes;
  const headsPerGroup = heads / sizes.groups;
  let at = 0;
  for (let head = 0; head < heads; head++) {
    const decay = exp(dt[head]! * A[head]!);
    const group = Math.floor(head / headsPerGroup) * dState;
    const skip = D[head]!;
    for (let p = head * headDim; p < (head + 1) * headDim; p++) {
      const input = x[p]!;
      const drive = dt[head]! * input;
      let sum = skip * input;
      for (let n = 0; n < dState; n++) {
        const next = decay * h[at]! + drive * B[group + n]!;
        h[at++] = next;
        sum += next * C[group + n]!;
      }
      y[p] = sum;
    }
  }
}
