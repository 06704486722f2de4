// The public door of RWKV-6. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { type Rwkv6Layout, rwkv6Cell } from './cell.ts';
import { naiveRwkv6 } from './naive.ts';
import { sampleRwkv6 } from './sample.ts';

export { type Rwkv6Layout, rwkv6Cell } from './cell.ts';
export { type Rwkv6ChannelMixLayout, rwkv6ChannelMixCell } from './channel-mix.ts';
export { naiveRwkv6, naiveRwkv6ChannelMix, naiveWkv6 } from './naive.ts';
export type { Rwkv6Config } from './params.ts';

export function sampleCell(seed: number): Cell<Rwkv6Layout> {
  const { weights, config } = sampleRwkv6(seed);
  return rwkv6Cell(weights, 'att.', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleRwkv6(seed);
  return naiveRwkv6(weights, 'att.', config, x, rows);
}
