// A small layer with random weights under the checkpoint's names, for the laws and for trying things out.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import { type Rwkv6Config, STREAMS } from './params.ts';

/** `att.*` and `ffn.*` of one layer. Even seeds have two heads of 2, odd seeds one. */
export function sampleRwkv6(seed: number): { readonly weights: Weights; readonly config: Rwkv6Config } {
  const config: Rwkv6Config = { dModel: seed % 2 === 0 ? 4 : 2, headDim: 2, dHidden: 8 };
  const { dModel: D, headDim: N, dHidden: F } = config;
  const [mixRank, decayRank] = [1, 2];
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale: number, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  for (const stream of ['x', ...STREAMS]) put(`att.time_maa_${stream}`, [1, 1, D], 0.5, 0.5);
  put('att.time_maa_w1', [D, 5 * mixRank], 0.5);
  put('att.time_maa_w2', [5, mixRank, D], 0.5);
  put('att.time_decay', [1, 1, D], 2, -2); // decay of a row from 0.37 to 0.98
  put('att.time_decay_w1', [D, decayRank], 0.5);
  put('att.time_decay_w2', [decayRank, D], 0.5);
  put('att.time_faaaa', [D / N, N], 1);
  for (const name of ['receptance', 'key', 'value', 'gate']) put(`att.${name}.weight`, [D, D], 1);
  put('att.output.weight', [D, D], 0.5);
  put('att.ln_x.weight', [D], 0.2, 1);
  put('att.ln_x.bias', [D], 0.2);
  put('ffn.time_maa_k', [1, 1, D], 0.5, 0.5);
  put('ffn.time_maa_r', [1, 1, D], 0.5, 0.5);
  put('ffn.key.weight', [F, D], 1);
  put('ffn.receptance.weight', [D, D], 1);
  put('ffn.value.weight', [D, F], 0.5);
  return { weights, config };
}
