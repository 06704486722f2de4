// Hops to log-mel rows:  in --hop--hop--hop--|      out --[1, bands]--[1, bands]--[1, bands]--|
// The rows, the arena and the snapshots of stft and logMel behind each other, to the bit, without a spectrum that travels
// between them: fftSize + 2 values that nobody else would see (measured at 512: some 1 us a hop less).

import { frameStage } from '../frame-stage.ts';
import type { FrameOptions } from '../frames.ts';
import { spectraOf } from '../spectra.ts';
import type { Stage } from '../stage.ts';
import { type LogMelOptions, melRows } from './mel-rows.ts';

export interface LogMelHopsOptions extends FrameOptions, LogMelOptions {
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

/**
 * State: the last windowRows - hopRows rows. A gap moves on by its hops with zeros and passes; a reset forgets the past.
 * @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left
 */
export function logMelHops({ windowRows, hopRows, window, slot = 'stft', ...options }: LogMelHopsOptions): Stage {
  const { fftSize, bands, simd } = options;
  const frames: FrameOptions = { windowRows, hopRows, fftSize, window };
  const spectra = spectraOf(frames, simd);
  const mel = melRows(options);
  return frameStage({ ...frames, slot }, bands, (past, hop) => {
    spectra.transform(past, hop);
    const row = new Float32Array(bands);
    mel.into(spectra.spectrum, row, 1);
    return row;
  });
}
