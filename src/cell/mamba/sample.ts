// A small mixer with random weights, for the laws and for trying things out. Seed 1 is Mamba's own, seed 2 has the norms
// of Falcon Mamba and biases in its projections, seed 3 the norms of Jamba and no bias in its convolution.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { MambaConfig } from './params.ts';

export function sampleMamba(seed: number): { readonly weights: Weights; readonly config: MambaConfig } {
  const variant = (seed + 2) % 3;
  const config: MambaConfig = {
    dModel: 4,
    dInner: 4,
    dState: 3,
    dConv: 4,
    dtRank: 2,
    convBias: variant !== 2,
    projBias: variant === 1,
    ...(variant > 0 && { selectNorm: { weights: variant === 2, eps: 1e-6 } }),
  };
  const { dModel, dInner, dState, dConv, dtRank } = config;
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], scale: number, centre = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  put('in_proj.weight', [2 * dInner, dModel], 1);
  put('conv1d.weight', [dInner, 1, dConv], 0.5);
  put('x_proj.weight', [dtRank + 2 * dState, dInner], 1);
  put('dt_proj.weight', [dInner, dtRank], 0.5);
  put('dt_proj.bias', [dInner], 1, -2); // dt from 0.05 to 0.3: memories of some ten rows
  put('A_log', [dInner, dState], 1);
  put('D', [dInner], 0.5, 1);
  put('out_proj.weight', [dModel, dInner], 0.5);
  if (config.convBias) put('conv1d.bias', [dInner], 0.1);
  if (config.projBias) {
    put('in_proj.bias', [2 * dInner], 0.2);
    put('out_proj.bias', [dModel], 0.2);
  }
  if (config.selectNorm?.weights) {
    put('dt_layernorm.weight', [dtRank], 0.2, 1);
    put('b_layernorm.weight', [dState], 0.2, 1);
    put('c_layernorm.weight', [dState], 0.2, 1);
  }
  return { weights, config };
}
