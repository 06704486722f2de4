// A small layer with random weights, for the laws and for trying things out. The window is 2 + seed rows.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { MoaConfig } from './params.ts';

export function sampleMoa(seed: number): { readonly weights: Weights; readonly config: MoaConfig } {
  const config: MoaConfig = {
    ...{ dModel: 4, kvHeads: 2, headDim: 2, experts: 3, chosen: 2 },
    ...{ window: 2 + seed, theta: 100 },
  };
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, ...shape: number[]): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, random) });
  };
  put('experts.router.layer.weight', 3, 4);
  put('experts.input_linear.weight', 3, 4, 4);
  put('experts.output_linear.weight', 3, 4, 4);
  put('experts.bias', 4);
  put('kv_proj.weight', 8, 4);
  return { weights, config };
}
