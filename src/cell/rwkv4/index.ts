// The public door of RWKV-4. Start at README.md, then cell.ts.

import type { Cell } from '../cell.ts';
import { type Rwkv4Layout, rwkv4Cell } from './cell.ts';
import { naiveRwkv4 } from './naive.ts';
import { sampleRwkv4 } from './sample.ts';

export { type Rwkv4Block, readRwkv4Block } from './block.ts';
export { type Rwkv4Layout, rwkv4Cell } from './cell.ts';
export { type Rwkv4ChannelMixLayout, rwkv4ChannelMixCell } from './channel-mix.ts';
export { naiveRwkv4, naiveRwkv4ChannelMix, naiveWkv4 } from './naive.ts';
export { type Rwkv4Config, readNorm } from './params.ts';

export function sampleCell(seed: number): Cell<Rwkv4Layout> {
  const { weights, config } = sampleRwkv4(seed);
  return rwkv4Cell(weights, 'attention.', config);
}

export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const { weights, config } = sampleRwkv4(seed);
  return naiveRwkv4(weights, 'attention.', config, x, rows);
}
