// AssemblyScript: what lies around the transform of a frame: its window on the way in, overlap-add on the way out.

import { loadTail, madd, storeTail } from './lanes';

/**
 * Values under 2^-60 (-361 dB of full scale) become 0, NaN stays: then products of two of them are no subnormal numbers, each
 * of which costs a processor some 150 cycles.
 */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
export function heard(value: v128): v128 {
  return v128.andnot(value, f32x4.lt(f32x4.abs(value), f32x4.splat(<f32>8.673617379884035e-19)));
}

/** Values of x under 2^-60 become 0. @param x [n] - mutated */
export function hush(x: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16) v128.store(x, heard(v128.load(x)));
  if (n > 0) storeTail(x, heard(loadTail(x, n)), n);
}

/** y = x * window, values of x under 2^-60 as zeros. @param x, window, y [n]; y may be x */
export function windowFrame(x: usize, window: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, window += 16, y += 16) {
    v128.store(y, f32x4.mul(heard(v128.load(x)), v128.load(window)));
  }
  if (n > 0) storeTail(y, f32x4.mul(heard(loadTail(x, n)), loadTail(window, n)), n);
}

/** sums += x * gain. @param x, gain, sums [n] */
export function overlapAdd(x: usize, gain: usize, sums: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, gain += 16, sums += 16) {
    v128.store(sums, madd(v128.load(x), v128.load(gain), v128.load(sums)));
  }
  if (n > 0) storeTail(sums, madd(loadTail(x, n), loadTail(gain, n), loadTail(sums, n)), n);
}
