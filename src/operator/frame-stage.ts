// The stage from hops to one row a frame, several hops of a chunk at once: what stft and log-mel of hops share. A frame ends with its hop and looks back
// windowRows; before the stream there are zeros. What a frame becomes is the caller's (spectra.ts); its shape: frames.ts.

import { assert } from '../base/assert.ts';
import { f32 } from '../cell/state.ts';
import type { Span } from '../item/item.ts';
import { checkFrames, type FrameOptions } from './frames.ts';
import { makeStage } from './make-stage.ts';
import type { Stage } from './stage.ts';

export interface FrameStageOptions extends FrameOptions {
  /**
   * true: at the end of the stream, also give the frames that hang over it, so that istft can restore the last rows in full.
   * They see zeros after the end and cover no rows (from = to). Default false.
   */
  readonly tail?: boolean;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

/**
 * State: the last windowRows - hopRows rows. A gap moves on by its hops with zeros and passes; a reset forgets the past; flush
 * and end pass.
 * @param width values of a row   @param row past [windowRows - hopRows], hop [hopRows] -> a new array [width]
 */
export function frameStage(
  options: FrameStageOptions,
  width: number,
  row: (past: Float32Array, hop: Float32Array) => Float32Array,
): Stage {
  const { windowRows, hopRows, slot = 'stft' } = options;
  checkFrames(options);
  const keptRows = windowRows - hopRows;
  const silence = new Float32Array(hopRows);
  const layout = { past: f32(keptRows) };

  return makeStage((context, emit) => {
    const { past } = context.state(slot, layout, (state) => state.at.past.fill(0)).at;

    function emitFrame(hop: Float32Array, { from, to, pts }: Span): void {
      const data = row(past, hop);
      remember(hop);
      emit({ kind: 'chunk', from, to, pts, rows: 1, width, data });
    }

    function emitFrames(hops: Float32Array, { from, to, pts }: Span): void {
      const rows = hops.length / hopRows;
      const data = new Float32Array(rows * width);
      for (let i = 0; i < rows; i++) {
        const hop = hops.subarray(i * hopRows, (i + 1) * hopRows);
        data.set(row(past, hop), i * width);
        remember(hop);
      }
      emit({ kind: 'chunk', from, to, pts, rows, width, data });
    }

    function remember(hop: Float32Array): void {
      past.copyWithin(0, hopRows);
      if (hopRows <= keptRows) past.set(hop, keptRows - hopRows);
      else past.set(hop.subarray(hopRows - keptRows));
    }

    return {
      chunk(item) {
        assert(item.width === 1 && item.rows % hopRows === 0, `${slot} takes whole hops of one channel`);
        if (item.rows === hopRows) emitFrame(item.data, item);
        else emitFrames(item.data, item);
      },
      gap(item) {
        const hops = Math.ceil((item.to - item.from) / hopRows);
        for (let hop = 0; hop < Math.min(hops, Math.ceil(keptRows / hopRows)); hop++) remember(silence);
        emit(item);
      },
      mark(item) {
        if (item.what === 'end' && options.tail) {
          for (let first = 0; first < keptRows; first += hopRows) emitFrame(silence, item);
        }
        if (item.what !== 'flush') past.fill(0);
        emit(item);
      },
    };
  });
}
