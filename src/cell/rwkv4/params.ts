// Parameters of RWKV-4: names and shapes as transformers' RwkvForCausalLM writes them. Checked once at load. BlinkDL's
// own files say `att`, `ffn`, `ln0`, `emb` where these say `attention`, `feed_forward`, `pre_ln`, `embeddings`.
// `rescale_every` of config.json is not a parameter: README.md says why it is ignored.

import { engineError } from '../../base/errors.ts';
import { exp } from '../../base/math.ts';
import type { LayerNormWeights } from '../../kernel/plain/layer-norm.ts';
import type { RwkvChannelMixWeights } from '../../kernel/plain/rwkv-channel-mix.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface Rwkv4Config {
  readonly dModel: number;
  /** A: width of keys, values and the state (`attention_hidden_size`; upstream default dModel). */
  readonly dAttention: number;
  /** F: width inside the channel mixing (`intermediate_size`; upstream default 4 dModel). */
  readonly dHidden: number;
}

export interface TimeMixParams {
  /** [dModel]: share of this row against the one before. */
  readonly mixKey: Float32Array;
  readonly mixValue: Float32Array;
  readonly mixReceptance: Float32Array;
  /** [A], -exp(time_decay), kept in f64: log of the decay of one row. */
  readonly w: Float64Array;
  /** [A]: extra log weight of this row's own key. */
  readonly u: Float32Array;
  /** [A, dModel]. */
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly receptance: Float32Array;
  /** [dModel, A]. */
  readonly output: Float32Array;
}

/** Mixes are the share of this row against the one before. */
export type ChannelMixParams = Required<RwkvChannelMixWeights>;

/** The time mixing under `prefix`, for instance `rwkv.blocks.0.attention.`. @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_* */
export function readTimeMix(weights: Weights, prefix: string, config: Rwkv4Config): TimeMixParams {
  checkConfig(config);
  const { dModel: D, dAttention: A } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  return {
    mixKey: read('time_mix_key', 1, 1, D),
    mixValue: read('time_mix_value', 1, 1, D),
    mixReceptance: read('time_mix_receptance', 1, 1, D),
    w: Float64Array.from(read('time_decay', A), (value) => -exp(value)),
    u: read('time_first', A),
    key: read('key.weight', A, D),
    value: read('value.weight', A, D),
    receptance: read('receptance.weight', A, D),
    output: read('output.weight', D, A),
  };
}

/** The channel mixing under `prefix`, for instance `rwkv.blocks.0.feed_forward.`. @throws as readTimeMix */
export function readChannelMix(weights: Weights, prefix: string, config: Rwkv4Config): ChannelMixParams {
  checkConfig(config);
  const { dModel: D, dHidden: F } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  return {
    mixKey: read('time_mix_key', 1, 1, D),
    mixReceptance: read('time_mix_receptance', 1, 1, D),
    key: read('key.weight', F, D),
    receptance: read('receptance.weight', D, D),
    value: read('value.weight', D, F),
  };
}

/** `<name>.weight` and `<name>.bias`. @throws ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE */
export function readNorm(weights: Weights, name: string, dModel: number): LayerNormWeights {
  return { weight: tensor(weights, `${name}.weight`, [dModel]), bias: tensor(weights, `${name}.bias`, [dModel]) };
}

function checkConfig({ dModel, dAttention, dHidden }: Rwkv4Config): void {
  for (const [name, value] of Object.entries({ dModel, dAttention, dHidden })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw engineError('ERR_CONFIG_INVALID', `rwkv4: ${name} is ${value}`, {
        expected: 'a whole number of 1 or more',
      });
    }
  }
}
