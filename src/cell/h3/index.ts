// The public door of the H3 cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { h3Cell } from './cell.ts';
import { h3Naive } from './naive.ts';
import { type H3Layout, h3Params } from './params.ts';
import { sampleH3 } from './sample.ts';

export { h3Cell } from './cell.ts';
export { type H3Config, type H3Layout, type H3Params, h3Params } from './params.ts';

export function sampleCell(seed: number): Cell<H3Layout> {
  const { weights, config } = sampleH3(seed);
  return h3Cell(config, h3Params(weights, '', config));
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleH3(seed);
  return h3Naive(config, h3Params(weights, '', config), x, rows);
}
