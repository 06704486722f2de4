// The two loops of a level spectrum: powers of the bins, and the row that a model sees. The running level between them is the
// caller's (operator/level-spectrum). float64 inside; the fast twin: ../simd/level-features.ts.
//
// With x a bin of the spectrum, L the level and p = |x|^2 / L + floor:  ln p,  and re and im of x p^exponent / sqrt(L).

import { exp, log } from '../../base/math.ts';

/** spectrum [bins, 2] -> power [bins] |x|^2; returns their sum. */
export function spectrumPower(spectrum: Float32Array, power: Float64Array): number {
  let sum = 0;
  for (let bin = 0; bin < power.length; bin++) {
    const re = spectrum[2 * bin]!;
    const im = spectrum[2 * bin + 1]!;
    sum += power[bin] = re * re + im * im;
  }
  return sum;
}

/**
 * @param spectrum [bins, 2]   @param power [bins]   @param y [bins + 2 phaseBins] - written: ln p of all bins, then re, then im
 * of the lowest phaseBins
 */
export function levelFeatures(
  spectrum: Float32Array,
  power: Float64Array,
  y: Float32Array,
  phaseBins: number,
  level: number,
  floor: number,
  exponent: number,
): void {
  const bins = power.length;
  const scale = 1 / Math.sqrt(level);
  for (let bin = 0; bin < bins; bin++) {
    const logarithm = log(power[bin]! / level + floor);
    y[bin] = logarithm;
    if (bin >= phaseBins) continue;
    const squeeze = exp(exponent * logarithm) * scale;
    y[bins + bin] = spectrum[2 * bin]! * squeeze;
    y[bins + phaseBins + bin] = spectrum[2 * bin + 1]! * squeeze;
  }
}
