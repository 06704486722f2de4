// The public door of the Mamba-2 cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { mamba2Cell } from './cell.ts';
import { naiveMamba2 } from './naive.ts';
import type { Mamba2Layout } from './params.ts';
import { sampleMamba2 } from './sample.ts';

export { mamba2Cell } from './cell.ts';
export { naiveMamba2 } from './naive.ts';
export type { Mamba2Config, Mamba2Layout } from './params.ts';

export function sampleCell(seed: number): Cell<Mamba2Layout> {
  const { weights, config } = sampleMamba2(seed);
  return mamba2Cell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleMamba2(seed);
  return naiveMamba2(weights, '', config, x, rows);
}
