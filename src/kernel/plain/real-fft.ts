// Fourier transform of real values of an even size: one complex FFT of half the size, then the halves are put together.
// The spectrum is [size / 2 + 1, 2] (re, im); the other half is its mirror image. See fft.ts for the sizes.
//
// With z_n = x_2n + i x_2n+1 and Z its transform of size h = size / 2 (Numerical Recipes, section 12.3):
//   X_k = E_k + w^k O_k,   E_k = (Z_k + conj Z_h-k) / 2,   O_k = (Z_k - conj Z_h-k) / 2i,   w = e^(-2 pi i / size)

import { assert } from '../../base/assert.ts';
import { type FftPlan, fft, fftPlan, inverseFft, rootsOfUnity } from './fft.ts';

export interface RealFftPlan {
  readonly size: number;
  readonly half: FftPlan;
  /** [size, 2] e^(-2 pi i t / size). */
  readonly roots: Float64Array;
  /** [size / 2, 2] working space. */
  readonly scratch: Float64Array;
}

/** @throws ERR_INVARIANT when `size` is odd or has a prime factor above 5 */
export function realFftPlan(size: number): RealFftPlan {
  assert(size % 2 === 0, 'real fft size must be even');
  return { size, half: fftPlan(size / 2), roots: rootsOfUnity(size), scratch: new Float64Array(size) };
}

/** x [size] -> spectrum [size / 2 + 1, 2]. Allocates nothing; x and spectrum may not alias. */
export function realFft(plan: RealFftPlan, x: Float64Array, spectrum: Float64Array): void {
  const { half, roots, scratch: z } = plan;
  const h = half.size;
  z.set(x);
  fft(half, z);
  for (let k = 0; k <= h; k++) {
    const a = 2 * (k % h);
    const b = 2 * ((h - k) % h);
    const er = (z[a]! + z[b]!) / 2;
    const ei = (z[a + 1]! - z[b + 1]!) / 2;
    const or = (z[a + 1]! + z[b + 1]!) / 2;
    const oi = (z[b]! - z[a]!) / 2;
    const c = roots[2 * k]!;
    const s = roots[2 * k + 1]!;
    spectrum[2 * k] = er + c * or - s * oi;
    spectrum[2 * k + 1] = ei + c * oi + s * or;
  }
}

/** spectrum [size / 2 + 1, 2] -> x [size], with the factor 1 / size. The imaginary parts of bins 0 and size / 2 do not count. */
export function inverseRealFft(plan: RealFftPlan, spectrum: Float64Array, x: Float64Array): void {
  const { half, roots, scratch: z } = plan;
  const h = half.size;
  for (let k = 0; k < h; k++) {
    const a = 2 * k;
    const b = 2 * (h - k);
    const ai = k === 0 ? 0 : spectrum[a + 1]!;
    const bi = k === 0 ? 0 : spectrum[b + 1]!;
    const er = (spectrum[a]! + spectrum[b]!) / 2;
    const ei = (ai - bi) / 2;
    const dr = (spectrum[a]! - spectrum[b]!) / 2;
    const di = (ai + bi) / 2;
    const c = roots[a]!; // O_k = conj(w^k) (X_k - conj X_h-k) / 2
    const s = -roots[a + 1]!;
    const or = c * dr - s * di;
    const oi = c * di + s * dr;
    z[a] = er - oi;
    z[a + 1] = ei + or;
  }
  inverseFft(half, z);
  x.set(z);
}
