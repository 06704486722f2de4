// Spectra back to samples by overlap-add:  in --[1, 2 bins]--[1, 2 bins]--|      out --[rows, 1]--[rows, 1]--|
// Takes the rows of stft with the same frame options. Frame k completes rows up to hop * (k + 1) - (windowRows - hopRows), so
// rows come out that much later than they went in, at their true places. stft and istft in a row give the signal back.
//
// The arithmetic of one frame: synthesis.ts.

import { assert } from '../../base/assert.ts';
import { f32, f64 } from '../../cell/state.ts';
import { spanOf } from '../../item/timeline.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { checkFrames, type FrameOptions, spectrumWidth } from '../frames.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { synthesis } from './synthesis.ts';

export interface IstftOptions extends FrameOptions {
  /** Rows per second: gives each chunk its pts. */
  readonly rateHz: number;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
  /** The WebAssembly kernels, as in stft: float32, for fftSize of 32 or more that is a multiple of 8. Absent: float64. */
  readonly simd?: Simd | undefined;
}

/**
 * State: the windowRows - hopRows rows that wait for further frames. Chunks have at most hopRows rows.
 * Where frames end (a gap, a reset, an end without the tail frames of stft) the waiting rows come out as they are, which
 * fades them out by the window: dividing by the few windows that were there would blow up what a model left in them.
 * @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left
 */
export function istft(options: IstftOptions): Stage {
  const { windowRows, hopRows, fftSize, rateHz, slot = 'istft' } = options;
  checkFrames(options);
  const frames = synthesis(options, options.simd);
  const width = spectrumWidth(fftSize);
  const heldRows = windowRows - hopRows;
  const layout = {
    sums: f32(windowRows), // overlap-added rows, the first at row `head`
    head: f64(1), // NaN until the first item after a start or reset
    next: f64(1), // the next row to come out; rows before it were declared or lie before the stream
    end: f64(1), // end of the rows that came in: nothing at or beyond it comes out
  };

  return makeStage((context, emit) => {
    const { sums, head, next, end } = context.state(slot, layout, ({ at }) => {
      at.sums.fill(0);
      at.head[0] = NaN;
      at.next[0] = at.end[0] = 0;
    }).at;

    /** The stream goes on at `row` with nothing waiting. */
    function restart(row: number): void {
      sums.fill(0);
      head[0] = row - heldRows;
      next[0] = end[0] = row;
    }

    /** Emits what is complete among the first `rows` of sums. */
    function release(rows: number): void {
      const from = next[0]!;
      const to = Math.min(head[0]! + rows, end[0]!);
      if (to <= from) return;
      next[0] = to;
      const data = sums.slice(from - head[0]!, to - head[0]!);
      emit({ kind: 'chunk', ...spanOf(from, to, rateHz), rows: to - from, width: 1, data });
    }

    return {
      chunk(item) {
        assert(item.width === width && item.rows === 1, 'istft takes one spectrum of its own fftSize at a time');
        if (head[0] !== head[0]) restart(item.from);
        end[0] = Math.max(end[0]!, item.to);
        frames.add(item.data, sums);
        release(hopRows);
        sums.copyWithin(0, hopRows);
        sums.fill(0, heldRows);
        head[0]! += hopRows;
      },
      gap(item) {
        if (head[0] === head[0]) release(heldRows);
        restart(item.to);
        emit(item);
      },
      mark(item) {
        if (item.what !== 'flush' && head[0] === head[0]) {
          release(heldRows);
          sums.fill(0);
          head[0] = NaN;
        }
        emit(item);
      },
    };
  });
}
