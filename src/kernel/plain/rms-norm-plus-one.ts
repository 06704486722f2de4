// Root-mean-square normalisation whose weight is stored as its distance from 1: Gemma, RecurrentGemma and Qwen3-Next
// train w from zeros and multiply by (1 + w). With the plain norm of rms-norm.ts such a checkpoint falls silent.

/**
 * y = x / sqrt(mean(x^2) + eps) * (1 + weight).
 * @param x [n] f32   @param weight [n] f32   @param y [n] f32 - written, may be x itself
 * Allocates nothing. f64 arithmetic, f32 store.
 */
export function rmsNormPlusOne(x: Float32Array, weight: Float32Array, eps: number, y: Float32Array): void {
  const n = x.length;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += x[i]! * x[i]!;
  const scale = 1 / Math.sqrt(squares / n + eps);
  for (let i = 0; i < n; i++) y[i] = x[i]! * scale * (1 + weight[i]!);
}
