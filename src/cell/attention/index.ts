// The public door of the attention cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { attentionCell } from './cell.ts';
import { naiveAttention } from './naive.ts';
import { sampleAttention } from './sample.ts';

export type { AttentionLayout, Int8AttentionLayout } from './cache.ts';
export { attentionCell } from './cell.ts';
export { naiveAttention } from './naive.ts';
export type { AttentionConfig } from './params.ts';

export function sampleCell(seed: number): Cell {
  const { weights, config } = sampleAttention(seed);
  return attentionCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleAttention(seed);
  return naiveAttention(weights, '', config, x, rows);
}
