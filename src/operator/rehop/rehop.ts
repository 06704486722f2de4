// Chunks of any size in, hops of `hopRows` rows out:  in  --[0,200)--[200,310)--[310,480)--|
//                                                             out --[0,160)--[160,320)--[320,480)--|   (hopRows 160)
// Hops lie at multiples of hopRows from the stream's first row, or from the row of the last reset. What comes out depends
// on the rows alone, never on how they were chunked. A gap takes every hop that it touches with it: see `gap` below.

import { assert } from '../../base/assert.ts';
import { f32, f64, type State, u32 } from '../../cell/state.ts';
import type { GapCause } from '../../item/item.ts';
import { ptsOf } from '../../item/timeline.ts';
import { type Emit, makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';

export interface RehopOptions {
  readonly hopRows: number;
  /** Values per row. */
  readonly width: number;
  /**
   * Whole hops that lie side by side in one chunk leave together, up to so many: what follows then works on several rows at
   * once. The rows are the same. Default 1.
   */
  readonly hopsMax?: number;
  /** Rows per second: gives each hop its pts. */
  readonly rateHz: number;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

const CAUSES: readonly GapCause[] = ['client', 'lost', 'late', 'shed', 'fault'];

const rehopLayout = (hopRows: number, width: number) => ({
  hop: f32(hopRows, width), // rows of the hop under way, zeros behind them
  origin: f64(1), // row where the first hop starts
  next: f64(1), // the next input row; NaN until the first item after a start or reset
  touched: u32(1), // 0: the hop under way is whole; otherwise 1 + the index in CAUSES of the gap that touched it
});

type HopState = State<ReturnType<typeof rehopLayout>>['at'];

/** The hop under way: where it stands, and how it leaves. */
function openHop({ hop, origin, next, touched }: HopState, { hopRows, width, rateHz }: RehopOptions, emit: Emit) {
  return {
    /** Rows of it that have been seen. */
    filled: (): number => (next[0]! - origin[0]!) % hopRows,

    place(from: number): void {
      if (next[0] !== next[0]) origin[0] = next[0] = from;
      assert(next[0] === from, 'rehop: an item does not start where the one before it ended');
    },

    /** Emits [from, next): a gap if one touched it, else the hop or hops `data`. */
    close(from: number, data: Float32Array): void {
      const to = next[0]!;
      const pts = ptsOf(from, rateHz);
      const why = CAUSES[touched[0]! - 1];
      touched[0] = 0;
      if (why) emit({ kind: 'gap', from, to, pts, why });
      else emit({ kind: 'chunk', from, to, pts, rows: data.length / width, width, data });
    },

    /** Its rows as a value; what comes next starts on zeros, so that a state depends on the rows alone. */
    take(): Float32Array {
      const data = hop.slice();
      hop.fill(0);
      return data;
    },
  };
}

/**
 * Re-cuts a stream into hops: each output chunk has rows = hopRows, or a multiple with `hopsMax`.
 * - end: a partial last hop is padded with zeros; its `to` is the true end, so to - from < rows in that one chunk.
 * - flush passes and emits nothing: a flush must not change what follows.
 * - reset: rows of a partial hop are declared as a gap (why: client); hops are counted anew from the next item's row.
 */
export function rehop(options: RehopOptions): Stage {
  const { hopRows, width, rateHz, hopsMax = 1, slot = 'rehop' } = options;
  assert(
    hopRows >= 1 && width >= 1 && rateHz > 0 && hopsMax >= 1,
    'rehop needs hopRows, width, rateHz and hopsMax above 0',
  );
  const layout = rehopLayout(hopRows, width);
  /** Rows of the hops that may leave together out of `rows`; of the one under way when there is no whole one. */
  const wholeHops = (rows: number): number => hopRows * Math.min(hopsMax, Math.max(1, Math.floor(rows / hopRows)));

  return makeStage((context, emit) => {
    const { at } = context.state(slot, layout, ({ at }) => {
      at.hop.fill(0);
      at.origin[0] = 0;
      at.next[0] = NaN;
      at.touched[0] = 0;
    });
    const { hop, origin, next, touched } = at;
    const { filled, place, close, take } = openHop(at, options, emit);

    return {
      chunk(item) {
        assert(item.width === width && item.rows === item.to - item.from, 'rehop: a chunk of another width or grid');
        place(item.from);
        for (let row = 0; row < item.rows; ) {
          const held = filled();
          const count = Math.min(held > 0 ? hopRows - held : wholeHops(item.rows - row), item.rows - row);
          // A message that is one hop, the usual case, goes on as it came: no view, no copy.
          const rows = count === item.rows ? item.data : item.data.subarray(row * width, (row + count) * width);
          row += count;
          next[0]! += count;
          if (count < hopRows) hop.set(rows, held * width);
          if (count >= hopRows) close(next[0]! - count, rows);
          else if (held + count === hopRows) close(next[0]! - hopRows, take());
        }
      },

      // Whole hops are declared at once; the last one, when the gap ends inside it, as soon as the rest of it has come.
      gap(item) {
        place(item.from);
        if (item.to === item.from) return;
        const from = item.from - filled();
        const why = 1 + CAUSES.indexOf(item.why);
        touched[0] ||= why;
        const whole = item.to - ((item.to - origin[0]!) % hopRows);
        if (whole > from) {
          next[0] = whole;
          close(from, take());
          if (item.to > whole) touched[0] = why;
        }
        next[0] = item.to;
      },

      mark(item) {
        const rows = item.what === 'flush' || next[0] !== next[0] ? 0 : filled();
        if (rows > 0) {
          if (item.what === 'reset') touched[0] ||= 1; // 'client'
          hop.fill(0, rows * width);
          close(next[0]! - rows, take());
        }
        if (item.what !== 'flush') next[0] = NaN;
        emit(item);
      },
    };
  });
}
