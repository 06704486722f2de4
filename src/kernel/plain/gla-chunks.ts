// Gated linear attention over many rows, in chunks (2312.06635, section 4): with c the sum of g since the chunk's first row,
// rows meet as (q e^c) . (k e^-c), and the state moves on once a chunk. How e^-c is kept in bounds: gla-weigh.ts.

import { exp } from '../../base/math.ts';
import type { GlaSizes } from './gla-step.ts';
import { glaWeigh } from './gla-weigh.ts';

const CHUNK_ROWS = 32;

/**
 * The same function as `rows` calls of glaStep with dt = 1.
 * @param S [heads, headVDim, headKDim] f32 - mutated   @param q, k, g [rows, heads, headKDim] f64 - q and k are mutated
 * @param v [rows, heads, headVDim] f32   @param y [rows, heads, headVDim] f32 - written
 * Cost: per row and head 2 headKDim exp + (4 headVDim + chunk) headKDim + chunk headVDim flops. f64 sums.
 */
export function glaChunks(
  S: Float32Array,
  q: Float64Array,
  k: Float64Array,
  v: Float32Array,
  g: Float64Array,
  y: Float32Array,
  rows: number,
  sizes: GlaSizes,
): void {
  const scratch = { c: new Float64Array(sizes.headKDim), scores: new Float64Array(CHUNK_ROWS) };
  for (let head = 0; head < sizes.heads; head++) {
    for (let from = 0; from < rows; ) from = chunk(S, q, k, v, g, y, from, rows, head, sizes, scratch);
  }
}

/** One chunk of one head from row `from`; returns the row after it. */
function chunk(
  S: Float32Array,
  q: Float64Array,
  k: Float64Array,
  v: Float32Array,
  g: Float64Array,
  y: Float32Array,
  from: number,
  rows: number,
  head: number,
  { heads, headKDim, headVDim }: GlaSizes,
  { c, scores }: { readonly c: Float64Array; readonly scores: Float64Array },
): number {
  const [keys, values] = [heads * headKDim, heads * headVDim];
  const [key, value, state] = [head * headKDim, head * headVDim, head * headKDim * headVDim];
  const scale = 1 / Math.sqrt(headKDim);
  for (let i = 0; i < headKDim; i++) {
    const first = exp(g[from * keys + key + i]!);
    for (let j = 0; j < headVDim; j++) S[state + j * headKDim + i] = first * S[state + j * headKDim + i]!;
  }
  const to = glaWeigh(q, k, g, c, from, Math.min(rows, from + CHUNK_ROWS), keys, key);
  for (let t = from; t < to; t++) {
    for (let s = from; s <= t; s++) {
      let score = 0;
      for (let i = key; i < key + headKDim; i++) score += q[t * keys + i]! * k[s * keys + i]!;
      scores[s - from] = score;
    }
    for (let j = 0; j < headVDim; j++) {
      let sum = 0;
      for (let i = 0; i < headKDim; i++) sum += S[state + j * headKDim + i]! * q[t * keys + key + i]!;
      for (let s = from; s <= t; s++) sum += scores[s - from]! * v[s * values + value + j]!;
      y[t * values + value + j] = scale * sum;
    }
  }
  for (let i = 0; i < headKDim; i++) c[i] = exp(c[i]!);
  for (let j = 0; j < headVDim; j++) {
    for (let i = 0; i < headKDim; i++) {
      let sum = S[state + j * headKDim + i]!;
      for (let s = from; s < to; s++) sum += v[s * values + value + j]! * k[s * keys + key + i]!;
      S[state + j * headKDim + i] = c[i]! * sum;
    }
  }
  return to;
}
