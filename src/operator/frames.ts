// What stft and istft agree on: the shape of a frame and its window. Frame k covers rows [(k + 1) hop - window, (k + 1) hop),
// so a frame is complete with the last row of its hop: no look-ahead.

import { assert } from '../base/assert.ts';
import { cos } from '../base/math.ts';

export interface FrameOptions {
  /** Rows that one frame sees. */
  readonly windowRows: number;
  /** Rows from one frame to the next, at most windowRows. */
  readonly hopRows: number;
  /** Size of the transform, even, a product of 2, 3 and 5, at least windowRows: a frame is padded with zeros at its end. */
  readonly fftSize: number;
  /** Periodic: hann w_n = 0.5 - 0.5 cos(2 pi n / windowRows), or its square root. */
  readonly window: 'hann' | 'sqrt-hann';
}

export function checkFrames({ windowRows, hopRows, fftSize }: FrameOptions): void {
  const ordered = hopRows >= 1 && hopRows <= windowRows && windowRows <= fftSize;
  assert(ordered && Number.isInteger(hopRows), 'frames need 1 <= hopRows <= windowRows <= fftSize');
}

/** [windowRows] float64. */
export function windowOf({ windowRows, window }: FrameOptions): Float64Array {
  return Float64Array.from({ length: windowRows }, (_, n) => {
    const hann = 0.5 - 0.5 * cos((2 * Math.PI * n) / windowRows);
    return window === 'hann' ? hann : Math.sqrt(hann);
  });
}

/** Values in one row of a spectrum: bins 0 .. fftSize / 2, (re, im) interleaved. */
export const spectrumWidth = (fftSize: number): number => fftSize + 2;
