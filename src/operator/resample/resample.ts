// From one row rate to another:  in --[0,480) at 48 kHz--|   out --[0,160) at 16 kHz--|
// Polyphase filter for any rational ratio. No delay on the timeline: output row j lies at input row j * fromHz / toHz, and is
// held back until the rows that it looks ahead to (58 periods of the lower rate, 3.6 ms at 16 kHz; `short`: 16, 1 ms) have come.
// This file places items; the arithmetic is in resampler.ts, the filter in filter.ts.
//
// In front of stages that take hops: trips.ts.

import { assert } from '../../base/assert.ts';
import { f64 } from '../../cell/state.ts';
import { rowOf, spanOf } from '../../item/timeline.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { filterFor, type Reach } from './filter.ts';
import { openResampler, resamplerLayout, resamplerScratch, type Shape, startResampler } from './resampler.ts';

export interface ResampleOptions {
  readonly fromHz: number;
  readonly toHz: number;
  /** Values per row. */
  readonly width: number;
  /** Rows per output chunk, which ends at a multiple of it on the output grid. Default: 10 ms. Not with `hopRows`. */
  readonly blockRows?: number;
  /** Input rows, a fraction perhaps: an output chunk ends with the last row that is known at a multiple of so many. */
  readonly hopRows?: number;
  /** The filter: filter.ts. Default `long`. */
  readonly reach?: Reach;
  /**
   * Output rows (with `back`: input rows) that a stream begins earlier than its sound, at most lookAheadRows of the filter:
   * everything lies so much later on the grid between the two, and as much again after each reset. Default 0.
   */
  readonly leadRows?: number;
  /** Takes out what another resample put there with the same `leadRows`. */
  readonly back?: boolean;
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
  const { fromHz, toHz, leadRows = 0, back = false, slot = 'resample' } = options;
  if (fromHz === toHz) return () => (source) => source;
  const { filter, width, blockRows, hopRows } = shapeOf(options);
  const layout = {
    ...resamplerLayout({ filter, width, blockRows }),
    lead: f64(1), // rows by which the grid between two of these lies later
    begin: f64(1), // output row of the last reset; NaN: none
  };
  const work = resamplerScratch({ filter, width, blockRows });
  /** First output row at or after input row `row`. */
  const rowAfter = (row: number): number => Math.ceil((row * filter.up) / filter.down);

  return makeStage((context, emit) => {
    const state = context.state(slot, layout, ({ at }) => {
      startResampler(at);
      at.lead[0] = leadRows;
      at.begin[0] = NaN;
    }).at;
    const { nextIn, nextOut, lead, begin } = state;
    const shape = { filter, width, blockRows, hopRows };
    const resampler = openResampler(shape, state, work, (data, from, to) =>
      emit({ kind: 'chunk', ...placed(from, to), rows: to - from, width, data }),
    );
    /** An input row of an item on our own grid, and output rows on the grid of what follows. */
    const own = (row: number): number => (back ? row - lead[0]! : row);
    const placed = (from: number, to: number) =>
      back ? spanOf(from, to, toHz) : spanOf(from + lead[0]!, to + lead[0]!, toHz);
    const start = (from: number): void => {
      if (!back) resampler.place(from, rowAfter(from) - leadRows);
      else resampler.place(from, begin[0] === begin[0] ? begin[0]! : rowAfter(from + leadRows));
    };

    return {
      chunk(item) {
        assert(item.width === width && item.rows === item.to - item.from, 'resample: a chunk of another width or grid');
        start(own(item.from));
        resampler.feed(item.data, item.rows);
      },
      gap(item) {
        const [first, end] = [own(item.from), own(item.to)];
        start(first);
        resampler.drain(Math.floor((first * filter.up) / filter.down));
        const from = nextOut[0]!; // past `first` only right behind another gap, which covered that row
        const to = Math.max(from, rowAfter(end));
        resampler.jump(end, to);
        if (to > from) emit({ kind: 'gap', ...placed(from, to), why: item.why });
      },
      mark(item) {
        // Its time says the very row that it stood on before it came to lie between two rows of another grid.
        const row = back ? rowOf(item.pts, toHz) : rowAfter(own(item.from));
        if (item.what !== 'flush' && nextIn[0] === nextIn[0]) {
          resampler.drain(back ? row : rowAfter(nextIn[0]!));
          startResampler(state);
        }
        emit({ ...item, ...placed(row, row), pts: item.pts });
        if (item.what === 'flush') return;
        begin[0] = row;
        lead[0]! += leadRows;
      },
      detection(item) {
        const [from, to] = [item.from, item.to].map((row) => Math.max(begin[0]! || 0, rowAfter(own(row)))) as [
          number,
          number,
        ];
        emit({ ...item, ...placed(from, to) });
      },
    };
  });
}

function shapeOf({ fromHz, toHz, width, blockRows, hopRows, reach }: ResampleOptions): Shape {
  const filter = filterFor(fromHz, toHz, reach);
  if (hopRows === undefined) return { filter, width, blockRows: blockRows ?? Math.max(1, Math.round(toHz / 100)) };
  return { filter, width, blockRows: Math.ceil((hopRows * filter.up) / filter.down) + 1, hopRows };
}
