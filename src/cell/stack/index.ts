// The public door of the stack. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { stackCell } from './cell.ts';
import { naiveStack } from './naive.ts';
import { sampleStack } from './sample.ts';

export { stackCell } from './cell.ts';
export { type NaiveMixer, naiveStack } from './naive.ts';
export {
  type Block,
  type BodyConfig,
  type Linear,
  readBody,
  readLinear,
  type StackParts,
  type Sublayer,
} from './params.ts';

export function sampleCell(seed: number): Cell {
  return stackCell(sampleStack(seed).parts);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { parts, mixers } = sampleStack(seed);
  return naiveStack(parts, mixers, x, rows);
}
