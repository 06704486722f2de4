// The public door of sparse attention. Start at README.md, then pattern.ts and cell.ts.

import type { Cell } from '../cell.ts';
import { type SparseAttentionLayout, sparseAttentionCell } from './cell.ts';
import { naiveSparseAttention } from './naive.ts';
import { sampleSparseAttention } from './sample.ts';

export { type SparseAttentionLayout, sparseAttentionCell } from './cell.ts';
export { naiveSparseAttention } from './naive.ts';
export type { SparseAttentionConfig } from './params.ts';

export function sampleCell(seed: number): Cell<SparseAttentionLayout> {
  const { weights, config } = sampleSparseAttention(seed);
  return sparseAttentionCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleSparseAttention(seed);
  return naiveSparseAttention(weights, '', config, x, rows);
}
