// The public door of the Mamba-3 cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { mamba3Cell } from './cell.ts';
import { naiveMamba3 } from './naive.ts';
import type { Mamba3Layout } from './params.ts';
import { sampleMamba3 } from './sample.ts';

export { mamba3Cell } from './cell.ts';
export { type Mamba3Core, naiveMamba3, naiveMamba3Core } from './naive.ts';
export { type Mamba3Config, type Mamba3Layout, mamba3Decay } from './params.ts';

export function sampleCell(seed: number): Cell<Mamba3Layout> {
  const { weights, config } = sampleMamba3(seed);
  return mamba3Cell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleMamba3(seed);
  return naiveMamba3(weights, '', config, x, rows);
}
