// The public door of the Mamba-2 cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { type Mamba2Layout, mamba2Cell } from './cell.ts';
import { naiveMamba2 } from './naive.ts';
import { sampleMamba2 } from './sample.ts';

export { type Mamba2Layout, mamba2Cell } from './cell.ts';
export { naiveMamba2 } from './naive.ts';
export type { Mamba2Config } from './params.ts';

export function sampleCell(seed: number): Cell<Mamba2Layout> {
  const { weights, config } = sampleMamba2(seed);
  return mamba2Cell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleMamba2(seed);
  return naiveMamba2(weights, '', config, x, rows);
}
