// AssemblyScript: rows of log-mel from rows of spectra, as operator/log-mel does it: y_i = ln(sum_b w_ib |X_b|^2 + floor).
// Each band has its own first bin and as many weights as it needs, filled up to whole vectors with zeros.

import { heard } from './frames';
import { madd, storeTail, sums4 } from './lanes';
import { log } from './math';

/** Greatest power of a bin and of a band: beyond it there would be infinities, and NaN where a weight is 0. */
const LOUD: f32 = 3e38;

/**
 * @param spectrum [rows, bins, 2]   @param y [rows, count] - written
 * @param bands [ceil(count / 4) * 4, 2] i32: first bin and vectors of weights (0 beyond count)
 * @param weights all bands' vectors of weights in a row   @param power [bins + 4] - scratch, zeros behind bins
 */
export function logMel(
  spectrum: usize,
  bands: usize,
  weights: usize,
  power: usize,
  y: usize,
  bins: i32,
  count: i32,
  floor: f32,
  rows: i32,
): void {
  const base = f32x4.splat(floor);
  const loud = f32x4.splat(LOUD);
  for (let row = 0; row < rows; row++) {
    powerOf(spectrum, power, bins, loud);
    spectrum += <usize>bins << 3;
    let band = bands;
    let w = weights;
    for (let left = count; left > 0; left -= 4, band += 32, y += 16) {
      const a = energy(power, band, w);
      w += <usize>load<i32>(band, 4) << 4;
      const b = energy(power, band + 8, w);
      w += <usize>load<i32>(band, 12) << 4;
      const c = energy(power, band + 16, w);
      w += <usize>load<i32>(band, 20) << 4;
      const d = energy(power, band + 24, w);
      w += <usize>load<i32>(band, 28) << 4;
      const value = log(f32x4.pmin(f32x4.add(sums4(a, b, c, d), base), loud));
      if (left >= 4) v128.store(y, value);
      else {
        storeTail(y, value, left);
        y -= <usize>(4 - left) << 2;
      }
    }
  }
}

/** power[b] = re^2 + im^2. @param spectrum [bins, 2] */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
function powerOf(spectrum: usize, power: usize, bins: i32, loud: v128): void {
  let left = bins;
  for (; left >= 4; left -= 4, spectrum += 32, power += 16) {
    const low = heard(v128.load(spectrum)), high = heard(v128.load(spectrum, 16));
    v128.store(power, squares(v128.shuffle<f32>(low, high, 0, 2, 4, 6), v128.shuffle<f32>(low, high, 1, 3, 5, 7), loud));
  }
  for (; left > 0; left--, spectrum += 8, power += 4) {
    const pair = heard(v128.load64_zero(spectrum));
    storeTail(power, squares(pair, v128.shuffle<f32>(pair, pair, 1, 1, 1, 1), loud), 1);
  }
}

// @ts-ignore
@inline
function squares(re: v128, im: v128, loud: v128): v128 {
  return f32x4.pmin(madd(re, re, f32x4.mul(im, im)), loud);
}

// @ts-ignore
@inline
function energy(power: usize, band: usize, w: usize): v128 {
  let p = power + (<usize>load<i32>(band) << 2);
  let total = f32x4.splat(0);
  for (const end = w + (<usize>load<i32>(band, 4) << 4); w < end; w += 16, p += 16) {
    total = madd(v128.load(p), v128.load(w), total);
  }
  return total;
}
