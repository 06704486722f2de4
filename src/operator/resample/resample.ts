// From one row rate to another:  in --[0,480) at 48 kHz--|   out --[0,160) at 16 kHz--|
// Polyphase filter for any rational ratio. No delay on the timeline: output row j lies at input row j * fromHz / toHz, and is
// held back until the rows that it looks ahead to (58 periods of the lower rate, 3.6 ms at 16 kHz) have come.
// This file places items; the arithmetic is in resampler.ts, the filter in filter.ts.

import { assert } from '../../base/assert.ts';
import { spanOf } from '../../item/timeline.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { filterFor } from './filter.ts';
import { openResampler, resamplerLayout, resamplerScratch, startResampler } from './resampler.ts';

export interface ResampleOptions {
  readonly fromHz: number;
  readonly toHz: number;
  /** Values per row. */
  readonly width: number;
  /** Rows per output chunk, which ends at a multiple of it on the output grid. Default: 10 ms. */
  readonly blockRows?: number;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

/**
 * N input rows give ceil(N * toHz / fromHz) output rows in all, the same bytes for any chunking. Spans move to the output grid.
 * Equal rates: everything passes untouched.
 * - gap: rows before it come out first, with zeros for their future; its ends move outwards to whole output rows.
 * - end, reset: what is held back comes out in the same way. flush: passes, and changes nothing.
 * @throws ERR_FORMAT_UNSUPPORTED for rates too far apart or without a small common ratio
 */
export function resample(options: ResampleOptions): Stage {
  const { fromHz, toHz, width, slot = 'resample' } = options;
  if (fromHz === toHz) return () => (source) => source;
  const filter = filterFor(fromHz, toHz);
  const shape = { filter, width, blockRows: options.blockRows ?? Math.max(1, Math.round(toHz / 100)) };
  const layout = resamplerLayout(shape);
  const work = resamplerScratch(shape);
  /** First output row at or after input row `row`. */
  const rowAfter = (row: number): number => Math.ceil((row * filter.up) / filter.down);

  return makeStage((context, emit) => {
    const state = context.state(slot, layout, ({ at }) => startResampler(at)).at;
    const { nextIn, nextOut } = state;
    const resampler = openResampler(shape, state, work, (data, from, to) =>
      emit({ kind: 'chunk', ...spanOf(from, to, toHz), rows: to - from, width, data }),
    );

    return {
      chunk(item) {
        assert(item.width === width && item.rows === item.to - item.from, 'resample: a chunk of another width or grid');
        resampler.place(item.from);
        resampler.feed(item.data, item.rows);
      },
      gap(item) {
        resampler.place(item.from);
        resampler.drain(Math.floor((item.from * filter.up) / filter.down));
        const from = nextOut[0]!; // past item.from only right behind another gap, which covered that row
        const to = Math.max(from, rowAfter(item.to));
        resampler.jump(item.to, to);
        if (to > from) emit({ kind: 'gap', ...spanOf(from, to, toHz), why: item.why });
      },
      mark(item) {
        if (item.what !== 'flush' && nextIn[0] === nextIn[0]) {
          resampler.drain(rowAfter(nextIn[0]!));
          startResampler(state);
        }
        const row = rowAfter(item.from);
        emit({ ...item, from: row, to: row });
      },
      detection: (item) => emit({ ...item, from: rowAfter(item.from), to: rowAfter(item.to) }),
    };
  });
}
