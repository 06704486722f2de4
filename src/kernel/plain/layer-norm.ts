// Layer normalisation of one row (Ba et al. 2016, 1607.06450), with weight and bias, as RWKV, H3 and the S4 models use it.
// The mean is taken off, unlike rms-norm.ts; per head: group-norm.ts. Two passes, so a large mean costs no digits.

/** [n] each. */
export interface LayerNormWeights {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/**
 * y = (x - mean) / sqrt(variance + eps) * weight + bias; variance is the mean of squares, not divided by n - 1.
 * @param x [n] f32   @param weight, bias [n] f32   @param y [n] f32 - written, may be x itself
 * Allocates nothing. f64 arithmetic, f32 store.
 */
export function layerNorm(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  eps: number,
  y: Float32Array,
): void {
  const n = x.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += x[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (x[i]! - mean) * (x[i]! - mean);
  const scale = 1 / Math.sqrt(squares / n + eps);
  for (let i = 0; i < n; i++) y[i] = (x[i]! - mean) * scale * weight[i]! + bias[i]!;
}
