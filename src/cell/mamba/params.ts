// Parameters of a Mamba mixer: names and shapes as transformers' MambaMixer writes them (state-spaces checkpoints, Falcon
// Mamba and Jamba's mixers use the same). Checked once at load; the cell trusts what it gets.

import { engineError } from '../../base/errors.ts';
import { exp } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { f32 } from '../state.ts';

export interface MambaConfig {
  readonly dModel: number;
  /** E: upstream's `intermediate_size`, usually 2 * dModel. */
  readonly dInner: number;
  /** N: state per channel. */
  readonly dState: number;
  /** K: taps of the convolution. */
  readonly dConv: number;
  /** R: width from which dt is projected. */
  readonly dtRank: number;
  /** Upstream's `use_conv_bias`; default true. */
  readonly convBias?: boolean;
  /** Upstream's `use_bias`, of in_proj and out_proj; default false. */
  readonly projBias?: boolean;
  /** RMSNorm of r, B and C before use: Falcon Mamba without weights (eps 1e-6), Jamba with weights; default none. */
  readonly selectNorm?: { readonly weights: boolean; readonly eps: number };
}

/** conv [E, K - 1]: last inputs of the convolution, oldest first. ssm [E, N]: h. */
export type MambaLayout = { readonly conv: ReturnType<typeof f32>; readonly ssm: ReturnType<typeof f32> };

export interface MambaParams {
  /** [2E, dModel], rows in the order x, z; bias [2E]. */
  readonly inProj: Float32Array;
  readonly inProjBias: Float32Array | undefined;
  /** [E, K] and [E]. */
  readonly convWeight: Float32Array;
  readonly convBias: Float32Array;
  /** [R + 2N, E], rows in the order r, B, C. */
  readonly xProj: Float32Array;
  /** [E, R] and [E]. */
  readonly dtProj: Float32Array;
  readonly dtBias: Float32Array;
  /** [E, N], -exp(A_log), kept in f64. */
  readonly A: Float64Array;
  /** [E]. */
  readonly D: Float32Array;
  /** [dModel, E]; bias [dModel]. */
  readonly outProj: Float32Array;
  readonly outProjBias: Float32Array | undefined;
  /** Of r [R], B [N] and C [N]; ones where the norm has no weights. */
  readonly norms: { readonly r: Float32Array; readonly B: Float32Array; readonly C: Float32Array } | undefined;
}

/** @throws ERR_CONFIG_INVALID for a number that no mixer has */
function checkMamba(config: MambaConfig): void {
  const { dModel, dInner, dState, dConv, dtRank, selectNorm } = config;
  for (const [name, value] of Object.entries({ dModel, dInner, dState, dConv, dtRank })) {
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (selectNorm && !(selectNorm.eps > 0 && selectNorm.eps < 1)) {
    throw invalid(`selectNorm.eps is ${selectNorm.eps}`, 'a number between 0 and 1');
  }
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `mamba: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, for instance `backbone.layers.0.mixer.`. A bias or norm that is in the file but not in the
 * config is refused: leaving it out would give plausible, wrong rows.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readMamba(weights: Weights, prefix: string, config: MambaConfig): MambaParams {
  checkMamba(config);
  const { dModel, dInner, dState, dConv, dtRank, convBias = true, projBias = false, selectNorm } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const readIf = (wanted: boolean, name: string, option: string, size: number): Float32Array | undefined => {
    if (wanted) return read(name, size);
    if (weights.has(prefix + name)) throw invalid(`${prefix}${name} is in the weights`, `a config with ${option}`);
    return undefined;
  };
  const norm = (name: string, size: number): Float32Array =>
    readIf(selectNorm?.weights ?? false, `${name}_layernorm.weight`, 'selectNorm.weights', size) ??
    new Float32Array(size).fill(1);
  const norms = { r: norm('dt', dtRank), B: norm('b', dState), C: norm('c', dState) };
  return {
    inProj: read('in_proj.weight', 2 * dInner, dModel),
    inProjBias: readIf(projBias, 'in_proj.bias', 'projBias', 2 * dInner),
    convWeight: read('conv1d.weight', dInner, 1, dConv),
    convBias: readIf(convBias, 'conv1d.bias', 'convBias', dInner) ?? new Float32Array(dInner),
    xProj: read('x_proj.weight', dtRank + 2 * dState, dInner),
    dtProj: read('dt_proj.weight', dInner, dtRank),
    dtBias: read('dt_proj.bias', dInner),
    A: Float64Array.from(read('A_log', dInner, dState), (value) => -exp(value)),
    D: read('D', dInner),
    outProj: read('out_proj.weight', dModel, dInner),
    outProjBias: readIf(projBias, 'out_proj.bias', 'projBias', dModel),
    norms: selectNorm && norms,
  };
}
