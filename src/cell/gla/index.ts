// The public door of the gated linear attention cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { glaCell } from './cell.ts';
import type { GlaLayout } from './chunked.ts';
import { naiveGla } from './naive.ts';
import { sampleGla } from './sample.ts';

export { glaCell } from './cell.ts';
export type { GlaLayout } from './chunked.ts';
export { naiveGla, naiveGlaMix } from './naive.ts';
export type { GlaConfig } from './params.ts';

export function sampleCell(seed: number): Cell<GlaLayout> {
  const { weights, config } = sampleGla(seed);
  return glaCell(weights, '', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleGla(seed);
  return naiveGla(weights, '', config, x, rows);
}
