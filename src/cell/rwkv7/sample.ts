// A small layer with random weights under the checkpoint's names, for the laws and for trying things out.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import { type Rwkv7Config, STREAMS } from './params.ts';

/** `att.*` and `ffn.*` of one layer. Even seeds: layer 0 with two heads of 2; odd seeds: a later layer with one head. */
export function sampleRwkv7(seed: number): { readonly weights: Weights; readonly config: Rwkv7Config } {
  const first = seed % 2 === 0;
  const config: Rwkv7Config = { dModel: first ? 4 : 2, headDim: 2, dHidden: 8, first };
  const { dModel: D, headDim: N, dHidden: F } = config;
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale: number, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  for (const stream of STREAMS) put(`att.x_${stream}`, [1, 1, D], 0.5, 0.5);
  for (const letter of ['w', 'a', 'v', 'g']) {
    if (letter === 'v' && first) continue;
    const rank = letter === 'g' ? 2 : 1;
    put(`att.${letter}1`, [D, rank], 0.5);
    put(`att.${letter}2`, [rank, D], letter === 'g' ? 1 : 0.5);
    if (letter !== 'g') put(`att.${letter}0`, [1, 1, D], 1, letter === 'w' ? -3 : 0); // decay of a row 0.93 to 0.99
  }
  put('att.k_k', [1, 1, D], 0.2, 0.8);
  put('att.k_a', [1, 1, D], 0.2, 1);
  put('att.r_k', [D / N, N], 0.5);
  for (const name of ['receptance', 'key', 'value']) put(`att.${name}.weight`, [D, D], 1);
  put('att.output.weight', [D, D], 0.5);
  put('att.ln_x.weight', [D], 0.2, 1);
  put('att.ln_x.bias', [D], 0.2);
  put('ffn.x_k', [1, 1, D], 0.5, 0.5);
  put('ffn.key.weight', [F, D], 1);
  put('ffn.value.weight', [D, F], 0.5);
  return { weights, config };
}
