// Parameters of a Mamba-2 mixer: names and shapes as transformers' Mamba2Mixer writes them (state-spaces checkpoints use
// the same). Checked once at load; the cell trusts what it gets. Mixers with a bias in in_proj or out_proj are not read.

import { engineError } from '../../base/errors.ts';
import { exp } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

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
}

export interface Mamba2Params {
  /** [2E + 2GN + H, dModel], rows in the order z, x, B, C, dt. */
  readonly inProj: Float32Array;
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
  /** [dModel, E]. */
  readonly outProj: Float32Array;
}

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
  const { dModel, dState, dConv, expand, headDim, nGroups, eps, dtLimit } = config;
  for (const [name, value] of Object.entries({ dModel, dState, dConv, headDim, nGroups })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  const dInner = expand * dModel;
  const heads = dInner / headDim;
  if (!Number.isInteger(heads) || heads < 1)
    throw invalid('expand * dModel is not a multiple of headDim', 'whole heads');
  if (heads % nGroups !== 0) throw invalid(`${heads} heads, ${nGroups} groups`, 'heads a multiple of nGroups');
  if (!(eps > 0)) throw invalid(`eps is ${eps}`, 'a positive number');
  if (!(dtLimit[0] >= 0 && dtLimit[1] >= dtLimit[0])) throw invalid('dtLimit', '[low, high] with 0 <= low <= high');
  const dMixed = dInner + 2 * nGroups * dState;
  return { dInner, heads, dMixed, dProj: dInner + dMixed + heads };
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `mamba2: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, for instance `backbone.layers.0.mixer.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readMamba2(weights: Weights, prefix: string, config: Mamba2Config): Mamba2Params {
  const { dInner, heads, dMixed, dProj } = mamba2Sizes(config);
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  return {
    inProj: read('in_proj.weight', dProj, config.dModel),
    convWeight: read('conv1d.weight', dMixed, 1, config.dConv),
    convBias: read('conv1d.bias', dMixed),
    dtBias: read('dt_bias', heads),
    A: Float64Array.from(read('A_log', heads), (value) => -exp(value)),
    D: read('D', heads),
    normWeight: read('norm.weight', dInner),
    outProj: read('out_proj.weight', config.dModel, dInner),
  };
}
