// AssemblyScript: gain, short complex filter and limit of one spectrum, as kernel/plain/filter-spectrum.ts has them. What
// a gain leaves under 2^-60 is 0: the inverse transform would be slow on subnormal numbers.

import { heard } from './frames';
import { loadTail, madd, nmadd } from './lanes';
import { highPairs, imags, lowPairs, reals, storePairs } from './pairs';

/** Under this |y|^2 a direction is not told: such a bin takes the direction of x. */
const FAINT: f32 = 1e-30;

/**
 * @param x [bins, 2]   @param past [taps - 1, filtered, 2] the hops before, the latest first
 * @param gain [bins]   @param re, im [taps, filtered] in [0, 1]   @param y [bins, 2] - written
 */
export function filterSpectrum(
  x: usize,
  past: usize,
  gain: usize,
  re: usize,
  im: usize,
  y: usize,
  bins: i32,
  filtered: i32,
  taps: i32,
  span: f32,
  least: f32,
  strength: f32,
): void {
  let from = x;
  let to = y;
  for (let left = bins; left > 0; left -= 4, from += 32, to += 32, gain += 16) {
    const g = left >= 4 ? v128.load(gain) : loadTail(gain, left);
    const low = lowPairs(from, left), high = highPairs(from, left);
    storePairs(to, heard(f32x4.mul(g, reals(low, high))), heard(f32x4.mul(g, imags(low, high))), left);
  }
  for (let tap = 0; tap < taps; tap++) {
    addFiltered(tap == 0 ? x : past, re, im, y, filtered, span);
    if (tap > 0) past += <usize>filtered << 3;
    re += <usize>filtered << 2;
    im += <usize>filtered << 2;
  }
  if (least > 0 || strength < 1) limit(x, y, bins, least, strength);
}

/** y [n, 2] += (2 span re - span + i (2 span im - span)) x. @param x [n, 2]   @param re, im [n] */
function addFiltered(x: usize, re: usize, im: usize, y: usize, n: i32, span: f32): void {
  const twice = f32x4.splat(2 * span), low = f32x4.splat(-span);
  for (; n > 0; n -= 4, x += 32, y += 32, re += 16, im += 16) {
    const a = madd(n >= 4 ? v128.load(re) : loadTail(re, n), twice, low);
    const c = madd(n >= 4 ? v128.load(im) : loadTail(im, n), twice, low);
    const xl = lowPairs(x, n), xh = highPairs(x, n);
    const yl = lowPairs(y, n), yh = highPairs(y, n);
    const xr = reals(xl, xh), xi = imags(xl, xh);
    const yr = nmadd(c, xi, madd(a, xr, reals(yl, yh)));
    const yi = madd(c, xr, madd(a, xi, imags(yl, yh)));
    storePairs(y, yr, yi, n);
  }
}

/** Where |y| < least |x|, y takes that magnitude; then y = x + strength (y - x). @param x, y [n, 2] */
function limit(x: usize, y: usize, n: i32, least: f32, strength: f32): void {
  const floor = f32x4.splat(least), share = f32x4.splat(strength), faint = f32x4.splat(FAINT);
  for (; n > 0; n -= 4, x += 32, y += 32) {
    const xl = lowPairs(x, n), xh = highPairs(x, n);
    const yl = lowPairs(y, n), yh = highPairs(y, n);
    const xr = reals(xl, xh), xi = imags(xl, xh);
    let yr = reals(yl, yh), yi = imags(yl, yh);
    const px = madd(xr, xr, f32x4.mul(xi, xi)), py = madd(yr, yr, f32x4.mul(yi, yi));
    const isLow = f32x4.lt(py, f32x4.mul(f32x4.mul(floor, floor), px)), told = f32x4.gt(py, faint);
    const scale = f32x4.div(f32x4.mul(floor, f32x4.sqrt(px)), f32x4.sqrt(py));
    const lr = v128.bitselect(f32x4.mul(yr, scale), f32x4.mul(floor, xr), told);
    const li = v128.bitselect(f32x4.mul(yi, scale), f32x4.mul(floor, xi), told);
    yr = v128.bitselect(lr, yr, isLow);
    yi = v128.bitselect(li, yi, isLow);
    storePairs(y, madd(share, f32x4.sub(yr, xr), xr), madd(share, f32x4.sub(yi, xi), xi), n);
  }
}
