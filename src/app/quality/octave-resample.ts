// Sample rate conversion as Octave's `resample` designs it, which STOI's figures are given with: a Kaiser-windowed sinc, 60 dB
// down, its transition a tenth of its cutoff. Not the one that streams are converted with (operator/resample: flat to .45 of
// the lower rate); the difference shows in the third digit of STOI.

import { besselI0, cos, sinc } from '../../base/math.ts';

const REJECTION_DB = 60;
const KAISER_BETA = 0.1102 * (REJECTION_DB - 8.7);

/** samples [n] at fromHz -> [ceil(n * toHz / fromHz)] at toHz, zeros beyond both ends. */
export function octaveResample(samples: Float32Array, fromHz: number, toHz: number): Float64Array {
  const common = commonDivisor(fromHz, toHz);
  const up = toHz / common;
  const down = fromHz / common;
  if (up === down) return Float64Array.from(samples);
  const filter = lowPass(up, down);
  const half = (filter.length - 1) / 2;
  const out = new Float64Array(Math.ceil((samples.length * up) / down));
  for (let m = 0; m < out.length; m++) {
    // Output m lies at m * down of the rows that `up` - 1 zeros between samples make.
    const first = Math.max(0, Math.ceil((m * down - half) / up));
    const last = Math.min(samples.length - 1, Math.floor((m * down + half) / up));
    let sum = 0;
    for (let k = first; k <= last; k++) sum += filter[half + m * down - k * up]! * samples[k]!;
    out[m] = sum;
  }
  return out;
}

/** Odd length, sums to `up`. */
function lowPass(up: number, down: number): Float64Array {
  const cutoff = 1 / (2 * Math.max(up, down));
  const half = Math.ceil((REJECTION_DB - 8) / (28.714 * (cutoff / 10)));
  const filter = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const t = i - half;
    return sinc(2 * cutoff * t) * besselI0(KAISER_BETA * Math.sqrt(1 - (t / half) * (t / half)));
  });
  const sum = filter.reduce((total, value) => total + value, 0);
  return filter.map((value) => (up * value) / sum);
}

function commonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** MATLAB's `hanning`: symmetric, without the zeros at its ends. */
export const hanning = (size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * cos((2 * Math.PI * (i + 1)) / (size + 1)));
