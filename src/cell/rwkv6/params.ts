// Parameters of RWKV-6: names and shapes as BlinkDL's RWKV-LM writes them (x060). Checked once at load. The low-rank pairs
// are stored for `x @ w1 @ w2`; they are turned here, so that matvec reads them row by row. Ranks are those of the file.

import { engineError } from '../../base/errors.ts';
import { exp } from '../../base/math.ts';
import type { RwkvChannelMixWeights } from '../../kernel/plain/rwkv-channel-mix.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export interface Rwkv6Config {
  readonly dModel: number;
  /** N: width of a head (upstream 64); there are dModel / N. */
  readonly headDim: number;
  /** F: width inside the channel mixing (upstream 3.5 dModel, down to a multiple of 32). */
  readonly dHidden: number;
}

/** Of the norm of every head: 1e-5 times upstream's head_size_divisor squared. */
export const HEAD_EPS = 64e-5;
/** What has a mix of its own, in the order of time_maa_w1 and w2. */
export const STREAMS = ['w', 'k', 'v', 'r', 'g'] as const;
export type Stream = (typeof STREAMS)[number];

/** x -> up (f (down x)). */
export interface LowRank {
  readonly rank: number;
  /** [rank, dModel] and [dModel, rank]. */
  readonly down: Float32Array;
  readonly up: Float32Array;
}

export interface TimeMixParams {
  /** [dModel]: mix of the row that the mixes are computed from. */
  readonly mixX: Float32Array;
  /** [dModel] each: share of the row before, to which the low-rank part is added. */
  readonly mix: Readonly<Record<Stream, Float32Array>>;
  readonly mixLow: Readonly<Record<Stream, LowRank>>;
  /** [dModel]: decay of a row is exp(-exp(this + the low-rank part)). */
  readonly decay: Float32Array;
  readonly decayLow: LowRank;
  /** [dModel], exp(time_decay) in f64: decay rate where no row says otherwise. */
  readonly rate: Float64Array;
  /** [H, N]: bonus of a row for itself. */
  readonly u: Float32Array;
  /** [dModel, dModel]. */
  readonly receptance: Float32Array;
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly gate: Float32Array;
  readonly output: Float32Array;
  /** [dModel]: of the norm of every head. */
  readonly normWeight: Float32Array;
  readonly normBias: Float32Array;
}

/** Mixes are the share of the row before. */
export type ChannelMixParams = Required<RwkvChannelMixWeights>;

/** The time mixing under `prefix`, for instance `blocks.0.att.`. @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_* */
export function readTimeMix(weights: Weights, prefix: string, config: Rwkv6Config): TimeMixParams {
  checkConfig(config);
  const { dModel: D, headDim: N } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const perStream = <T>(make: (stream: Stream, index: number) => T): Record<Stream, T> =>
    Object.fromEntries(STREAMS.map((stream, i) => [stream, make(stream, i)])) as Record<Stream, T>;
  const rank = weights.get(`${prefix}time_maa_w2`)?.shape[1] ?? 1;
  const downs = transposed(read('time_maa_w1', D, 5 * rank), D, 5 * rank);
  const ups = read('time_maa_w2', 5, rank, D);
  const decayRank = weights.get(`${prefix}time_decay_w1`)?.shape[1] ?? 1;
  const decay = read('time_decay', 1, 1, D);
  return {
    mixX: read('time_maa_x', 1, 1, D),
    mix: perStream((stream) => read(`time_maa_${stream}`, 1, 1, D)),
    mixLow: perStream((_, i) => ({
      rank,
      down: downs.subarray(i * rank * D, (i + 1) * rank * D),
      up: transposed(ups.subarray(i * rank * D, (i + 1) * rank * D), rank, D),
    })),
    decay,
    decayLow: {
      rank: decayRank,
      down: transposed(read('time_decay_w1', D, decayRank), D, decayRank),
      up: transposed(read('time_decay_w2', decayRank, D), decayRank, D),
    },
    rate: Float64Array.from(decay, (value) => exp(value)),
    u: read('time_faaaa', D / N, N),
    receptance: read('receptance.weight', D, D),
    key: read('key.weight', D, D),
    value: read('value.weight', D, D),
    gate: read('gate.weight', D, D),
    output: read('output.weight', D, D),
    normWeight: read('ln_x.weight', D),
    normBias: read('ln_x.bias', D),
  };
}

/** The channel mixing under `prefix`, for instance `blocks.0.ffn.`. @throws as readTimeMix */
export function readChannelMix(weights: Weights, prefix: string, config: Rwkv6Config): ChannelMixParams {
  checkConfig(config);
  const { dModel: D, dHidden: F } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  return {
    mixKey: read('time_maa_k', 1, 1, D),
    mixReceptance: read('time_maa_r', 1, 1, D),
    key: read('key.weight', F, D),
    receptance: read('receptance.weight', D, D),
    value: read('value.weight', D, F),
  };
}

/** [m, k] -> [k, m]. */
function transposed(w: Float32Array, m: number, k: number): Float32Array {
  return Float32Array.from({ length: m * k }, (_, at) => w[(at % m) * k + Math.floor(at / m)]!);
}

function checkConfig({ dModel, headDim, dHidden }: Rwkv6Config): void {
  const invalid = (found: string, expected: string): Error =>
    engineError('ERR_CONFIG_INVALID', `rwkv6: ${found}`, { expected });
  for (const [name, value] of Object.entries({ dModel, headDim, dHidden })) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (dModel % headDim !== 0) throw invalid('dModel is not a multiple of headDim', 'whole heads');
}
