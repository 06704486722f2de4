// Parameters of RWKV-7: names and shapes as BlinkDL's RWKV-LM writes them (x070). Checked once at load. The low-rank pairs
// are stored for `x @ w1 @ w2`; they are turned here, so that matvec reads them row by row. Ranks are those of the file.

import { engineError } from '../../base/errors.ts';
import type { LayerNormWeights } from '../../kernel/plain/layer-norm.ts';
import type { RwkvChannelMixWeights } from '../../kernel/plain/rwkv-channel-mix.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { f32 } from '../state.ts';

export interface Rwkv7Config {
  readonly dModel: number;
  /** N: width of a head (upstream 64); there are dModel / N. */
  readonly headDim: number;
  /** F: width inside the channel mixing (upstream 4 dModel). */
  readonly dHidden: number;
  /** Layer 0, which makes v_first; every other layer reads it. Files carry unused v0, v1, v2 in layer 0. */
  readonly first: boolean;
}

/** shift [D]: the row before. S [H, N, N]: a matrix a head, [value, key]. */
export type Rwkv7Layout = { readonly shift: ReturnType<typeof f32>; readonly S: ReturnType<typeof f32> };

/** Of the norm of every head. */
export const HEAD_EPS = 64e-5;
/** What has a mix of its own. */
export const STREAMS = ['r', 'w', 'k', 'v', 'a', 'g'] as const;
export type Stream = (typeof STREAMS)[number];

/** x -> base + up (f (down x)); the gate has no base. */
export interface LowRank {
  readonly rank: number;
  /** [rank, dModel] and [dModel, rank]. */
  readonly down: Float32Array;
  readonly up: Float32Array;
  /** [dModel]. */
  readonly base: Float32Array;
}

export interface TimeMixParams {
  /** [dModel] each: share of the row before. */
  readonly mix: Readonly<Record<Stream, Float32Array>>;
  readonly decay: LowRank;
  readonly rate: LowRank;
  readonly gate: LowRank;
  /** How far v goes over to v_first; absent in layer 0. */
  readonly toFirst?: LowRank;
  /** [dModel] each: k_k scales the key that is taken away, k_a the part of `a` in the key that is written. */
  readonly keyErase: Float32Array;
  readonly keyWrite: Float32Array;
  /** [H, N]: bonus of a row for itself. */
  readonly bonus: Float32Array;
  /** [dModel, dModel]. */
  readonly receptance: Float32Array;
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly output: Float32Array;
  /** [dModel]: of the norm of every head. */
  readonly normWeight: Float32Array;
  readonly normBias: Float32Array;
}

/** The mix is the share of the row before. No gate. */
export type ChannelMixParams = Omit<RwkvChannelMixWeights, 'receptance' | 'mixReceptance'>;

/** The time mixing under `prefix`, for instance `blocks.0.att.`. @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_* */
export function readTimeMix(weights: Weights, prefix: string, config: Rwkv7Config): TimeMixParams {
  checkConfig(config);
  const { dModel: D, headDim: N } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const lowRank = (letter: string): LowRank => {
    const rank = weights.get(`${prefix}${letter}1`)?.shape[1] ?? 1;
    return {
      rank,
      down: transposed(read(`${letter}1`, D, rank), D, rank),
      up: transposed(read(`${letter}2`, rank, D), rank, D),
      base: letter === 'g' ? new Float32Array(D) : read(`${letter}0`, 1, 1, D),
    };
  };
  const mix = Object.fromEntries(STREAMS.map((stream) => [stream, read(`x_${stream}`, 1, 1, D)]));
  return {
    mix: mix as Record<Stream, Float32Array>,
    decay: lowRank('w'),
    rate: lowRank('a'),
    gate: lowRank('g'),
    ...(!config.first && { toFirst: lowRank('v') }),
    keyErase: read('k_k', 1, 1, D),
    keyWrite: read('k_a', 1, 1, D),
    bonus: read('r_k', D / N, N),
    receptance: read('receptance.weight', D, D),
    key: read('key.weight', D, D),
    value: read('value.weight', D, D),
    output: read('output.weight', D, D),
    normWeight: read('ln_x.weight', D),
    normBias: read('ln_x.bias', D),
  };
}

/** The channel mixing under `prefix`, for instance `blocks.0.ffn.`. @throws as readTimeMix */
export function readChannelMix(weights: Weights, prefix: string, config: Rwkv7Config): ChannelMixParams {
  checkConfig(config);
  const { dModel: D, dHidden: F } = config;
  return {
    mixKey: tensor(weights, `${prefix}x_k`, [1, 1, D]),
    key: tensor(weights, `${prefix}key.weight`, [F, D]),
    value: tensor(weights, `${prefix}value.weight`, [D, F]),
  };
}

/** `<name>.weight` and `<name>.bias`. @throws ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE */
export function readNorm(weights: Weights, name: string, dModel: number): LayerNormWeights {
  return { weight: tensor(weights, `${name}.weight`, [dModel]), bias: tensor(weights, `${name}.bias`, [dModel]) };
}

/** [m, k] -> [k, m]. */
function transposed(w: Float32Array, m: number, k: number): Float32Array {
  return Float32Array.from({ length: m * k }, (_, at) => w[(at % m) * k + Math.floor(at / m)]!);
}

function checkConfig({ dModel, headDim, dHidden }: Rwkv7Config): void {
  const invalid = (found: string, expected: string): Error =>
    engineError('ERR_CONFIG_INVALID', `rwkv7: ${found}`, { expected });
  for (const [name, value] of Object.entries({ dModel, headDim, dHidden })) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (dModel % headDim !== 0) throw invalid('dModel is not a multiple of headDim', 'whole heads');
}
