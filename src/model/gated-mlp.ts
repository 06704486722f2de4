// The gated feed-forward of a block, under the names that Llama gave it: gate_proj, up_proj, down_proj.

import type { GatedMlpWeights } from '../kernel/plain/gated-mlp.ts';
import { tensor, type Weights } from '../weights/tensor.ts';

export interface MlpConfig {
  readonly dModel: number;
  readonly dHidden: number;
  /** All three projections have a bias. */
  readonly biased?: boolean;
  readonly activation?: 'silu' | 'gelu_tanh';
}

/** The tensors under `prefix`, for instance `model.layers.0.mlp.`. @throws ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE */
export function readMlp(weights: Weights, prefix: string, config: MlpConfig): GatedMlpWeights & { dHidden: number } {
  const { dModel, dHidden, biased, activation = 'silu' } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  return {
    dHidden,
    activation,
    gate: read('gate_proj.weight', dHidden, dModel),
    up: read('up_proj.weight', dHidden, dModel),
    down: read('down_proj.weight', dModel, dHidden),
    ...(biased && {
      gateBias: read('gate_proj.bias', dHidden),
      upBias: read('up_proj.bias', dHidden),
      downBias: read('down_proj.bias', dModel),
    }),
  };
}

/** Norm weights of the kind that counts from one: 1 + w, with 1 added as the stack wants them. */
export function plusOne(weight: Float32Array): Float32Array {
  return weight.map((value) => 1 + value);
}
