// Root-mean-square normalisation of one row (Zhang & Sennrich 2019, 1910.07467), as Llama and Mamba use it: no mean is
// taken off and the weight is a plain factor. Gemma's (1 + w) is another function. The gated form: gated-rms-norm.ts.

/**
 * y = x / sqrt(mean(x^2) + eps) * weight.
 * @param x [n] f32   @param weight [n] f32   @param y [n] f32 - written, may be x itself
 * Allocates nothing. f64 arithmetic, f32 store.
 */
export function rmsNorm(x: Float32Array, weight: Float32Array, eps: number, y: Float32Array): void {
  const n = x.length;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += x[i]! * x[i]!;
  const scale = 1 / Math.sqrt(squares / n + eps);
  for (let i = 0; i < n; i++) y[i] = x[i]! * scale * weight[i]!;
}
