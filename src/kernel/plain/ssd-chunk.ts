// A chunk of rows of a recurrence with one decay a head, without stepping (Dao & Gu 2024, 2405.21060, section 6): masked
// attention between the rows of the chunk, the state carried in and out at its ends. Any number of rows: one row is the
// step of ssd-step.ts, all rows are the attention form. Serves Mamba-2, whose row weighs the same at once and later, and
// Mamba-3, where it does not.

import { type SsdChunk, ssdChunkHead, type ssdScratch } from './ssd-chunk-head.ts';
import type { SsdSizes } from './ssd-step.ts';

/**
 * y_t = a_t..a_0 C_t h + sum_{s < t} a_t..a_{s+1} later_s (C_t . B_s) x_s + now_t (C_t . B_t) x_t + D x_t, head by head;
 * then h likewise after the last row. Decays are products of numbers up to 1, so nothing overflows.
 * @param h [heads, headDim, dState] f32 - mutated   @param D [heads] f32
 * Cost a row: heads * headDim * (4 dState + rows) + groups * dState * rows flops. Allocates nothing. f64 arithmetic.
 */
export function ssdChunk(
  h: Float32Array,
  D: Float32Array,
  chunk: SsdChunk,
  rows: number,
  sizes: SsdSizes,
  scratch: ReturnType<typeof ssdScratch>,
): void {
  const { heads, groups } = sizes;
  for (let head = 0; head < heads; head++) {
    const group = Math.floor((head * groups) / heads);
    if (head === 0 || group !== Math.floor(((head - 1) * groups) / heads)) scores(chunk, rows, group, sizes, scratch);
    ssdChunkHead(h, D[head]!, chunk, rows, head, group, sizes, scratch);
  }
}

/** score[t, s] = C_t . B_s for s <= t: shared by the heads of a group. */
function scores(
  { B, C }: SsdChunk,
  rows: number,
  group: number,
  { groups, dState }: SsdSizes,
  { score }: ReturnType<typeof ssdScratch>,
): void {
  const stride = groups * dState;
  for (let t = 0; t < rows; t++) {
    for (let s = 0; s <= t; s++) {
      let sum = 0;
      const [c, b] = [t * stride + group * dState, s * stride + group * dState];
      for (let n = 0; n < dState; n++) sum += C[c + n]! * B[b + n]!;
      score[t * rows + s] = sum;
    }
  }
}
