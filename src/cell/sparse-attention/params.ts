// Parameters of a sparse attention layer: names and shapes of Llama checkpoints, without biases. Checked once at load; the
// cell trusts what it gets.

import { engineError } from '../../base/errors.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface SparseAttentionConfig {
  readonly dModel: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads: a divisor of `heads`. */
  readonly kvHeads: number;
  /** Even when there is a rotation. */
  readonly headDim: number;
  /** Base of rotary positions. Absent: none, as in the paper, whose positions are added to the residual stream. */
  readonly theta?: number;
  readonly pattern: 'strided' | 'fixed';
  /** l: rows a row sees in full; of the order of sqrt(rowsMax), where the work is least. */
  readonly stride: number;
  /** c: the last columns of each block that all later rows see; 1 by default. `fixed` only. */
  readonly summaries?: number;
  /** N: the declared length of a stream, which fixes the state. */
  readonly rowsMax: number;
  /** What comes after row N: the oldest rows leave (default), or the stream ends with ERR_CONTEXT_FULL. */
  readonly whenFull?: 'slide' | 'refuse';
}

export interface SparseAttentionParams {
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
export function readSparseAttention(
  weights: Weights,
  prefix: string,
  config: SparseAttentionConfig,
): SparseAttentionParams {
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

const ELEMENTS_MAX = 268_435_456; // 2^28, of the keys: 1 GiB of f32 for one stream is a typing error, not a model

function checkConfig(config: SparseAttentionConfig): void {
  const { dModel, heads, kvHeads, headDim, theta, pattern, stride, summaries = 1, rowsMax } = config;
  for (const [name, value] of Object.entries({ dModel, heads, kvHeads, headDim, stride, summaries, rowsMax })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (pattern !== 'strided' && pattern !== 'fixed') throw invalid(`pattern is "${pattern}"`, 'strided or fixed');
  if (heads % kvHeads !== 0) throw invalid(`${heads} heads, ${kvHeads} kvHeads`, 'heads a multiple of kvHeads');
  if (theta !== undefined && !(theta > 0 && theta < Infinity)) throw invalid(`theta is ${theta}`, 'a positive number');
  if (theta !== undefined && headDim % 2 !== 0) throw invalid(`headDim is ${headDim}`, 'an even number');
  if (stride > rowsMax) throw invalid(`stride is ${stride}, rowsMax ${rowsMax}`, 'a stride within the stream');
  if (summaries > stride) throw invalid(`${summaries} summaries of ${stride} rows`, 'no more than a block has');
  if (rowsMax * kvHeads * headDim > ELEMENTS_MAX)
    throw invalid(`rowsMax is ${rowsMax}`, 'at most 2^28 elements of keys');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `sparse-attention: ${found}`, { expected });
}
