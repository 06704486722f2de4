// The public door of the linear attention cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { linearAttentionCell } from './cell.ts';
import type { LinearAttentionLayout } from './chunked.ts';
import { naiveLinearAttention } from './naive.ts';
import { sampleLinearAttention } from './sample.ts';

export { linearAttentionCell } from './cell.ts';
export type { LinearAttentionLayout } from './chunked.ts';
export { naiveLinearAttention, naiveMix } from './naive.ts';
export type { LinearAttentionConfig } from './params.ts';

export function sampleCell(seed: number): Cell<LinearAttentionLayout> {
  const { weights, config } = sampleLinearAttention(seed);
  return linearAttentionCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleLinearAttention(seed);
  return naiveLinearAttention(weights, '', config, x, rows);
}
