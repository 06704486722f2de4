// The public door of the S4 cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { type S4Layout, s4Cell } from './cell.ts';
import { s4Naive } from './naive.ts';
import { sampleS4 } from './sample.ts';

export { type S4Layout, s4Cell } from './cell.ts';
export { type S4Config, type S4Params, s4Init, s4Params } from './params.ts';

export function sampleCell(seed: number): Cell<S4Layout> {
  const { config, params } = sampleS4(seed);
  return s4Cell(config, params);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { config, params } = sampleS4(seed);
  return s4Naive(config, params, x, rows);
}
