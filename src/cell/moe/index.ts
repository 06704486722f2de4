// The public door of the mixture of experts. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { type MoeLayout, moeCell } from './cell.ts';
import { naiveMoe } from './naive.ts';
import { sampleMoe } from './sample.ts';

export { type MoeLayout, moeCell } from './cell.ts';
export { naiveMoe } from './naive.ts';
export type { MoeConfig, MoeFamily } from './params.ts';

export function sampleCell(seed: number): Cell<MoeLayout> {
  const { weights, config } = sampleMoe(seed);
  return moeCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleMoe(seed);
  return naiveMoe(weights, '', config, x, rows);
}
