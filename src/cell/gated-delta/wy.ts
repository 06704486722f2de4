// Gated DeltaNet over many rows in chunks, by the WY form: the state is read and written once a chunk and rounded to f32 there
// only. The arithmetic: kernel/plain/gated-delta-chunk.ts.

import { gatedDeltaChunk } from '../../kernel/plain/gated-delta-chunk.ts';
import type { ScanForm } from '../cell.ts';
import type { f32 } from '../state.ts';
import type { GatedDeltaConfig } from './params.ts';
import type { GatedDeltaProjections } from './projections.ts';

/** conv [2 keys + values, K - 1]: inputs of the convolutions, oldest first. S [valueHeads, headVDim, headKDim]. */
export type GatedDeltaLayout = { readonly conv: ReturnType<typeof f32>; readonly S: ReturnType<typeof f32> };

const CHUNK_ROWS = 16;

/** Allocates 16 (keys + values + valueHeads) bytes a row. */
export function wyForm(projections: GatedDeltaProjections, config: GatedDeltaConfig): ScanForm<GatedDeltaLayout> {
  const { dModel, valueHeads } = config;
  const { q, k, v, z, g, beta } = projections;
  const [keys, values] = [q.length, v.length];
  const c = new Float64Array(CHUNK_ROWS);
  const weights = new Float64Array(CHUNK_ROWS);
  return {
    rtol: 5e-6,
    scan({ at }, x, y, rows) {
      const all = {
        q: new Float64Array(rows * keys),
        k: new Float64Array(rows * keys),
        v: new Float64Array(rows * values),
        g: new Float64Array(rows * valueHeads),
        beta: new Float64Array(rows * valueHeads),
      };
      const gates = new Float32Array(rows * values);
      const mixed = new Float32Array(rows * values);
      for (let t = 0; t < rows; t++) {
        projections.read(at.conv, x.subarray(t * dModel, (t + 1) * dModel));
        all.q.set(q, t * keys);
        all.k.set(k, t * keys);
        all.v.set(v, t * values);
        all.g.set(g, t * valueHeads);
        all.beta.set(beta, t * valueHeads);
        gates.set(z, t * values);
      }
      for (let from = 0; from < rows; from += CHUNK_ROWS) {
        const to = Math.min(rows, from + CHUNK_ROWS);
        for (let j = 0; j < valueHeads; j++) gatedDeltaChunk(at.S, all, mixed, c, weights, from, to, j, config);
      }
      for (let t = 0; t < rows; t++) {
        z.set(gates.subarray(t * values, (t + 1) * values));
        projections.write(mixed.subarray(t * values, (t + 1) * values), y.subarray(t * dModel, (t + 1) * dModel));
      }
    },
  };
}
