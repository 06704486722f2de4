// One spectrum and one row of a model's head to the cleaned spectrum: in float64, or on the WebAssembly kernels in float32.
// The stage around it: spectral-filter.ts. The twin of both: train/denoise_net.py, apply().

import { sigmoid } from '../../base/math.ts';
import { filterSpectrum, type SpectrumFilter } from '../../kernel/plain/filter-spectrum.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import { sharedRegion } from '../../kernel/wasm/shared-region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';

/** What the values of a model's row mean: where each part begins. */
export interface FilterHeads {
  /** Values in the row. */
  readonly width: number;
  /** [bins] gains. */
  readonly gain: number;
  /** [taps, filtered] real, then imaginary parts of the filter; tap 0 is the present hop. */
  readonly filterRe: number;
  readonly filterIm: number;
  /** Probability of speech. */
  readonly speech: number;
  /** Whether the row went through a sigmoid already. */
  readonly activated: boolean;
}

export interface FilterRowsOptions extends SpectrumFilter {
  readonly bins: number;
  readonly heads: FilterHeads;
}

export interface FilterRows {
  /**
   * row [heads.width], spectrum [bins, 2], past [taps - 1, filtered, 2] (the latest hop first) -> y [bins, 2]; returns the
   * probability of speech. Allocates nothing.
   */
  into(row: Float32Array, spectrum: Float32Array, past: Float32Array, y: Float32Array): number;
}

/** @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left */
export function filterRows(options: FilterRowsOptions, simd?: Simd): FilterRows {
  if (!simd) return plainFilterRows(options);
  return sharedRegion(`filter ${simd.numerics} ${JSON.stringify(options)}`, (region) =>
    nearFilterRows(options, simd, region),
  );
}

function plainFilterRows(options: FilterRowsOptions): FilterRows {
  const { bins, heads, filtered, taps } = options;
  const shares = new Float32Array(heads.width);
  const part = (from: number, length: number): Float32Array => shares.subarray(from, from + length);
  const gain = part(heads.gain, bins);
  const [re, im] = [part(heads.filterRe, taps * filtered), part(heads.filterIm, taps * filtered)];
  return {
    into(row, spectrum, past, y) {
      if (heads.activated) shares.set(row);
      else for (let i = 0; i < row.length; i++) shares[i] = sigmoid(row[i]!);
      filterSpectrum(options, spectrum, past, gain, re, im, y);
      return shares[heads.speech]!;
    },
  };
}

function nearFilterRows(options: FilterRowsOptions, { kernels }: Simd, region: Region): FilterRows {
  const { bins, heads, filtered, taps, span, least, strength } = options;
  const pastLength = (taps - 1) * filtered * 2;
  const [shares, x, before, to] = [heads.width, 2 * bins, pastLength, 2 * bins].map(region.floats) as Addresses;
  const [rowIn, xIn] = [region.view(shares, heads.width), region.view(x, 2 * bins)];
  const [pastIn, out] = [region.view(before, pastLength), region.view(to, 2 * bins)];
  const [gain, re, im] = [heads.gain, heads.filterRe, heads.filterIm].map((at) => shares + 4 * at) as Addresses;
  return {
    into(row, spectrum, past, y) {
      rowIn.set(row);
      xIn.set(spectrum);
      pastIn.set(past);
      if (!heads.activated) kernels.sigmoidInto(shares, shares, heads.width);
      kernels.filterSpectrum(x, before, gain, re, im, to, bins, filtered, taps, span, least, strength);
      y.set(out);
      return rowIn[heads.speech]!;
    },
  };
}

type Addresses = [number, number, number, number];
