// A small mixer with random weights, for the laws and for trying things out. Even seeds have two groups, normed apart, and
// biases in the projections.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import { type Mamba2Config, mamba2Sizes } from './params.ts';

export function sampleMamba2(seed: number): { readonly weights: Weights; readonly config: Mamba2Config } {
  const config: Mamba2Config = {
    dModel: 4,
    dState: 4,
    dConv: 4,
    expand: 2,
    headDim: 4,
    ...(seed % 2 === 0 ? { nGroups: 2, normOver: 'group', projBias: true } : { nGroups: 1 }),
    eps: 1e-5,
    dtLimit: [0, Infinity],
  };
  const { dInner, heads, dMixed, dProj } = mamba2Sizes(config);
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale: number, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  put('in_proj.weight', [dProj, config.dModel], 1);
  put('conv1d.weight', [dMixed, 1, config.dConv], 0.5);
  put('conv1d.bias', [dMixed], 0.1);
  put('dt_bias', [heads], 1, -2); // dt from 0.05 to 0.3: memories of some ten rows
  put('A_log', [heads], 1);
  put('D', [heads], 0.5, 1);
  put('norm.weight', [dInner], 0.2, 1);
  put('out_proj.weight', [config.dModel, dInner], 0.5);
  if (config.projBias) {
    put('in_proj.bias', [dProj], 0.2);
    put('out_proj.bias', [config.dModel], 0.2);
  }
  return { weights, config };
}
