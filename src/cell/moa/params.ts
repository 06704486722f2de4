// Parameters of a mixture of attention heads under the names of JetMoE checkpoints. Checked once at load; the cell trusts
// what it gets.

import { engineError } from '../../base/errors.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface MoaConfig {
  readonly dModel: number;
  /** Key and value heads, shared by all experts; every expert has as many query heads. */
  readonly kvHeads: number;
  /** Even, for the rotation works on pairs. */
  readonly headDim: number;
  /** E. */
  readonly experts: number;
  /** Experts that run for a row: from 1 to E. Upstream's num_attention_heads is chosen * kvHeads. */
  readonly chosen: number;
  /** Rows a query sees, its own included: the declared bound. */
  readonly window: number;
  /** Base of the rotary frequencies; 10000 in JetMoE. */
  readonly theta: number;
  /** What row `window` + 1 of a stream meets: the oldest row leaves (default), or the stream ends: ERR_CONTEXT_FULL. */
  readonly whenFull?: 'slide' | 'refuse';
}

export interface MoaParams {
  /** [E, dModel]. */
  readonly router: Float32Array;
  /** Of each expert [kvHeads * headDim, dModel] and [dModel, kvHeads * headDim]. */
  readonly q: readonly Float32Array[];
  readonly o: readonly Float32Array[];
  /** [2 * kvHeads * headDim, dModel], keys first. */
  readonly kv: Float32Array;
  /** [dModel]. */
  readonly bias: Float32Array;
}

/**
 * The tensors under `prefix`, for instance `model.layers.0.self_attention.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readMoa(weights: Weights, prefix: string, config: MoaConfig): MoaParams {
  checkConfig(config);
  const { dModel, experts } = config;
  const width = config.kvHeads * config.headDim;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const each = (all: Float32Array): Float32Array[] =>
    Array.from({ length: experts }, (_, e) => all.subarray(e * width * dModel, (e + 1) * width * dModel));
  return {
    router: read('experts.router.layer.weight', experts, dModel),
    q: each(read('experts.input_linear.weight', experts, width, dModel)),
    o: each(read('experts.output_linear.weight', experts, dModel, width)),
    kv: read('kv_proj.weight', 2 * width, dModel),
    bias: read('experts.bias', dModel),
  };
}

const ELEMENTS_MAX = 268_435_456; // 2^28, of the keys: 1 GiB of f32 for one stream is a typing error, not a model

function checkConfig({ dModel, kvHeads, headDim, experts, chosen, window, theta }: MoaConfig): void {
  for (const [name, value] of Object.entries({ dModel, kvHeads, headDim, experts, chosen, window })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (headDim % 2 !== 0) throw invalid(`headDim is ${headDim}`, 'an even number');
  if (chosen > experts) throw invalid(`${chosen} chosen of ${experts} experts`, 'no more than there are');
  if (window * kvHeads * headDim > ELEMENTS_MAX) throw invalid(`window is ${window}`, 'at most 2^28 elements of keys');
  if (!(theta > 0 && theta < Infinity)) throw invalid(`theta is ${theta}`, 'a positive number');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `moa: ${found}`, { expected });
}
