// The public door of RWKV-7. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { rwkv7Cell } from './cell.ts';
import { naiveRwkv7 } from './naive.ts';
import type { Rwkv7Layout } from './params.ts';
import { sampleRwkv7 } from './sample.ts';

export { readRwkv7Block, rwkv7BlocksCell } from './block.ts';
export { rwkv7Cell } from './cell.ts';
export { type Rwkv7ChannelMixLayout, rwkv7ChannelMixCell } from './channel-mix.ts';
export { naiveRwkv7, naiveRwkv7ChannelMix, naiveWkv7 } from './naive.ts';
export { type Rwkv7Config, type Rwkv7Layout, readNorm } from './params.ts';
export type { Rwkv7Block, Rwkv7Parts } from './parts.ts';

export function sampleCell(seed: number): Cell<Rwkv7Layout> {
  const { weights, config } = sampleRwkv7(seed);
  return rwkv7Cell(weights, 'att.', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleRwkv7(seed);
  return naiveRwkv7(weights, 'att.', config, x, rows);
}
