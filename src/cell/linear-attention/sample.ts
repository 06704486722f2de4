// A small layer with random weights, for the laws and for trying things out. Even seeds have two heads.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { LinearAttentionConfig } from './params.ts';

export function sampleLinearAttention(seed: number): {
  readonly weights: Weights;
  readonly config: LinearAttentionConfig;
} {
  const config = { dModel: 4, heads: seed % 2 === 0 ? 2 : 1, headKDim: 3, headVDim: 4, eps: 1e-6 };
  const { dModel, heads, headKDim, headVDim } = config;
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, out: number, into: number): void => {
    const data = Float32Array.from({ length: out * into }, random);
    weights.set(`${name}.weight`, { shape: [out, into], data });
  };
  put('q_proj', heads * headKDim, dModel);
  put('k_proj', heads * headKDim, dModel);
  put('v_proj', heads * headVDim, dModel);
  put('o_proj', dModel, heads * headVDim);
  return { weights, config };
}
