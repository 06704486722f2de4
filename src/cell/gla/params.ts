// Parameters of a gated linear attention layer: names and shapes as flash-linear-attention's GatedLinearAttention writes
// them at its defaults (no short convolution, no key-value groups, no feature map, swish gate). Checked once at load.

import { engineError } from '../../base/errors.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface GlaConfig {
  readonly dModel: number;
  readonly heads: number;
  /** Per head; upstream expand_k * dModel / heads, expand_k 0.5. */
  readonly headKDim: number;
  /** Per head; upstream expand_v * dModel / heads, expand_v 1. */
  readonly headVDim: number;
  /** Width between the two halves of gk_proj; upstream 16. */
  readonly gateRank: number;
  /** The log decay is divided by this; upstream 16. */
  readonly gateNormalizer: number;
  /** Of the output norm; upstream 1e-5. */
  readonly eps: number;
}

export interface GlaParams {
  /** [heads * headKDim, dModel]. */
  readonly q: Float32Array;
  readonly k: Float32Array;
  /** [heads * headVDim, dModel]: values, and the output gate. */
  readonly v: Float32Array;
  readonly gate: Float32Array;
  /** [gateRank, dModel], then [heads * headKDim, gateRank] and its bias. */
  readonly decayDown: Float32Array;
  readonly decayUp: Float32Array;
  readonly decayBias: Float32Array;
  /** [headVDim], shared by the heads. */
  readonly normWeight: Float32Array;
  /** [dModel, heads * headVDim]. */
  readonly o: Float32Array;
}

/**
 * The tensors under `prefix`, for instance `model.layers.0.attn.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readGla(weights: Weights, prefix: string, config: GlaConfig): GlaParams {
  checkConfig(config);
  const { dModel, heads, headKDim, headVDim, gateRank } = config;
  const [keys, values] = [heads * headKDim, heads * headVDim];
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  return {
    q: read('q_proj.weight', keys, dModel),
    k: read('k_proj.weight', keys, dModel),
    v: read('v_proj.weight', values, dModel),
    gate: read('g_proj.weight', values, dModel),
    decayDown: read('gk_proj.0.weight', gateRank, dModel),
    decayUp: read('gk_proj.1.weight', keys, gateRank),
    decayBias: read('gk_proj.1.bias', keys),
    normWeight: read('g_norm_swish_gate.weight', headVDim),
    o: read('o_proj.weight', dModel, values),
  };
}

function checkConfig({ eps, gateNormalizer, ...sizes }: GlaConfig): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (!(eps > 0 && eps < 1)) throw invalid(`eps is ${eps}`, 'a positive number below 1');
  if (!(gateNormalizer > 0 && gateNormalizer < Infinity)) {
    throw invalid(`gateNormalizer is ${gateNormalizer}`, 'a positive number');
  }
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `gla: ${found}`, { expected });
}
