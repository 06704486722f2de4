// Scale-invariant signal-to-distortion ratio (Le Roux, Wisdom, Erdogan & Hershey 2019, "SDR - half-baked or well done?",
// 1811.02508, equation 3): how much of the estimate is the clean signal at any gain, against the rest. No mean is removed.

import { log10 } from '../../base/math.ts';

/** What equal signals get: float32 samples leave no more than some 140 dB, and Infinity is no figure. */
export const SI_SDR_MAX = 100;

/** clean, estimate [n] -> dB, at most SI_SDR_MAX. NaN when either is silent throughout. */
export function siSdr(clean: Float32Array, estimate: Float32Array): number {
  let both = 0;
  let cleanEnergy = 0;
  for (let i = 0; i < clean.length; i++) {
    both += clean[i]! * estimate[i]!;
    cleanEnergy += clean[i]! * clean[i]!;
  }
  const gain = both / cleanEnergy;
  let noise = 0;
  for (let i = 0; i < clean.length; i++) {
    const rest = gain * clean[i]! - estimate[i]!;
    noise += rest * rest;
  }
  return Math.min(SI_SDR_MAX, 10 * log10((gain * gain * cleanEnergy) / noise));
}
