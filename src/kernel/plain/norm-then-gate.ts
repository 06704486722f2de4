// The output norm of gated linear attention and of the gated delta rule: each head is normed by itself, THEN gated
// (FusedRMSNormGated of flash-linear-attention, RMSNormGated of Qwen3-Next). Mamba-2 gates first: gated-rms-norm.ts.

import { silu } from '../../base/math.ts';

/**
 * y = x / sqrt(mean over the head of x^2 + eps) * weight * silu(gate).
 * @param x, gate, y [heads, n] f32, y may be x   @param weight [n] f32, shared by the heads
 * Cost: heads * n exp. Allocates nothing. f64 arithmetic, f32 store.
 */
export function normThenGate(
  x: Float32Array,
  gate: Float32Array,
  weight: Float32Array,
  eps: number,
  y: Float32Array,
): void {
  const n = weight.length;
  for (let first = 0; first < x.length; first += n) {
    let squares = 0;
    for (let i = first; i < first + n; i++) squares += x[i]! * x[i]!;
    const scale = 1 / Math.sqrt(squares / n + eps);
    for (let i = 0; i < n; i++) y[first + i] = x[first + i]! * scale * weight[i]! * silu(gate[first + i]!);
  }
}
