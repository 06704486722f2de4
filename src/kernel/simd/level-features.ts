// AssemblyScript: the two loops of a level spectrum, as kernel/plain/level-features.ts has them, for one row. p^exponent is
// taken from the logarithm that is needed anyway. Values under 2^-60 count as 0: their squares would be subnormal.

import { heard } from './frames';
import { loadTail, madd, storeTail, sum } from './lanes';
import { exp, log } from './math';
import { highPairs, imags, lowPairs, reals } from './pairs';

/** spectrum [bins, 2] -> power [bins] |x|^2; returns their sum. */
export function spectrumPower(spectrum: usize, power: usize, bins: i32): f32 {
  let total = f32x4.splat(0);
  for (let left = bins; left > 0; left -= 4, spectrum += 32, power += 16) {
    const low = heard(lowPairs(spectrum, left)), high = heard(highPairs(spectrum, left));
    const re = reals(low, high), im = imags(low, high);
    const p = madd(re, re, f32x4.mul(im, im));
    total = f32x4.add(total, p);
    if (left >= 4) v128.store(power, p);
    else storeTail(power, p, left);
  }
  return sum(total);
}

/**
 * @param spectrum [bins, 2]   @param power [bins]   @param y [bins + 2 phaseBins] - written
 * @param inverse 1 / level   @param scale 1 / sqrt(level)
 */
export function levelFeatures(
  spectrum: usize,
  power: usize,
  y: usize,
  bins: i32,
  phaseBins: i32,
  inverse: f32,
  scale: f32,
  floor: f32,
  exponent: f32,
): void {
  const byLevel = f32x4.splat(inverse), base = f32x4.splat(floor);
  let to = y;
  let left = bins;
  for (; left >= 4; left -= 4, power += 16, to += 16) {
    v128.store(to, log(madd(v128.load(power), byLevel, base)));
  }
  if (left > 0) storeTail(to, log(madd(loadTail(power, left), byLevel, base)), left);
  const raise = f32x4.splat(exponent), root = f32x4.splat(scale);
  let re = y + (<usize>bins << 2);
  let im = re + (<usize>phaseBins << 2);
  for (left = phaseBins; left > 0; left -= 4, spectrum += 32, y += 16, re += 16, im += 16) {
    const low = heard(lowPairs(spectrum, left)), high = heard(highPairs(spectrum, left));
    const logarithm = left >= 4 ? v128.load(y) : loadTail(y, left);
    const squeeze = f32x4.mul(exp(f32x4.mul(raise, logarithm)), root);
    const r = f32x4.mul(reals(low, high), squeeze), i = f32x4.mul(imags(low, high), squeeze);
    if (left >= 4) {
      v128.store(re, r);
      v128.store(im, i);
    } else {
      storeTail(re, r, left);
      storeTail(im, i, left);
    }
  }
}
