// Small S4D layers with fresh weights, one per seed: what the laws run. Seeds take turns through starts and methods.

import type { Cell } from '../cell.ts';
import { s4dCell } from './cell.ts';
import { s4dNaive } from './naive.ts';
import { type S4dConfig, type S4dInit, s4dInit, s4dParams } from './params.ts';

const INITS: readonly S4dInit[] = ['lin', 'inv', 'legs', 'real'];

function sample(seed: number) {
  const output = (['none', 'glu', 'gelu'] as const)[seed % 3]!;
  const config: S4dConfig = { dModel: 3, dState: 8, method: seed % 2 === 0 ? 'bilinear' : 'zoh', output };
  return { config, params: s4dParams(s4dInit(INITS[seed % 4]!, config, seed), '', config) };
}

export function sampleCell(seed: number): Cell {
  const { config, params } = sample(seed);
  return s4dCell(config, params) as Cell;
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { config, params } = sample(seed);
  return s4dNaive(config, params, x, rows);
}
