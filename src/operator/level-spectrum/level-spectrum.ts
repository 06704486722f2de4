// Puts beside each spectrum what a model sees of it:
//   in --[rows, 2 bins]--|     out --[rows, 2 bins | bins + 2 phaseBins]--|
// The spectrum stays in the row because what comes out of the model is applied to it (carry/, spectral-filter/). The row is
// relative to a running level, so that a whisper and a shout look alike. Takes the rows of stft. Arithmetic: level-rows.ts.

import { assert } from '../../base/assert.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { makeStage } from '../make-stage.ts';
import { rowResults } from '../row-results.ts';
import type { Stage } from '../stage.ts';
import { type LevelOptions, levelLayout, levelRows } from './level-rows.ts';

export interface LevelSpectrumOptions extends LevelOptions {
  /** Grid rows that one spectrum covers. */
  readonly spanRows: number;
  /** Grid rows per second. */
  readonly rateHz: number;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
  /** The WebAssembly kernels, in float32. Absent: float64, rounded to float32 at the end. */
  readonly simd?: Simd | undefined;
}

/**
 * State: the running level, 16 bytes. A gap leaves it as it is: rows that nobody heard say nothing about loudness. A reset
 * starts it anew. A spectrum that is not finite leaves as Gap{fault} and does not touch it.
 * @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left
 */
export function levelSpectrum(options: LevelSpectrumOptions): Stage {
  const { bins, phaseBins, slot = 'level', simd } = options;
  const features = levelRows(options, simd);
  const [spectrumWidth, width] = [2 * bins, 3 * bins + 2 * phaseBins];

  return makeStage((context, emit) => {
    const { level } = context.state(slot, levelLayout, ({ at }) => at.level.fill(0)).at;
    return {
      chunk(item) {
        assert(item.width === spectrumWidth, 'level-spectrum takes spectra of its own number of bins');
        const { from, to, pts, rows } = item;
        const data = new Float32Array(rows * width);
        let faults = 0;
        for (let row = 0; row < rows; row++) {
          const at = row * spectrumWidth;
          const spectrum = rows === 1 ? item.data : item.data.subarray(at, at + spectrumWidth);
          data.set(spectrum, row * width);
          if (features.into(level, spectrum, data, row * width + spectrumWidth)) continue;
          data.fill(NaN, row * width, (row + 1) * width);
          faults++;
        }
        if (faults === 0) emit({ kind: 'chunk', from, to, pts, rows, width, data });
        else for (const result of rowResults(item, data, width, options)) if (covers(result)) emit(result);
      },
      mark(item) {
        if (item.what !== 'flush') level.fill(0);
        emit(item);
      },
    };
  });
}

/** The frames behind a stream's end cover no rows: a gap of theirs would say nothing. */
const covers = ({ kind, from, to }: { kind: string; from: number; to: number }): boolean => kind !== 'gap' || to > from;
