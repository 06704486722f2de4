// Causal convolution of real rows with fixed taps by FFT, in float64. The taps' spectra are kept, one per FFT size, so a call
// costs two transforms. Not for a stream's single rows: a call knows no past. The transforms: real-fft.ts.

import { inverseRealFft, type RealFftPlan, realFft, realFftPlan } from './real-fft.ts';

export interface FftWorkspace {
  readonly plan: RealFftPlan;
  /** [size], for the signal. */
  readonly signal: Float64Array;
  /** [size / 2 + 1, 2]. */
  readonly spectrum: Float64Array;
}
/** The workspace of an FFT size, made at its first use. */
export type FftWorkspaces = (size: number) => FftWorkspace;

export function fftWorkspaces(): FftWorkspaces {
  const made = new Map<number, FftWorkspace>();
  return (size) => {
    let found = made.get(size);
    if (!found) {
      const plan = realFftPlan(size);
      found = { plan, signal: new Float64Array(size), spectrum: new Float64Array(size + 2) };
      made.set(size, found);
    }
    return found;
  };
}

/** The smallest power of two that is at least `n`, at least 1. */
export function powerOfTwo(n: number): number {
  let size = 1;
  while (size < n) size *= 2;
  return size;
}

/** Spectrum of `taps`, padded with zeros or cut to `size`: [size / 2 + 1, 2]. */
export function tapSpectrum({ plan, signal }: FftWorkspace, taps: Float64Array): Float64Array {
  const kept = Math.min(taps.length, plan.size);
  for (let i = 0; i < plan.size; i++) signal[i] = i < kept ? taps[i]! : 0;
  const spectrum = new Float64Array(plan.size + 2);
  realFft(plan, signal, spectrum);
  return spectrum;
}

/** signal <- cyclic convolution of signal with the taps of `spectrum`, in place. Allocates nothing. */
export function convolveCyclic({ plan, signal, spectrum }: FftWorkspace, taps: Float64Array): void {
  realFft(plan, signal, spectrum);
  for (let k = 0; k < taps.length; k += 2) {
    const re = spectrum[k]!;
    const im = spectrum[k + 1]!;
    spectrum[k] = re * taps[k]! - im * taps[k + 1]!;
    spectrum[k + 1] = re * taps[k + 1]! + im * taps[k]!;
  }
  inverseRealFft(plan, spectrum, signal);
}

/** y_t = sum_l taps_l x_(t - l) for t < rows, x zero before row 0. */
export type CausalConvolver = (x: Float64Array, y: Float64Array, rows: number) => void;

/**
 * Padded to twice the rows: a shorter transform wraps the end of the signal into its start. x and y may be one array.
 * Cost: two transforms of the smallest power of two that holds 2 * rows. Error some 1e-16 of max|x| sum|taps|.
 */
export function causalConvolver(taps: Float64Array, workspaces: FftWorkspaces): CausalConvolver {
  const spectra = new Map<number, Float64Array>();
  return (x, y, rows) => {
    const half = powerOfTwo(rows);
    const space = workspaces(2 * half);
    let spectrum = spectra.get(half);
    if (!spectrum) {
      spectrum = tapSpectrum(space, taps.subarray(0, half)); // later taps cannot reach these rows, but would wrap
      spectra.set(half, spectrum);
    }
    space.signal.fill(0);
    for (let t = 0; t < rows; t++) space.signal[t] = x[t]!;
    convolveCyclic(space, spectrum);
    for (let t = 0; t < rows; t++) y[t] = space.signal[t]!;
  };
}
