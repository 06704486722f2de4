// The public door of the Mamba cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { mambaCell } from './cell.ts';
import { naiveMamba } from './naive.ts';
import type { MambaLayout } from './params.ts';
import { sampleMamba } from './sample.ts';

export { mambaCell } from './cell.ts';
export { naiveMamba } from './naive.ts';
export type { MambaConfig, MambaLayout } from './params.ts';

export function sampleCell(seed: number): Cell<MambaLayout> {
  const { weights, config } = sampleMamba(seed);
  return mambaCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleMamba(seed);
  return naiveMamba(weights, '', config, x, rows);
}
