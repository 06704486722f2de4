// Short-time Fourier transform, one row per hop:  in  --hop--hop--hop--|      out --[1, 2 bins]--[1, 2 bins]--[1, 2 bins]--|
// Takes hops (put rehop in front), gives chunks of one row, width = fftSize + 2: bins 0 .. fftSize / 2, (re, im) interleaved.
// A frame ends with its hop and looks back windowRows; before the stream there are zeros. Back again: istft. Frames: frames.ts.

import { assert } from '../../base/assert.ts';
import { f32 } from '../../cell/state.ts';
import type { Span } from '../../item/item.ts';
import { realFft, realFftPlan } from '../../kernel/plain/real-fft.ts';
import { checkFrames, type FrameOptions, spectrumWidth, windowOf } from '../frames.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';

export interface StftOptions extends FrameOptions {
  /**
   * true: at the end of the stream, also give the frames that hang over it, so that istft can restore the last rows in full.
   * They see zeros after the end and cover no rows (from = to). Default false.
   */
  readonly tail?: boolean;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

/**
 * @param options frame shape; state is the last windowRows - hopRows rows
 * A gap moves on by its hops with zeros and passes; a reset forgets the past; flush and end pass.
 * Cost per hop: one real FFT of fftSize in float64, stored as float32.
 */
export function stft(options: StftOptions): Stage {
  const { windowRows, hopRows, fftSize, slot = 'stft' } = options;
  checkFrames(options);
  const window = windowOf(options);
  const plan = realFftPlan(fftSize);
  const keptRows = windowRows - hopRows;
  const width = spectrumWidth(fftSize);
  const frame = new Float64Array(fftSize);
  const spectrum = new Float64Array(width);
  const silence = new Float32Array(hopRows);
  const layout = { past: f32(keptRows) };

  return makeStage((context, emit) => {
    const { past } = context.state(slot, layout, (state) => state.at.past.fill(0)).at;

    function emitFrame(hop: Float32Array, { from, to, pts }: Span): void {
      for (let n = 0; n < keptRows; n++) frame[n] = past[n]! * window[n]!;
      for (let n = 0; n < hopRows; n++) frame[keptRows + n] = hop[n]! * window[keptRows + n]!;
      realFft(plan, frame, spectrum);
      remember(hop);
      emit({ kind: 'chunk', from, to, pts, rows: 1, width, data: new Float32Array(spectrum) });
    }

    function remember(hop: Float32Array): void {
      past.copyWithin(0, hopRows);
      const kept = Math.min(hopRows, keptRows);
      past.set(hop.subarray(hopRows - kept), keptRows - kept);
    }

    return {
      chunk(item) {
        assert(item.width === 1 && item.rows === hopRows, 'stft takes one hop of one channel at a time');
        emitFrame(item.data, item);
      },
      gap(item) {
        const hops = Math.ceil((item.to - item.from) / hopRows);
        for (let hop = 0; hop < Math.min(hops, Math.ceil(keptRows / hopRows)); hop++) remember(silence);
        emit(item);
      },
      mark(item) {
        if (item.what === 'end' && options.tail) {
          for (let row = 0; row < keptRows; row += hopRows) emitFrame(silence, item);
        }
        if (item.what !== 'flush') past.fill(0);
        emit(item);
      },
    };
  });
}
