// One head of a chunk: what ssd-chunk.ts does for each head in turn, where the equation is.

import type { SsdSizes } from './ssd-step.ts';

export interface SsdChunk {
  /** decay [rows, heads] f64 in [0, 1]: h_t = decay_t h_{t-1} + ... */
  readonly decay: Float64Array;
  /** What a row weighs in its own h and y, and (before any decay) in later ones. [rows, heads] f64; may be one array. */
  readonly now: Float64Array;
  readonly later: Float64Array;
  /** x, y [rows, heads, headDim] f32; y is written and must not alias x.   B, C [rows, groups, dState] f32. */
  readonly x: Float32Array;
  readonly B: Float32Array;
  readonly C: Float32Array;
  readonly y: Float32Array;
}

/** Scratch for chunks of up to `rows` rows: reach [rows], score [rows, rows] and one row of sums, f64. */
export function ssdScratch(rows: number, { headDim, dState }: SsdSizes) {
  const sum = new Float64Array(Math.max(headDim, dState));
  return { reach: new Float64Array(rows), score: new Float64Array(rows * rows), sum };
}

/** Head `head`, reading B and C of `group`; `scratch.score` holds C_t . B_s of that group. Shapes: SsdChunk, ssd-chunk.ts. */
export function ssdChunkHead(
  h: Float32Array,
  skip: number,
  { decay, now, later, x, B, C, y }: SsdChunk,
  rows: number,
  head: number,
  group: number,
  { heads, headDim, dState, groups }: SsdSizes,
  { reach, score, sum }: ReturnType<typeof ssdScratch>,
): void {
  const first = head * headDim * dState;
  const width = heads * headDim;
  let carried = 1; // of the state that came in
  for (let t = 0; t < rows; t++) {
    const a = decay[t * heads + head]!;
    carried *= a;
    for (let s = 0; s < t; s++) reach[s] = a * reach[s]!;
    reach[t] = now[t * heads + head]!;
    const c = (t * groups + group) * dState;
    const at = t * width + head * headDim;
    for (let p = 0; p < headDim; p++) {
      let read = 0;
      for (let n = 0; n < dState; n++) read += h[first + p * dState + n]! * C[c + n]!;
      sum[p] = skip * x[at + p]! + carried * read;
    }
    for (let s = 0; s <= t; s++) {
      const weight = reach[s]! * score[t * rows + s]!;
      const from = s * width + head * headDim;
      for (let p = 0; p < headDim; p++) sum[p] = sum[p]! + weight * x[from + p]!;
    }
    for (let p = 0; p < headDim; p++) y[at + p] = sum[p]!;
    if (t + 1 < rows) reach[t] = later[t * heads + head]!;
  }
  for (let p = 0; p < headDim; p++) {
    sum.fill(0);
    for (let s = 0; s < rows; s++) {
      const drive = reach[s]! * x[s * width + head * headDim + p]!;
      const b = (s * groups + group) * dState;
      for (let n = 0; n < dState; n++) sum[n] = sum[n]! + drive * B[b + n]!;
    }
    for (let n = 0, i = first + p * dState; n < dState; n++, i++) h[i] = carried * h[i]! + sum[n]!;
  }
}
