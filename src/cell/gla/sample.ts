// A small layer with random weights, for the laws and for trying things out. Even seeds have two heads.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { GlaConfig } from './params.ts';

export function sampleGla(seed: number): { readonly weights: Weights; readonly config: GlaConfig } {
  const heads = seed % 2 === 0 ? 2 : 1;
  const config = { dModel: 4, heads, headKDim: 2, headVDim: 4, gateRank: 2, gateNormalizer: 16, eps: 1e-5 };
  const { dModel, gateRank } = config;
  const [keys, values] = [heads * config.headKDim, heads * config.headVDim];
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale = 1, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  put('q_proj.weight', [keys, dModel]);
  put('k_proj.weight', [keys, dModel]);
  put('v_proj.weight', [values, dModel]);
  put('g_proj.weight', [values, dModel]);
  put('gk_proj.0.weight', [gateRank, dModel]);
  put('gk_proj.1.weight', [keys, gateRank]);
  put('gk_proj.1.bias', [keys], 0.5); // g about -0.04: memories of some twenty rows
  put('g_norm_swish_gate.weight', [config.headVDim], 0.2, 1);
  put('o_proj.weight', [dModel, values]);
  return { weights, config };
}
