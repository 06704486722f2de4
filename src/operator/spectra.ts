// One frame to its spectrum, for the stages that do so: in float64, rounded on store, or on the WebAssembly kernels in float32
// (within 1e-6 of the spectrum's largest value). The frame's shape: frames.ts.

import { realFft, realFftPlan } from '../kernel/plain/real-fft.ts';
import { isNearFftSize, nearRealFft } from '../kernel/wasm/real-fft.ts';
import { sharedRegion } from '../kernel/wasm/shared-region.ts';
import type { Simd } from '../kernel/wasm/simd.ts';
import { type FrameOptions, spectrumWidth, windowOf } from './frames.ts';

export interface Spectra {
  /** [fftSize + 2] the spectrum of the last frame, (re, im) interleaved; the next overwrites it. */
  readonly spectrum: Float32Array;
  /** The frame past [windowRows - hopRows], hop [hopRows]: windowed, padded, transformed. Allocates nothing. */
  transform(past: Float32Array, hop: Float32Array): void;
}

/**
 * On the kernels when `simd` is given and they take fftSize (multiples of 8 from 32 on): scratch and tables of one shape are
 * shared by all streams of the process.
 * @throws ERR_MEMORY_FULL when the kernel memory has no room left
 */
export function spectraOf(options: FrameOptions, simd?: Simd): Spectra {
  if (!simd || !isNearFftSize(options.fftSize)) return plainSpectra(options);
  const { windowRows, hopRows, fftSize, window } = options;
  const key = `spectra ${simd.numerics} ${windowRows} ${hopRows} ${fftSize} ${window}`;
  return sharedRegion(key, (region) => {
    const weights = region.keep(windowOf(options));
    const fft = nearRealFft(simd, region, fftSize);
    const rows = region.floats(windowRows);
    const frame = region.floats(fftSize); // zeros behind windowRows
    const spectrum = region.floats(fftSize + 2);
    const input = region.view(rows, windowRows);
    return {
      spectrum: region.view(spectrum, fftSize + 2),
      transform(past, hop) {
        input.set(past);
        input.set(hop, past.length);
        simd.kernels.windowFrame(rows, weights, frame, windowRows);
        fft.forward(frame, spectrum);
      },
    };
  });
}

function plainSpectra(options: FrameOptions): Spectra {
  const window = windowOf(options);
  const plan = realFftPlan(options.fftSize);
  const width = spectrumWidth(options.fftSize);
  const frame = new Float64Array(options.fftSize);
  const exact = new Float64Array(width);
  const spectrum = new Float32Array(width);
  return {
    spectrum,
    transform(past, hop) {
      const keptRows = past.length;
      for (let n = 0; n < keptRows; n++) frame[n] = past[n]! * window[n]!;
      for (let n = 0; n < hop.length; n++) frame[keptRows + n] = hop[n]! * window[keptRows + n]!;
      realFft(plan, frame, exact);
      spectrum.set(exact);
    },
  };
}
