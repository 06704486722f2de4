// Group normalisation of one row (Wu & He 2018, 1803.08494): statistics over each run of n / groups channels, weight and
// bias per channel. RWKV-5 and later norm every head by itself this way. One group is layer-norm.ts.

/**
 * y = (x - mean of its group) / sqrt(variance of its group + eps) * weight + bias.
 * @param x [groups, n / groups] f32   @param weight, bias [n] f32   @param y [n] f32 - written, may be x itself
 * Allocates nothing. f64 arithmetic, f32 store.
 */
export function groupNorm(
  x: Float32Array,
  groups: number,
  weight: Float32Array,
  bias: Float32Array,
  eps: number,
  y: Float32Array,
): void {
  const size = x.length / groups;
  for (let start = 0; start < x.length; start += size) {
    const end = start + size;
    let sum = 0;
    for (let i = start; i < end; i++) sum += x[i]!;
    const mean = sum / size;
    let squares = 0;
    for (let i = start; i < end; i++) squares += (x[i]! - mean) * (x[i]! - mean);
    const scale = 1 / Math.sqrt(squares / size + eps);
    for (let i = start; i < end; i++) y[i] = (x[i]! - mean) * scale * weight[i]! + bias[i]!;
  }
}
