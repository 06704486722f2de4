// The public door of the Hyena cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { hyenaCell } from './cell.ts';
import { hyenaNaive } from './naive.ts';
import { type HyenaLayout, hyenaParams } from './params.ts';
import { sampleHyena } from './sample.ts';

export { hyenaCell } from './cell.ts';
export { type HyenaConfig, type HyenaLayout, type HyenaParams, hyenaParams } from './params.ts';

export function sampleCell(seed: number): Cell<HyenaLayout> {
  const { weights, config } = sampleHyena(seed);
  return hyenaCell(config, hyenaParams(weights, '', config));
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleHyena(seed);
  return hyenaNaive(config, hyenaParams(weights, '', config), x, rows);
}
