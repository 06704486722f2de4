// Frames to spectra and back by overlap-add, as the networks of the peers were trained on it: PyTorch's rfft (no scaling)
// with a window on both sides. Float64 inside, for it must not be what limits them; some 14 us a block of 512 there and back.

import { inverseRealFft, realFft, realFftPlan } from '../../../kernel/plain/real-fft.ts';

export interface SpectraOptions {
  /** Of the transform and of the window. */
  readonly size: number;
  /** Rows a frame brings; divides `size`. */
  readonly hopRows: number;
  /** [size], applied on both sides; absent: none. */
  readonly window?: Float64Array;
}

export interface Spectra {
  /** Bins of a spectrum: size / 2 + 1. */
  readonly bins: number;
  /** frame [hopRows] joins the rows before it; the spectrum [bins, 2] (re, im) of the last `size` rows. Holds until the next call. */
  analyse(frame: Float32Array): Float64Array;
  /** spectrum [bins, 2] -> the block [size] it stands for, not yet windowed or added. Holds until the next call. */
  invert(spectrum: Float64Array): Float64Array;
  /** block [size] through the window onto what earlier blocks left: the oldest hopRows rows, which are then complete. */
  overlapAdd(block: ArrayLike<number>): Float32Array;
}

/** Rows come out size - hopRows after they went in. One stream. */
export function makeSpectra({ size, hopRows, window }: SpectraOptions): Spectra {
  const plan = realFftPlan(size);
  const bins = size / 2 + 1;
  const heard = new Float64Array(size);
  const windowed = new Float64Array(size);
  const spectrum = new Float64Array(2 * bins);
  const block = new Float64Array(size);
  const pending = new Float64Array(size);
  const out = new Float32Array(hopRows);
  return {
    bins,
    analyse(frame) {
      heard.copyWithin(0, hopRows);
      heard.set(frame, size - hopRows);
      for (let i = 0; i < size; i++) windowed[i] = heard[i]! * (window?.[i] ?? 1);
      realFft(plan, windowed, spectrum);
      return spectrum;
    },
    invert(from) {
      inverseRealFft(plan, from, block);
      return block;
    },
    overlapAdd(added) {
      pending.copyWithin(0, hopRows);
      pending.fill(0, size - hopRows);
      for (let i = 0; i < size; i++) pending[i]! += added[i]! * (window?.[i] ?? 1);
      for (let i = 0; i < hopRows; i++) out[i] = pending[i]!;
      return out;
    },
  };
}

/** The square root of a periodic Hann window: applied twice at half overlap it adds up to 1. */
export function rootHann(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => Math.sin((Math.PI * i) / size));
}
