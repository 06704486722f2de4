// Parameters of a Mamba-2 mixer: names and shapes as transformers' Mamba2Mixer writes them (state-spaces checkpoints use
// the same). Checked once at load; the cell trusts what it gets.

import { engineError } from '../../base/errors.ts';
import { exp } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { f32 } from '../state.ts';

export interface Mamba2Config {
  readonly dModel: number;
  /** N: state per channel. */
  readonly dState: number;
  /** K: taps of the convolution. */
  readonly dConv: number;
  /** E = expand * dModel. */
  readonly expand: number;
  /** P; there are H = E / P heads. */
  readonly headDim: number;
  /** G: groups of heads that share B and C. */
  readonly nGroups: number;
  /** Of the gated norm. */
  readonly eps: number;
  /** dt is clamped to [low, high] after softplus; upstream default [0, Infinity]. */
  readonly dtLimit: readonly [number, number];
  /** What the gated norm takes its mean over: the whole row (transformers, default) or each group (mamba-ssm). */
  readonly normOver?: 'row' | 'group';
  /** Upstream's `use_conv_bias`; default true. */
  readonly convBias?: boolean;
  /** Upstream's `use_bias`, of in_proj and out_proj; default false. */
  readonly projBias?: boolean;
  /** Q: rows of a chunk in the form `ssd`; default 64. The rows do not depend on it beyond rounding. */
  readonly chunkRows?: number;
}

/** conv [E + 2GN, K - 1]: last inputs of the convolution, oldest first. ssm [H, P, N]: h. */
export type Mamba2Layout = { readonly conv: ReturnType<typeof f32>; readonly ssm: ReturnType<typeof f32> };

export interface Mamba2Params {
  /** [2E + 2GN + H, dModel], rows in the order z, x, B, C, dt; bias of as many. */
  readonly inProj: Float32Array;
  readonly inProjBias: Float32Array | undefined;
  /** [E + 2GN, K] and [E + 2GN], over x, B, C. */
  readonly convWeight: Float32Array;
  readonly convBias: Float32Array;
  /** [H]. */
  readonly dtBias: Float32Array;
  /** [H], -exp(A_log), kept in f64. */
  readonly A: Float64Array;
  /** [H]. */
  readonly D: Float32Array;
  /** [E]. */
  readonly normWeight: Float32Array;
  /** [dModel, E]; bias [dModel]. */
  readonly outProj: Float32Array;
  readonly outProjBias: Float32Array | undefined;
}

/** Of the form `ssd` where the config names none. */
export const CHUNK_ROWS = 64;

export interface Mamba2Sizes {
  readonly dInner: number;
  readonly heads: number;
  /** Channels of the convolution: E + 2GN. */
  readonly dMixed: number;
  /** Rows of in_proj. */
  readonly dProj: number;
}

/** E, H and the widths of the projections. @throws ERR_CONFIG_INVALID when the numbers do not fit together */
export function mamba2Sizes(config: Mamba2Config): Mamba2Sizes {
  const { dModel, dState, dConv, expand, headDim, nGroups, eps, dtLimit, chunkRows = CHUNK_ROWS } = config;
  for (const [name, value] of Object.entries({ dModel, dState, dConv, headDim, nGroups, chunkRows })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  const dInner = expand * dModel;
  const heads = dInner / headDim;
  if (!Number.isInteger(heads) || heads < 1)
    throw invalid('expand * dModel is not a multiple of headDim', 'whole heads');
  if (heads % nGroups !== 0) throw invalid(`${heads} heads, ${nGroups} groups`, 'heads a multiple of nGroups');
  if (chunkRows > 4096) throw invalid(`chunkRows is ${chunkRows}`, '4096 or less: scratch grows with its square');
  if (!(eps > 0)) throw invalid(`eps is ${eps}`, 'a positive number');
  if (!(dtLimit[0] >= 0 && dtLimit[1] >= dtLimit[0])) throw invalid('dtLimit', '[low, high] with 0 <= low <= high');
  const dMixed = dInner + 2 * nGroups * dState;
  return { dInner, heads, dMixed, dProj: dInner + dMixed + heads };
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `mamba2: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, for instance `backbone.layers.0.mixer.`. A bias that is in the file but not in the config is
 * refused: leaving it out would give plausible, wrong rows.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readMamba2(weights: Weights, prefix: string, config: Mamba2Config): Mamba2Params {
  const { dInner, heads, dMixed, dProj } = mamba2Sizes(config);
  const { dModel, dConv, convBias = true, projBias = false } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const readIf = (wanted: boolean, name: string, option: string, size: number): Float32Array | undefined => {
    if (wanted) return read(name, size);
    if (weights.has(prefix + name)) throw invalid(`${prefix}${name} is in the weights`, `a config with ${option}`);
    return undefined;
  };
  return {
    inProj: read('in_proj.weight', dProj, dModel),
    inProjBias: readIf(projBias, 'in_proj.bias', 'projBias', dProj),
    convWeight: read('conv1d.weight', dMixed, 1, dConv),
    convBias: readIf(convBias, 'conv1d.bias', 'convBias', dMixed) ?? new Float32Array(dMixed),
    dtBias: read('dt_bias', heads),
    A: Float64Array.from(read('A_log', heads), (value) => -exp(value)),
    D: read('D', heads),
    normWeight: read('norm.weight', dInner),
    outProj: read('out_proj.weight', dModel, dInner),
    outProjBias: readIf(projBias, 'out_proj.bias', 'projBias', dModel),
  };
}
