// The arithmetic of resample on one stream's state: rows in, blocks of rows out. Knows positions and values, no items.
// Work proceeds as far as input is known; what looks further ahead waits in `past`. Filter design: filter.ts.

import { assert } from '../../base/assert.ts';
import { f32, f64, type Views } from '../../cell/state.ts';
import type { Filter } from './filter.ts';

export interface Shape {
  readonly filter: Filter;
  readonly width: number;
  /** Room for the output rows of a chunk; without `hopRows` chunks end at its multiples. */
  readonly blockRows: number;
  /** A chunk ends with the last output row that is known at a multiple of so many input rows, counted from the first. */
  readonly hopRows?: number | undefined;
}

export type ResamplerLayout = ReturnType<typeof resamplerLayout>;
export const resamplerLayout = ({ filter, width, blockRows }: Shape) => ({
  past: f32(filter.taps, width), // the last input rows
  block: f32(blockRows, width), // output rows of the chunk under way
  nextIn: f64(1), // input row to come; NaN until the first item after a start or reset
  nextOut: f64(1), // output row to come
  blockFrom: f64(1), // output row at the head of `block`
  origin: f64(1), // input row that hops are counted from
});

export function startResampler(state: Views<ResamplerLayout>): void {
  state.past.fill(0);
  state.block.fill(0);
  state.nextIn[0] = NaN;
  state.nextOut[0] = state.blockFrom[0] = state.origin[0] = 0;
}

const PIECE_ROWS = 256; // input rows filtered in one go: bounds the scratch, not the result

/** Space for the past and the rows that follow it; one serves every stream of a thread. */
export const resamplerScratch = ({ filter, width }: Shape): Float32Array =>
  new Float32Array((filter.taps + Math.max(filter.taps / 2, PIECE_ROWS)) * width);

export interface Resampler {
  /**
   * The next input row is `from`: fixes the place of a fresh stream, whose output begins with row `first`, else must follow on.
   * Default: the first row at or after `from`; at most lookAheadRows(filter) before that.
   */
  place(from: number, first?: number): void;
  /** x [rows, width]: the next input rows. */
  feed(x: Float32Array, rows: number): void;
  /** Output rows below `limit` come out, as if only zeros followed. */
  drain(limit: number): void;
  /** Goes on at input row `nextIn` and output row `nextOut`; the rows between were zeros. */
  jump(nextIn: number, nextOut: number): void;
}

/** `emit(data, from, to)` gets output rows [from, to) in an array of its own. */
export function openResampler(
  { filter, width, blockRows, hopRows }: Shape,
  state: Views<ResamplerLayout>,
  work: Float32Array,
  emit: (data: Float32Array, from: number, to: number) => void,
): Resampler {
  const { up, down, taps, coefficients } = filter;
  const { past, block, nextIn, nextOut, blockFrom, origin } = state;
  const half = taps / 2;
  /** The hop of input that completes output row j. */
  const hopOf = (j: number): number => Math.floor((Math.floor((j * down) / up) + half - origin[0]!) / hopRows!);
  const endsChunk = (j: number): boolean =>
    hopRows === undefined ? (j + 1) % blockRows === 0 : hopOf(j + 1) > hopOf(j);

  /** Makes every output row below `limit` whose input is known: work holds the past, then `rows` rows from nextIn on. */
  function produce(rows: number, limit: number): void {
    const first = nextIn[0]! - taps; // input row at the head of work
    for (let j = nextOut[0]!; j < limit; j++) {
      const before = Math.floor((j * down) / up); // the input row at or before output row j
      if (before + half >= nextIn[0]! + rows) return;
      const phase = j * down - before * up; // not a remainder, for j may be below 0
      const at = (before - half + 1 - first) * width;
      const to = (j - blockFrom[0]!) * width;
      for (let c = 0; c < width; c++) block[to + c] = dot(coefficients, phase * taps, work, at + c, width, taps);
      nextOut[0] = j + 1;
      if (endsChunk(j)) emitBlock();
    }
  }

  function emitBlock(): void {
    const [from, to] = [blockFrom[0]!, nextOut[0]!];
    blockFrom[0] = to;
    if (to > from) emit(block.slice(0, (to - from) * width), from, to);
  }

  return {
    place(from, first = Math.ceil((from * up) / down)) {
      if (nextIn[0] !== nextIn[0]) {
        nextIn[0] = origin[0] = from;
        nextOut[0] = blockFrom[0] = first;
      }
      assert(nextIn[0] === from, 'resample: an item does not start where the one before it ended');
    },
    feed(x, count) {
      for (let row = 0; row < count; ) {
        const rows = Math.min(PIECE_ROWS, count - row);
        work.set(past);
        work.set(x.subarray(row * width, (row + rows) * width), taps * width);
        produce(rows, Infinity);
        past.set(work.subarray(rows * width, (rows + taps) * width));
        nextIn[0]! += rows;
        row += rows;
      }
    },
    drain(limit) {
      work.set(past);
      work.fill(0, taps * width, (taps + half) * width);
      produce(half, limit);
      emitBlock();
    },
    jump(toIn, toOut) {
      const rows = Math.min(taps, toIn - nextIn[0]!);
      past.copyWithin(0, rows * width);
      past.fill(0, (taps - rows) * width);
      nextIn[0] = toIn;
      nextOut[0] = blockFrom[0] = toOut;
    },
  };
}

/** sum_k h[at + k] x[from + k stride], k < taps, in four float64 sums: one sum would wait on itself for every addition. */
function dot(h: Float32Array, at: number, x: Float32Array, from: number, stride: number, taps: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let k = at, i = from; k < at + taps; k += 4, i += 4 * stride) {
    a += h[k]! * x[i]!;
    b += h[k + 1]! * x[i + stride]!;
    c += h[k + 2]! * x[i + 2 * stride]!;
    d += h[k + 3]! * x[i + 3 * stride]!;
  }
  return a + b + (c + d);
}
