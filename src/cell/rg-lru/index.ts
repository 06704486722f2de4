// The public door of the RG-LRU cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import type { RgLruLayout } from './branches.ts';
import { rgLruCell } from './cell.ts';
import { naiveRgLru } from './naive.ts';
import { sampleRgLru } from './sample.ts';

export type { RgLruLayout } from './branches.ts';
export { rgLruCell } from './cell.ts';
export { naiveRecurrence, naiveRgLru } from './naive.ts';
export type { RgLruConfig } from './params.ts';

export function sampleCell(seed: number): Cell<RgLruLayout> {
  const { weights, config } = sampleRgLru(seed);
  return rgLruCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleRgLru(seed);
  return naiveRgLru(weights, '', config, x, rows);
}
