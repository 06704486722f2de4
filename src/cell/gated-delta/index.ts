// The public door of the gated DeltaNet cell. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { gatedDeltaCell } from './cell.ts';
import { naiveGatedDelta } from './naive.ts';
import { sampleGatedDelta } from './sample.ts';
import type { GatedDeltaLayout } from './wy.ts';

export { gatedDeltaCell } from './cell.ts';
export { type GatedDeltaNaming, naiveGatedDelta, naiveRead } from './naive.ts';
export type { GatedDeltaConfig, GatedDeltaParams } from './params.ts';
export { readGatedDeltaFla } from './read-fla.ts';
export { readGatedDeltaQwen3Next } from './read-qwen3-next.ts';
export type { GatedDeltaLayout } from './wy.ts';

export function sampleCell(seed: number): Cell<GatedDeltaLayout> {
  const { config, params } = sampleGatedDelta(seed);
  return gatedDeltaCell(config, params);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, naming, config } = sampleGatedDelta(seed);
  return naiveGatedDelta(weights, '', naming, config, x, rows);
}
