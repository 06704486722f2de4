// A gated DeltaNet mixer from a flash-linear-attention checkpoint: one tensor a projection, put one under the other. Read at
// the layer's defaults: short convolutions without bias, an output gate.

import { joined } from '../../base/joined.ts';
import { exp } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import { type GatedDeltaConfig, type GatedDeltaParams, gatedDeltaWidths } from './params.ts';

/**
 * The tensors under `prefix`, for instance `model.layers.0.attn.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readGatedDeltaFla(weights: Weights, prefix: string, config: GatedDeltaConfig): GatedDeltaParams {
  const { keys, values } = gatedDeltaWidths(config);
  const { dModel, valueHeads, headVDim, dConv } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const linear = (name: string, out: number): Float32Array => read(`${name}.weight`, out, dModel);
  return {
    inProj: joined([
      linear('q_proj', keys),
      linear('k_proj', keys),
      linear('v_proj', values),
      linear('g_proj', values),
      linear('b_proj', valueHeads),
      linear('a_proj', valueHeads),
    ]),
    convWeight: joined([
      read('q_conv1d.weight', keys, 1, dConv),
      read('k_conv1d.weight', keys, 1, dConv),
      read('v_conv1d.weight', values, 1, dConv),
    ]),
    A: Float64Array.from(read('A_log', valueHeads), (value) => -exp(value)),
    dtBias: read('dt_bias', valueHeads),
    normWeight: read('o_norm.weight', headVDim),
    outProj: read('o_proj.weight', dModel, values),
  };
}
