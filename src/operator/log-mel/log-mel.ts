// Spectra to log-mel rows:  in --[rows, 2 bins]--|   out --[rows, bands]--|   y_i = ln(sum_b w_ib |X_b|^2 + floor)
// Stateless: takes the rows of stft, other kinds pass. The filters are triangles on the HTK mel scale, evaluated at the bin
// frequencies and not normalised by area: the front end of the speech-activity model, whose twin is train/features.py.

import { assert } from '../../base/assert.ts';
import { log } from '../../base/math.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { type MelOptions, melBands } from './mel-bands.ts';

export interface LogMelOptions extends MelOptions {
  /** Added to each band's energy before the logarithm. */
  readonly floor: number;
}

/** Cost per row: some 2 multiply-adds per bin (each bin lies in at most two bands) and one logarithm per band, in float64. */
export function logMel(options: LogMelOptions): Stage {
  const { fftSize, bands: width, floor } = options;
  const bands = melBands(options);
  const bins = fftSize / 2 + 1;
  const power = new Float64Array(bins);

  return makeStage((_context, emit) => ({
    chunk(item) {
      assert(item.width === 2 * bins, 'log-mel takes spectra of its own fftSize');
      const data = new Float32Array(item.rows * width);
      for (let row = 0; row < item.rows; row++) {
        const at = row * item.width;
        for (let bin = 0; bin < bins; bin++) {
          const re = item.data[at + 2 * bin]!;
          const im = item.data[at + 2 * bin + 1]!;
          power[bin] = re * re + im * im;
        }
        for (let i = 0; i < width; i++) {
          const { first, weights } = bands[i]!;
          let energy = 0;
          for (let k = 0; k < weights.length; k++) energy += weights[k]! * power[first + k]!;
          data[row * width + i] = log(energy + floor);
        }
      }
      emit({ ...item, width, data });
    },
  }));
}
