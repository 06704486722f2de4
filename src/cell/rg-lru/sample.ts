// A small block with random weights, for the laws and for trying things out. Even seeds have two gate blocks, odd one.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { RgLruConfig } from './params.ts';

export function sampleRgLru(seed: number): { readonly weights: Weights; readonly config: RgLruConfig } {
  const even = seed % 2 === 0;
  const config: RgLruConfig = { dModel: 3, lruWidth: even ? 4 : 2, heads: even ? 2 : 1, dConv: 4 };
  const { dModel, lruWidth, heads, dConv } = config;
  const block = lruWidth / heads;
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale: number, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  for (const name of ['linear_x', 'linear_y']) {
    put(`${name}.weight`, [lruWidth, dModel], 1);
    put(`${name}.bias`, [lruWidth], 0.2);
  }
  put('linear_out.weight', [dModel, lruWidth], 1);
  put('linear_out.bias', [dModel], 0.2);
  put('conv_1d.weight', [lruWidth, 1, dConv], 0.5);
  put('conv_1d.bias', [lruWidth], 0.1);
  for (const name of ['input_gate', 'recurrent_gate']) {
    put(`rg_lru.${name}_weight`, [heads, block, block], 1);
    put(`rg_lru.${name}_bias`, [heads, block], 0.2);
  }
  put('rg_lru.recurrent_param', [lruWidth], 1, -4.5); // a^(1/r) from 0.78 to 0.97: memories of some ten rows
  return { weights, config };
}
