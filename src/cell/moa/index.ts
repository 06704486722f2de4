// The public door of the mixture of attention heads. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { type MoaLayout, moaCell } from './cell.ts';
import { naiveMoa } from './naive.ts';
import { sampleMoa } from './sample.ts';

export { type MoaLayout, moaCell } from './cell.ts';
export { naiveMoa } from './naive.ts';
export type { MoaConfig } from './params.ts';

export function sampleCell(seed: number): Cell<MoaLayout> {
  const { weights, config } = sampleMoa(seed);
  return moaCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleMoa(seed);
  return naiveMoa(weights, '', config, x, rows);
}
