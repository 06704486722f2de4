// Parameters of a linear attention layer: names and shapes of flash-linear-attention's LinearAttention with feature_map
// 'elu', do_feature_map_norm, output_norm 'identity' and no key-value groups. Checked once at load; the cell trusts them.

import { engineError } from '../../base/errors.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface LinearAttentionConfig {
  readonly dModel: number;
  readonly heads: number;
  readonly headKDim: number;
  readonly headVDim: number;
  /** Added to the normaliser; 1e-6 in the paper's code, 1e-10 in flash-linear-attention. */
  readonly eps: number;
}

export interface LinearAttentionParams {
  /** [heads * headKDim, dModel]. */
  readonly q: Float32Array;
  readonly k: Float32Array;
  /** [heads * headVDim, dModel]. */
  readonly v: Float32Array;
  /** [dModel, heads * headVDim]. */
  readonly o: Float32Array;
}

/**
 * The tensors under `prefix`, for instance `model.layers.0.attn.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readLinearAttention(
  weights: Weights,
  prefix: string,
  config: LinearAttentionConfig,
): LinearAttentionParams {
  checkConfig(config);
  const { dModel, heads, headKDim, headVDim } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, `${prefix}${name}.weight`, shape);
  return {
    q: read('q_proj', heads * headKDim, dModel),
    k: read('k_proj', heads * headKDim, dModel),
    v: read('v_proj', heads * headVDim, dModel),
    o: read('o_proj', dModel, heads * headVDim),
  };
}

function checkConfig({ eps, ...sizes }: LinearAttentionConfig): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (!(eps > 0 && eps < 1)) throw invalid(`eps is ${eps}`, 'a positive number below 1');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `linear-attention: ${found}`, { expected });
}
