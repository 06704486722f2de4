// Short-time Fourier transform, one row per hop:  in  --hop--hop--hop--|      out --[1, 2 bins]--[1, 2 bins]--[1, 2 bins]--|
// Takes hops (put rehop in front), gives chunks of one row, width = fftSize + 2: bins 0 .. fftSize / 2, (re, im) interleaved.
// A frame ends with its hop and looks back windowRows: frame-stage.ts. Back again: istft. Frames: frames.ts.

import type { Simd } from '../../kernel/wasm/simd.ts';
import { type FrameStageOptions, frameStage } from '../frame-stage.ts';
import { spectrumWidth } from '../frames.ts';
import { spectraOf } from '../spectra.ts';
import type { Stage } from '../stage.ts';

export interface StftOptions extends FrameStageOptions {
  /**
   * The WebAssembly kernels: float32, within 1e-6 of a spectrum's largest value, some ten times as fast; for fftSize of 32 or
   * more that is a multiple of 8 (others stay in float64). Absent: float64, rounded to float32 at the end.
   */
  readonly simd?: Simd | undefined;
}

/**
 * @param options frame shape; state is the last windowRows - hopRows rows
 * A gap moves on by its hops with zeros and passes; a reset forgets the past; flush and end pass.
 * Cost per hop: one real FFT of fftSize.
 * @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left
 */
export function stft(options: StftOptions): Stage {
  const spectra = spectraOf(options, options.simd);
  return frameStage(options, spectrumWidth(options.fftSize), (past, hop) => {
    spectra.transform(past, hop);
    return spectra.spectrum.slice();
  });
}
