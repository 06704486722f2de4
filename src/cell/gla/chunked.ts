// Gated linear attention over many rows in chunks: the state is read and written once a chunk and rounded to f32 there only.
// The arithmetic: kernel/plain/gla-chunks.ts.

import { glaChunks } from '../../kernel/plain/gla-chunks.ts';
import type { ScanForm } from '../cell.ts';
import type { f32 } from '../state.ts';
import type { GlaConfig } from './params.ts';
import type { GlaProjections } from './projections.ts';

/** S [heads, headVDim, headKDim]: values along rows, as flash-linear-attention keeps it with state_v_first. */
export type GlaLayout = { readonly S: ReturnType<typeof f32> };

/** Allocates 12 (2 keys + values) bytes a row. rtol: seen 2e-7 of max|y|. */
export function chunkedForm(projections: GlaProjections, config: GlaConfig): ScanForm<GlaLayout> {
  const { dModel } = config;
  const { q, k, v, g, gate, read, write } = projections;
  const [keys, values] = [q.length, v.length];
  return {
    rtol: 2e-6,
    scan({ at }, x, y, rows) {
      const [allQ, allK, allG] = [q, k, g].map(() => new Float64Array(rows * keys)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const [allV, gates, mixed] = [v, v, v].map(() => new Float32Array(rows * values)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      for (let t = 0; t < rows; t++) {
        read(x.subarray(t * dModel, (t + 1) * dModel));
        allQ.set(q, t * keys);
        allK.set(k, t * keys);
        allG.set(g, t * keys);
        allV.set(v, t * values);
        gates.set(gate, t * values);
      }
      glaChunks(at.S, allQ, allK, allV, allG, mixed, rows, config);
      for (let t = 0; t < rows; t++) {
        gate.set(gates.subarray(t * values, (t + 1) * values));
        write(mixed.subarray(t * values, (t + 1) * values), y.subarray(t * dModel, (t + 1) * dModel));
      }
    },
  };
}
