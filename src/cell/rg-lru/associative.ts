// RG-LRU over many rows by the associative scan: gates for every row first, then h as a tree of products. Not bitwise the
// steps (h stays in f64 inside a call, and sums join in another order). The tree: kernel/plain/rg-lru-associative.ts.

import { rgLruAssociative } from '../../kernel/plain/rg-lru-associative.ts';
import type { ScanForm } from '../cell.ts';
import type { RgLruBranches, RgLruLayout } from './branches.ts';

/** Allocates 20 bytes a row and channel. rtol: seen 3e-7 of max|y|. */
export function associativeForm(branches: RgLruBranches, dModel: number, lruWidth: number): ScanForm<RgLruLayout> {
  return {
    rtol: 2e-6,
    scan(state, x, y, rows) {
      const a = new Float64Array(rows * lruWidth);
      const b = new Float64Array(rows * lruWidth);
      const gates = new Float32Array(rows * lruWidth);
      for (let t = 0; t < rows; t++) {
        branches.read(state, x.subarray(t * dModel, (t + 1) * dModel), 1);
        a.set(branches.a, t * lruWidth);
        b.set(branches.b, t * lruWidth);
        gates.set(branches.gate, t * lruWidth);
      }
      if (rows > 0) rgLruAssociative(a, b, state.at.h, rows);
      const { h } = state.at;
      for (let t = 0; t < rows; t++) {
        h.set(b.subarray(t * lruWidth, (t + 1) * lruWidth));
        branches.gate.set(gates.subarray(t * lruWidth, (t + 1) * lruWidth));
        branches.write(h, y.subarray(t * dModel, (t + 1) * dModel));
      }
    },
  };
}
