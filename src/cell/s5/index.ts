// The public door of the S5 cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { type S5Layout, s5Cell } from './cell.ts';
import { s5Naive } from './naive.ts';
import { sampleS5 } from './sample.ts';

export { type S5Layout, s5Cell } from './cell.ts';
export { type S5Config, type S5Params, s5Init, s5Params } from './params.ts';

export function sampleCell(seed: number): Cell<S5Layout> {
  const { config, params } = sampleS5(seed);
  return s5Cell(config, params);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { config, params } = sampleS5(seed);
  return s5Naive(config, params, x, rows);
}
