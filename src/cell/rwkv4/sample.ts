// A small layer with random weights under the checkpoint's names, for the laws and for trying things out.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { Rwkv4Config } from './params.ts';

/** `attention.*` and `feed_forward.*` of one layer. */
export function sampleRwkv4(seed: number): { readonly weights: Weights; readonly config: Rwkv4Config } {
  const config: Rwkv4Config = { dModel: 4, dAttention: seed % 2 === 0 ? 6 : 2, dHidden: 8 };
  const { dModel: D, dAttention: A, dHidden: F } = config;
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale: number, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  for (const part of ['key', 'value', 'receptance']) {
    put(`attention.time_mix_${part}`, [1, 1, D], 0.5, 0.5);
    put(`attention.${part}.weight`, [A, D], 1);
  }
  put('attention.time_decay', [A], 2, -2); // -exp(-4) to -1: memories of 1 to 50 rows
  put('attention.time_first', [A], 1);
  put('attention.output.weight', [D, A], 0.5);
  put('feed_forward.time_mix_key', [1, 1, D], 0.5, 0.5);
  put('feed_forward.time_mix_receptance', [1, 1, D], 0.5, 0.5);
  put('feed_forward.key.weight', [F, D], 1);
  put('feed_forward.receptance.weight', [D, D], 1);
  put('feed_forward.value.weight', [D, F], 0.5);
  return { weights, config };
}
