// Log-spectral distance (Gray & Markel 1976; as Cohen & Gannot 2008, "Spectral enhancement methods", section 44.9, use it for
// speech in noise): the root mean square over frequencies of the difference of two log spectra, averaged over frames. Spectra
// are confined to the 50 dB below the clean signal's highest value, so that digital silence does not rule the figure.

import { cos, log10 } from '../../base/math.ts';
import { realFft, realFftPlan } from '../../kernel/plain/real-fft.ts';

/** 32 ms at 16 kHz, Hann, every 16 ms. */
const SIZE = 512;
const HOP_ROWS = 256;
const BINS = SIZE / 2 + 1;
const RANGE_DB = 50;

/** clean, estimate [n] at 16 kHz -> dB, 0 for equal ones. NaN when clean is silent throughout or shorter than a frame. */
export function logSpectralDistance(clean: Float32Array, estimate: Float32Array): number {
  const reference = logSpectra(clean);
  const other = logSpectra(estimate);
  const floor = reference.reduce((most, value) => Math.max(most, value), -Infinity) - RANGE_DB;
  if (floor === -Infinity) return Number.NaN;
  let sum = 0;
  for (let at = 0; at < reference.length; at += BINS) {
    let squares = 0;
    for (let k = at; k < at + BINS; k++) {
      const difference = Math.max(reference[k]!, floor) - Math.max(other[k]!, floor);
      squares += difference * difference;
    }
    sum += Math.sqrt(squares / BINS);
  }
  return sum / (reference.length / BINS);
}

/** [frames, BINS] of 20 log10 |X|. */
function logSpectra(samples: Float32Array): Float64Array {
  const plan = realFftPlan(SIZE);
  const window = Float64Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * cos((2 * Math.PI * i) / SIZE));
  const frames = Math.max(0, Math.floor((samples.length - SIZE) / HOP_ROWS) + 1);
  const out = new Float64Array(frames * BINS);
  const windowed = new Float64Array(SIZE);
  const spectrum = new Float64Array(2 * BINS);
  for (let frame = 0; frame < frames; frame++) {
    for (let i = 0; i < SIZE; i++) windowed[i] = window[i]! * samples[frame * HOP_ROWS + i]!;
    realFft(plan, windowed, spectrum);
    for (let k = 0; k < BINS; k++) {
      const [re, im] = [spectrum[2 * k]!, spectrum[2 * k + 1]!];
      out[frame * BINS + k] = 10 * log10(re * re + im * im);
    }
  }
  return out;
}
