// Spectra to log-mel rows:  in --[rows, 2 bins]--|   out --[rows, bands]--|   y_i = ln(sum_b w_ib |X_b|^2 + floor)
// Stateless: takes the rows of stft, other kinds pass. The filters are triangles on the HTK mel scale, evaluated at the bin
// frequencies and not normalised by area: the front end of the speech-activity model, whose twin is train/features.py.
// The arithmetic: mel-rows.ts. Straight from hops, with no spectra on the way: log-mel-hops.ts.

import { assert } from '../../base/assert.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { type LogMelOptions, melRows } from './mel-rows.ts';

/** @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left */
export function logMel(options: LogMelOptions): Stage {
  const { fftSize, bands: width } = options;
  const mel = melRows(options);

  return makeStage((_context, emit) => ({
    chunk(item) {
      assert(item.width === fftSize + 2, 'log-mel takes spectra of its own fftSize');
      const data = new Float32Array(item.rows * width);
      mel.into(item.data, data, item.rows);
      emit({ ...item, width, data });
    },
  }));
}
