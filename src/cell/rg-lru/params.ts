// Parameters of Griffin's recurrent block: names and shapes as transformers' RecurrentGemmaRecurrentBlock writes them.
// Checked once at load; the cell trusts what it gets. DeepMind's own names (a_param, a_gate.w, conv_1d.w) are not read.

import { engineError } from '../../base/errors.ts';
import { softplus } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface RgLruConfig {
  readonly dModel: number;
  /** Channels of the recurrence; upstream `lru_width`. */
  readonly lruWidth: number;
  /** Blocks of the gates; upstream `num_attention_heads`. Divides lruWidth. */
  readonly heads: number;
  /** K: taps of the convolution; upstream `conv1d_width`. */
  readonly dConv: number;
}

export interface Affine {
  /** [out, in] and [out]. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export interface RgLruParams {
  /** Into the recurrence and into its gate, [lru, dModel]; out of the block, [dModel, lru]. */
  readonly linearX: Affine;
  readonly linearY: Affine;
  readonly linearOut: Affine;
  /** [lru, K] and [lru]. */
  readonly conv: Affine;
  /** [heads, b, b] with x W, b = lru / heads; and [heads, b]. */
  readonly inputGate: Affine;
  readonly recurrentGate: Affine;
  /** [lru], 8 softplus(recurrent_param), kept in f64. */
  readonly rate: Float64Array;
}

/** c of the paper: log a = -c r softplus(recurrent_param). */
const DECAY_SCALE = 8;

/**
 * The tensors under `prefix`, for instance `model.layers.0.temporal_block.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readRgLru(weights: Weights, prefix: string, config: RgLruConfig): RgLruParams {
  checkConfig(config);
  const { dModel, lruWidth, heads, dConv } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const linear = (name: string, out: number, into: number): Affine => ({
    weight: read(`${name}.weight`, out, into),
    bias: read(`${name}.bias`, out),
  });
  const block = lruWidth / heads;
  const gate = (name: string): Affine => ({
    weight: read(`rg_lru.${name}_weight`, heads, block, block),
    bias: read(`rg_lru.${name}_bias`, heads, block),
  });
  return {
    linearX: linear('linear_x', lruWidth, dModel),
    linearY: linear('linear_y', lruWidth, dModel),
    linearOut: linear('linear_out', dModel, lruWidth),
    conv: { weight: read('conv_1d.weight', lruWidth, 1, dConv), bias: read('conv_1d.bias', lruWidth) },
    inputGate: gate('input_gate'),
    recurrentGate: gate('recurrent_gate'),
    rate: Float64Array.from(read('rg_lru.recurrent_param', lruWidth), (value) => DECAY_SCALE * softplus(value)),
  };
}

function checkConfig({ dModel, lruWidth, heads, dConv }: RgLruConfig): void {
  for (const [name, value] of Object.entries({ dModel, lruWidth, heads, dConv })) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (lruWidth % heads !== 0) throw invalid(`lruWidth ${lruWidth}, ${heads} heads`, 'lruWidth a multiple of heads');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `rg-lru: ${found}`, { expected });
}
