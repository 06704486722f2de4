// The activation after the convolution of the Mamba family, over a row. The scalar is in base/math.ts.

import { silu } from '../../base/math.ts';

/** y = x * sigmoid(x) element by element. @param x [n] f32   @param y [n] f32 - written, may be x. Cost: n exp. */
export function siluInto(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) y[i] = silu(x[i]!);
}
