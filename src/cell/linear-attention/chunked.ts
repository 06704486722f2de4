// Linear attention over many rows in chunks: the state is read and written once a chunk of rows, in f64, so the end state
// equals that of steps but for the order of sums. The arithmetic: kernel/plain/linear-attention-chunk.ts.

import { linearAttentionChunk } from '../../kernel/plain/linear-attention-chunk.ts';
import type { ScanForm } from '../cell.ts';
import type { f64 } from '../state.ts';
import type { LinearAttentionConfig } from './params.ts';

/** S [heads, headVDim, headKDim]: sum of v (outer) phi(k). z [heads, headKDim]: sum of phi(k). */
export type LinearAttentionLayout = { readonly S: ReturnType<typeof f64>; readonly z: ReturnType<typeof f64> };

/** The cell's own projections: `read` fills q, k, v from a row; `write` turns a mixed row [values] into an output row. */
export interface Projections {
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float32Array;
  read(x: Float32Array): void;
  write(mixed: Float32Array, y: Float32Array): void;
}

const CHUNK_ROWS = 16;

/** rtol: seen 0 to 6e-8 of max|y|, one rounding of the output. Allocates 4 (4 keys + 2 values) bytes a row. */
export function chunkedForm(
  { q, k, v, read, write }: Projections,
  config: LinearAttentionConfig,
): ScanForm<LinearAttentionLayout> {
  const { dModel, eps } = config;
  const [keys, values] = [q.length, v.length];
  return {
    rtol: 1e-6,
    scan({ at }, x, y, rows) {
      const [allQ, allK] = [new Float64Array(rows * keys), new Float64Array(rows * keys)];
      const [allV, mixed] = [new Float32Array(rows * values), new Float32Array(rows * values)];
      for (let t = 0; t < rows; t++) {
        read(x.subarray(t * dModel, (t + 1) * dModel));
        allQ.set(q, t * keys);
        allK.set(k, t * keys);
        allV.set(v, t * values);
      }
      const scores = new Float64Array(CHUNK_ROWS);
      for (let from = 0; from < rows; from += CHUNK_ROWS) {
        const to = Math.min(rows, from + CHUNK_ROWS);
        linearAttentionChunk(at.S, at.z, allQ, allK, allV, mixed, scores, from, to, eps, config);
      }
      for (let t = 0; t < rows; t++) {
        write(mixed.subarray(t * values, (t + 1) * values), y.subarray(t * dModel, (t + 1) * dModel));
      }
    },
  };
}
