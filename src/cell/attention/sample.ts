// A small layer with random weights, for the laws and for trying things out. The window is 4 + seed rows.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { AttentionConfig } from './params.ts';

export function sampleAttention(seed: number): { readonly weights: Weights; readonly config: AttentionConfig } {
  const config: AttentionConfig = { dModel: 4, heads: 2, kvHeads: 1, headDim: 4, window: 4 + seed, theta: 10_000 };
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, m: number, k: number): void => {
    weights.set(`${name}.weight`, { shape: [m, k], data: Float32Array.from({ length: m * k }, random) });
  };
  const wide = config.heads * config.headDim;
  const narrow = config.kvHeads * config.headDim;
  put('q_proj', wide, config.dModel);
  put('k_proj', narrow, config.dModel);
  put('v_proj', narrow, config.dModel);
  put('o_proj', config.dModel, wide);
  return { weights, config };
}
