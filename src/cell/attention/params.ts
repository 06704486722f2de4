// Parameters of an attention layer: names and shapes of Llama and Mistral checkpoints, without biases. Checked once at
// load; the cell trusts what it gets.

import { engineError } from '../../base/errors.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface AttentionConfig {
  readonly dModel: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads: a divisor of `heads` (grouped queries); equal to it for plain multi-head attention. */
  readonly kvHeads: number;
  /** Even, for the rotation works on pairs. */
  readonly headDim: number;
  /** Rows a query sees, its own included. "Full" attention is a window as long as the stream. */
  readonly window: number;
  /** Base of the rotary frequencies; 10000 in Llama 2 and Mistral 7B. */
  readonly theta: number;
}

export interface AttentionParams {
  /** [heads * headDim, dModel]. */
  readonly q: Float32Array;
  /** [kvHeads * headDim, dModel]. */
  readonly k: Float32Array;
  readonly v: Float32Array;
  /** [dModel, heads * headDim]. */
  readonly o: Float32Array;
}

/**
 * The tensors under `prefix`, for instance `model.layers.0.self_attn.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readAttention(weights: Weights, prefix: string, config: AttentionConfig): AttentionParams {
  checkConfig(config);
  const wide = config.heads * config.headDim;
  const narrow = config.kvHeads * config.headDim;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, `${prefix}${name}.weight`, shape);
  return {
    q: read('q_proj', wide, config.dModel),
    k: read('k_proj', narrow, config.dModel),
    v: read('v_proj', narrow, config.dModel),
    o: read('o_proj', config.dModel, wide),
  };
}

function checkConfig({ dModel, heads, kvHeads, headDim, window, theta }: AttentionConfig): void {
  for (const [name, value] of Object.entries({ dModel, heads, kvHeads, headDim, window })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (heads % kvHeads !== 0) throw invalid(`${heads} heads, ${kvHeads} kvHeads`, 'heads a multiple of kvHeads');
  if (headDim % 2 !== 0) throw invalid(`headDim is ${headDim}`, 'an even number');
  if (!(theta > 0)) throw invalid(`theta is ${theta}`, 'a positive number');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `attention: ${found}`, { expected });
}
