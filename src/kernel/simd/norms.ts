// AssemblyScript: norms over rows. Plain twins: plain/{rms-norm,layer-norm,gated-rms-norm}.ts. Sums run in four lanes, which
// are added at the end of a row; scale and shift then go over the row once more.

import { loadTail, storeTail, sum, sumOfSquares } from './lanes';
import { silu } from './math';

/** y = x * scale * weight. */
// @ts-ignore
@inline
function scaleInto(x: usize, weight: usize, y: usize, scale: f32, n: i32): void {
  const s = f32x4.splat(scale);
  const end = x + (<usize>(n & ~3) << 2);
  for (; x < end; x += 16, weight += 16, y += 16) {
    v128.store(y, f32x4.mul(f32x4.mul(v128.load(x), s), v128.load(weight)));
  }
  if (n & 3) storeTail(y, f32x4.mul(f32x4.mul(loadTail(x, n & 3), s), loadTail(weight, n & 3)), n & 3);
}

/** y = x / sqrt(mean(x^2) + eps) * weight. @param x, y [rows, n], y may be x   @param weight [n] */
export function rmsNorm(x: usize, weight: usize, y: usize, n: i32, eps: f32, rows: i32): void {
  for (let row = 0; row < rows; row++) {
    const scale: f32 = <f32>1 / sqrt<f32>(sumOfSquares(x, n) / <f32>n + eps);
    scaleInto(x, weight, y, scale, n);
    x += <usize>n << 2;
    y += <usize>n << 2;
  }
}

/** y = (x - mean) / sqrt(variance + eps) * weight + bias. @param x, y [rows, n], y may be x   @param weight, bias [n] */
export function layerNorm(x: usize, weight: usize, bias: usize, y: usize, n: i32, eps: f32, rows: i32): void {
  for (let row = 0; row < rows; row++) {
    centre(x, y, n);
    const scale: f32 = <f32>1 / sqrt<f32>(sumOfSquares(y, n) / <f32>n + eps);
    scaleInto(y, weight, y, scale, n);
    for (let i = 0; i < n; i++) {
      const at = <usize>i << 2;
      store<f32>(y + at, load<f32>(y + at) + load<f32>(bias + at));
    }
    x += <usize>n << 2;
    y += <usize>n << 2;
  }
}

/** y = x - mean(x). */
function centre(x: usize, y: usize, n: i32): void {
  const vectors = x + (<usize>(n & ~3) << 2);
  let total = f32x4.splat(0);
  for (let p = x; p < vectors; p += 16) total = f32x4.add(total, v128.load(p));
  if (n & 3) total = f32x4.add(total, loadTail(vectors, n & 3));
  const mean = sum(total) / <f32>n;
  for (let i = 0; i < n; i++) store<f32>(y + (<usize>i << 2), load<f32>(x + (<usize>i << 2)) - mean);
}

/**
 * y = g / sqrt(mean(g^2) + eps) * weight with g = y * silu(z), the mean over each of `groups` equal parts of a row.
 * @param y [rows, n] - mutated   @param z rows of `stride` values, the first n count   @param weight [n]
 */
export function gatedRmsNorm(
  y: usize,
  z: usize,
  stride: i32,
  weight: usize,
  n: i32,
  groups: i32,
  eps: f32,
  rows: i32,
): void {
  const part = n / groups;
  for (let row = 0; row < rows; row++) {
    gate(y, z, n);
    for (let g = 0; g < groups; g++) {
      const at = (<usize>g * <usize>part) << 2;
      const scale: f32 = <f32>1 / sqrt<f32>(sumOfSquares(y + at, part) / <f32>part + eps);
      scaleInto(y + at, weight + at, y + at, scale, part);
    }
    y += <usize>n << 2;
    z += <usize>stride << 2;
  }
}

/** y *= silu(z). */
function gate(y: usize, z: usize, n: i32): void {
  const end = y + (<usize>(n & ~3) << 2);
  for (; y < end; y += 16, z += 16) v128.store(y, f32x4.mul(v128.load(y), silu(v128.load(z))));
  if (n & 3) storeTail(y, f32x4.mul(loadTail(y, n & 3), silu(loadTail(z, n & 3))), n & 3);
}
