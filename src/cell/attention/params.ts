// Parameters of an attention layer: names and shapes of Llama, Mistral, Qwen, Gemma and Jamba checkpoints. Checked once at
// load; the cell trusts what it gets.

import { engineError } from '../../base/errors.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface AttentionConfig {
  readonly dModel: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads: a divisor of `heads` (grouped queries); equal to it for plain multi-head attention. */
  readonly kvHeads: number;
  /** Even, for the loops go by pairs; a multiple of 4 for an int8 cache. */
  readonly headDim: number;
  /** Rows a query sees, its own included: the declared bound. "Full" attention is a window as long as the stream. */
  readonly window: number;
  /** Base of the rotary frequencies; 10000 in Llama 2 and Mistral 7B. Not used when `rotaryFactor` is 0. */
  readonly theta: number;
  /** Part of each head, from its beginning, that is rotated: 1 (default), 0.5 RecurrentGemma, 0.25 Qwen3-Next, 0 Jamba. */
  readonly rotaryFactor?: number;
  /** Projections that have a bias; none by default. Qwen 2: q, k, v. RecurrentGemma: o. */
  readonly biases?: readonly ('q' | 'k' | 'v' | 'o')[];
  /** RMSNorm of every query and key head before the rotation (Qwen 3); `plusOne`: times 1 + w (Qwen3-Next, Gemma 3). */
  readonly qkNorm?: { readonly eps: number; readonly plusOne: boolean };
  /** q_proj has 2 headDim rows a head, query first; what was attended is multiplied by sigmoid of the rest (Qwen3-Next). */
  readonly outputGate?: boolean;
  /** How keys and values are kept. int8: one scale a row and head, the newest row used before it is quantised. */
  readonly cache?: 'f32' | 'int8';
  /** What row `window` + 1 of a stream meets: the oldest row leaves (default), or the stream ends: ERR_CONTEXT_FULL. */
  readonly whenFull?: 'slide' | 'refuse';
  /** Keys a tile of `forms.tiled`; any number gives the same rows within its rtol. */
  readonly tileRows?: number;
}

export interface AttentionParams {
  /** [heads * headDim, dModel], or twice as many rows with an output gate. */
  readonly q: Float32Array;
  /** [kvHeads * headDim, dModel]. */
  readonly k: Float32Array;
  readonly v: Float32Array;
  /** [dModel, heads * headDim]. */
  readonly o: Float32Array;
  /** One for each row of its projection, where there is one. */
  readonly bias: { readonly [name in 'q' | 'k' | 'v' | 'o']: Float32Array | undefined };
  /** [headDim] each. */
  readonly norm: { readonly q: Float32Array; readonly k: Float32Array } | undefined;
}

/**
 * The tensors under `prefix`, for instance `model.layers.0.self_attn.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readAttention(weights: Weights, prefix: string, config: AttentionConfig): AttentionParams {
  checkConfig(config);
  const { dModel, headDim } = config;
  const wide = config.heads * headDim;
  const narrow = config.kvHeads * headDim;
  const asked = config.outputGate ? 2 * wide : wide;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const bias = (name: 'q' | 'k' | 'v' | 'o', rows: number): Float32Array | undefined =>
    config.biases?.includes(name) ? read(`${name}_proj.bias`, rows) : undefined;
  return {
    q: read('q_proj.weight', asked, dModel),
    k: read('k_proj.weight', narrow, dModel),
    v: read('v_proj.weight', narrow, dModel),
    o: read('o_proj.weight', dModel, wide),
    bias: { q: bias('q', asked), k: bias('k', narrow), v: bias('v', narrow), o: bias('o', dModel) },
    norm: config.qkNorm && { q: read('q_norm.weight', headDim), k: read('k_norm.weight', headDim) },
  };
}

/** Elements of a head that are rotated. */
export const rotaryDim = ({ headDim, rotaryFactor = 1 }: AttentionConfig): number => headDim * rotaryFactor;

const ELEMENTS_MAX = 268_435_456; // 2^28, of the keys: 1 GiB of f32 for one stream is a typing error, not a model

function checkConfig(config: AttentionConfig): void {
  const { dModel, heads, kvHeads, headDim, window, theta, rotaryFactor = 1, tileRows = 1 } = config;
  for (const [name, value] of Object.entries({ dModel, heads, kvHeads, headDim, window, tileRows })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (heads % kvHeads !== 0) throw invalid(`${heads} heads, ${kvHeads} kvHeads`, 'heads a multiple of kvHeads');
  if (headDim % 2 !== 0) throw invalid(`headDim is ${headDim}`, 'an even number');
  if (config.cache === 'int8' && headDim % 4 !== 0) {
    throw invalid(`headDim is ${headDim} with an int8 cache`, 'a multiple of 4');
  }
  if (window * kvHeads * headDim > ELEMENTS_MAX) throw invalid(`window is ${window}`, 'at most 2^28 elements of keys');
  if (!(theta > 0 && theta < Infinity)) throw invalid(`theta is ${theta}`, 'a positive number');
  if (!(rotaryFactor >= 0 && rotaryFactor <= 1 && Number.isInteger(rotaryDim(config) / 2))) {
    throw invalid(`rotaryFactor is ${rotaryFactor}`, 'from 0 to 1, an even number of elements of a head');
  }
  if (config.qkNorm && !(config.qkNorm.eps > 0)) throw invalid('qkNorm.eps', 'a positive number');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `attention: ${found}`, { expected });
}
