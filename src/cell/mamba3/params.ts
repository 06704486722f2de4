// Parameters of a Mamba-3 mixer with single input and output (SISO): names and shapes as mamba_ssm's Mamba3 module writes
// them. Checked once at load; the cell trusts what it gets. The MIMO variant (mimo_x, mimo_z, mimo_o) is refused.

import { engineError } from '../../base/errors.ts';
import { softplus } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import { f32, f64 } from '../state.ts';

export interface Mamba3Config {
  readonly dModel: number;
  /** N: state per channel. */
  readonly dState: number;
  /** E = expand * dModel. */
  readonly expand: number;
  /** P; there are H = E / P heads. */
  readonly headDim: number;
  /** G: groups of heads that share B and C; default 1. */
  readonly nGroups?: number;
  /** Part of the state that is rotated, in S = floor(N * fraction / 2) pairs: 0.5 (default) or 1. */
  readonly ropeFraction?: 0.5 | 1;
  /** How dd_A becomes -A: 1 + v above 0 and 1 / (1 - v) below (2026-07, default), or softplus(v) as in earlier code. */
  readonly decayFrom?: 'rational' | 'softplus';
  /** Upstream's `A_floor`: the least -A; default 1e-4. */
  readonly aFloor?: number;
  /** Upstream's `is_outproj_norm`: RMSNorm of every head before the gate, with `norm.weight`; default false. */
  readonly outNorm?: boolean;
  /** Of all norms; default 1e-5. */
  readonly eps?: number;
  /** Q: rows of a chunk in the form `ssd`; default 64. The rows do not depend on it beyond rounding. */
  readonly chunkRows?: number;
}

export interface Mamba3Params {
  /** [2E + 2GN + 3H + S, dModel], rows in the order z, x, B, C, dd_dt, dd_A, trap, angles. */
  readonly inProj: Float32Array;
  /** [H]. */
  readonly dtBias: Float32Array;
  readonly D: Float32Array;
  /** [H, 1, N]: added after the norm, before the rotation. */
  readonly bBias: Float32Array;
  readonly cBias: Float32Array;
  /** [N]. */
  readonly bNorm: Float32Array;
  readonly cNorm: Float32Array;
  /** [E], only with `outNorm`. */
  readonly normWeight: Float32Array | undefined;
  /** [dModel, E]. */
  readonly outProj: Float32Array;
}

/** Every number of a config, defaults filled in, and the widths that follow. */
export type Mamba3Sizes = ReturnType<typeof mamba3Sizes>;

/** @throws ERR_CONFIG_INVALID when the numbers do not fit together */
export function mamba3Sizes(config: Mamba3Config) {
  const { dModel, dState, expand, headDim, nGroups = 1, ropeFraction = 0.5, chunkRows = 64 } = config;
  const { decayFrom = 'rational', aFloor = 1e-4, eps = 1e-5, outNorm = false } = config;
  for (const [name, value] of Object.entries({ dModel, dState, headDim, nGroups, chunkRows })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  const dInner = expand * dModel;
  const heads = dInner / headDim;
  if (!Number.isInteger(heads) || heads < 1) {
    throw invalid('expand * dModel is not a multiple of headDim', 'whole heads');
  }
  if (heads % nGroups !== 0) throw invalid(`${heads} heads, ${nGroups} groups`, 'heads a multiple of nGroups');
  if (chunkRows > 4096) throw invalid(`chunkRows is ${chunkRows}`, '4096 or less: scratch grows with its square');
  if (ropeFraction !== 0.5 && ropeFraction !== 1) throw invalid(`ropeFraction is ${ropeFraction}`, '0.5 or 1');
  const pairs = Math.floor(Math.floor(dState * ropeFraction) / 2);
  if (pairs < 1) throw invalid(`dState is ${dState}`, 'room for one rotated pair');
  if (decayFrom !== 'rational' && decayFrom !== 'softplus') throw invalid(`decayFrom is ${decayFrom}`, 'a known rule');
  if (!(aFloor > 0 && aFloor < Infinity)) throw invalid(`aFloor is ${aFloor}`, 'a positive number');
  if (!(eps > 0 && eps < 1)) throw invalid(`eps is ${eps}`, 'a number between 0 and 1');
  const shared = nGroups * dState;
  const dProj = 2 * dInner + 2 * shared + 3 * heads + pairs;
  const known = { dModel, dState, headDim, nGroups, chunkRows, decayFrom, aFloor, eps, outNorm };
  return { ...known, dInner, heads, pairs, shared, dProj };
}

/** h [H, P, N]; k [H, N] and v [H, P] of the last row, k rotated; angle [H, S] in f64, because it never decays. */
export const mamba3Layout = ({ heads, headDim, dState, pairs }: Mamba3Sizes) => ({
  h: f32(heads, headDim, dState),
  k: f32(heads, dState),
  v: f32(heads, headDim),
  angle: f64(heads, pairs),
});
export type Mamba3Layout = ReturnType<typeof mamba3Layout>;

/** A < 0 from what in_proj gives. */
export function mamba3Decay(raw: number, { decayFrom, aFloor }: Pick<Mamba3Sizes, 'decayFrom' | 'aFloor'>): number {
  const positive = decayFrom === 'softplus' ? softplus(raw) : raw >= 0 ? 1 + raw : 1 / (1 - raw);
  return -Math.max(positive, aFloor);
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `mamba3: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, for instance `backbone.layers.0.mixer.`. A norm that is in the file but not in the config is
 * refused, and so is a MIMO mixer: leaving either out would give plausible, wrong rows.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readMamba3(weights: Weights, prefix: string, sizes: Mamba3Sizes): Mamba3Params {
  const { dModel, dState, dInner, heads, dProj, outNorm } = sizes;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  if (weights.has(`${prefix}mimo_x`)) throw invalid(`${prefix}mimo_x is in the weights`, 'a SISO mixer');
  if (!outNorm && weights.has(`${prefix}norm.weight`)) {
    throw invalid(`${prefix}norm.weight is in the weights`, 'a config with outNorm');
  }
  return {
    inProj: read('in_proj.weight', dProj, dModel),
    dtBias: read('dt_bias', heads),
    D: read('D', heads),
    bBias: read('B_bias', heads, 1, dState),
    cBias: read('C_bias', heads, 1, dState),
    bNorm: read('B_norm.weight', dState),
    cNorm: read('C_norm.weight', dState),
    normWeight: outNorm ? read('norm.weight', dInner) : undefined,
    outProj: read('out_proj.weight', dModel, dInner),
  };
}
