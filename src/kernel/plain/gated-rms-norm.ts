// The output norm of a Mamba-2 mixer: the gate is applied BEFORE the norm (norm_before_gate = false). The gated delta
// rule norms first, which is another function. Statistics over the whole row, as transformers does, or over each of
// `groups` equal parts of it, as mamba-ssm does: checkpoints with more than one group differ there.

import { silu } from '../../base/math.ts';

/**
 * out = g / sqrt(mean(g^2) + eps) * weight, with g = y * silu(z) and the mean over a group.
 * @param y, z, weight [n] f32   @param out [n] f32 - written, may be y
 * Cost: n exp. Allocates nothing. f64 arithmetic; g is kept in f32 between the two passes.
 */
export function gatedRmsNorm(
  y: Float32Array,
  z: Float32Array,
  weight: Float32Array,
  eps: number,
  out: Float32Array,
  groups = 1,
): void {
  const n = y.length / groups;
  for (let from = 0; from < y.length; from += n) {
    let squares = 0;
    for (let i = from; i < from + n; i++) {
      const gated = y[i]! * silu(z[i]!);
      squares += gated * gated;
      out[i] = gated;
    }
    const scale = 1 / Math.sqrt(squares / n + eps);
    for (let i = from; i < from + n; i++) out[i] = out[i]! * scale * weight[i]!;
  }
}
