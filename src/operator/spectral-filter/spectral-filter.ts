// What a model decided about a spectrum, applied to it: a gain for each bin and a short complex filter over the last hops.
//   in --[rows, 2 bins | heads]--|     out --[1, 2 bins]--[1, 2 bins]--|, each behind its reading of speech if asked for
// Rows leave one by one, as istft takes them, and so that no output depends on how rows came together.
// The equations: kernel/plain/filter-spectrum.ts. One row on either arithmetic: filter-rows.ts.

import { assert } from '../../base/assert.ts';
import { f32 } from '../../cell/state.ts';
import { spanOf } from '../../item/timeline.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { makeStage } from '../make-stage.ts';
import { spanCellRows } from '../row-results.ts';
import type { Stage } from '../stage.ts';
import { type FilterRowsOptions, filterRows } from './filter-rows.ts';

export interface SpectralFilterOptions extends FilterRowsOptions {
  /** Grid rows that one spectrum covers. */
  readonly spanRows: number;
  /** Grid rows per second. */
  readonly rateHz: number;
  /** Name of a detection {speech} of each hop, given in front of its spectrum. Absent: none. */
  readonly detection?: string;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
  /** The WebAssembly kernels, in float32. Absent: float64, rounded to float32 at the end. */
  readonly simd?: Simd | undefined;
}

/**
 * State: the lowest `filtered` bins of the last taps - 1 hops, as they came. A gap puts zeros there, hop by hop; a reset all at once.
 * @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left
 */
export function spectralFilter(options: SpectralFilterOptions): Stage {
  const { bins, heads, filtered, taps, spanRows, rateHz, detection, slot = 'filter', simd } = options;
  assert(filtered <= bins && taps >= 1, 'spectral-filter needs filtered <= bins and a tap at least');
  const { bins: _, heads: __, ...filter } = options;
  const rows = filterRows({ ...shapeOf(filter), bins, heads }, simd);
  const [spectrumWidth, kept] = [2 * bins, 2 * filtered];
  const width = spectrumWidth + heads.width;
  const layout = { past: f32(taps - 1, filtered, 2) };

  return makeStage(
    (context, emit) => {
      const { past } = context.state(slot, layout, ({ at }) => at.past.fill(0)).at;

      function one(row: Float32Array, from: number, to: number): void {
        const spectrum = row.subarray(0, spectrumWidth);
        const data = new Float32Array(spectrumWidth);
        const speech = rows.into(row.subarray(spectrumWidth), spectrum, past, data);
        if (taps > 1) {
          past.copyWithin(kept, 0);
          past.set(spectrum.subarray(0, kept));
        }
        const span = spanOf(from, to, rateHz);
        // Frames behind the end of a stream cover no rows: nothing is said of them.
        if (detection && to > from) emit({ kind: 'detection', ...span, name: detection, values: { speech } });
        emit({ kind: 'chunk', ...span, rows: 1, width: spectrumWidth, data });
      }

      return {
        chunk(item) {
          assert(item.width === width, 'spectral-filter takes a spectrum and the heads of its model');
          for (let row = 0; row < item.rows; row++) {
            const from = item.from + row * spanRows;
            one(item.data.subarray(row * width, (row + 1) * width), from, Math.min(from + spanRows, item.to));
          }
        },
        gap(item) {
          const zeros = Math.min(past.length, kept * spanCellRows(item, spanRows));
          past.copyWithin(zeros, 0);
          past.fill(0, 0, zeros);
          emit(item);
        },
        mark(item) {
          if (item.what !== 'flush') past.fill(0);
          emit(item);
        },
      };
    },
    detection ? [{ op: detection, values: ['speech'] }] : [],
  );
}

const shapeOf = ({ filtered, taps, span, least, strength }: Omit<SpectralFilterOptions, 'bins' | 'heads'>) => ({
  filtered,
  taps,
  span,
  least,
  strength,
});
