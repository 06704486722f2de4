// A small mixer with random weights, for the laws and for trying things out. Even seeds have two groups, all of the state
// rotated, a norm before the gate and the decay of earlier code.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import { type Mamba3Config, mamba3Sizes } from './params.ts';

export function sampleMamba3(seed: number): { readonly weights: Weights; readonly config: Mamba3Config } {
  const config: Mamba3Config = {
    dModel: 4,
    dState: 4,
    expand: 2,
    headDim: 4,
    ...(seed % 2 === 0 && { nGroups: 2, ropeFraction: 1, outNorm: true, decayFrom: 'softplus' }),
  };
  const { dModel, dState, dInner, heads, dProj, outNorm } = mamba3Sizes(config);
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale: number, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  put('in_proj.weight', [dProj, dModel], 1);
  put('dt_bias', [heads], 1, -2); // dt from 0.05 to 0.3: memories of some ten rows
  put('B_bias', [heads, 1, dState], 0.3, 1);
  put('C_bias', [heads, 1, dState], 0.3, 1);
  put('B_norm.weight', [dState], 0.2, 1);
  put('C_norm.weight', [dState], 0.2, 1);
  put('D', [heads], 0.5, 1);
  if (outNorm) put('norm.weight', [dInner], 0.2, 1);
  put('out_proj.weight', [dModel, dInner], 0.5);
  return { weights, config };
}
