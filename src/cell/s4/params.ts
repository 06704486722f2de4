// Parameters of an S4 block: names and shapes as the S4 repository's s4.py (v4) writes them, rank 1 and one channel, and the
// HiPPO-LegS start. Checked once at load; the cell trusts what it gets.
//
// The trap: once upstream has made a kernel of length L, its stored C is C~ = C (I - A_bar^L) (buffer l_kernel = L > 0). A
// recurrence needs C. `storedRows` says which one the file has, and C is solved for here.

import { engineError } from '../../base/errors.ts';
import { exp, log } from '../../base/math.ts';
import { hippoLegs, hippoLegsRankOne } from '../../kernel/plain/hippo-matrices.ts';
import { hippoNormalBasis, projectOntoBasis } from '../../kernel/plain/hippo-normal-basis.ts';
import { type S4Spectrum, s4Coefficients } from '../../kernel/plain/s4-coefficients.ts';
import { s4Dense } from '../../kernel/plain/s4-dense.ts';
import { denseUnfold } from '../../kernel/plain/s4-unfold.ts';
import { type Tensor, tensor, type Weights } from '../../weights/tensor.ts';
import { freshWeights } from '../fresh-weights.ts';

export interface S4Config {
  /** H: channels, each with an SSM of its own. */
  readonly dModel: number;
  /** N: full state; N / 2 modes are kept, one of each conjugate pair. */
  readonly dState: number;
  /** S = n_ssm: copies of A, B and P that the channels take turns with; default one for each. */
  readonly copies?: number;
  /** l_kernel of the checkpoint: 0 when C is C, L when it is C (I - A_bar^L). */
  readonly storedRows: number;
  /** none: y = SSM(x) + D x. gelu: GELU of that. glu: then output_linear and a gated linear unit, as upstream. */
  readonly output: 'none' | 'gelu' | 'glu';
}

export interface S4Params extends S4Spectrum {
  /** [H, N] f64: y = row . [Re x, Im x] = 2 Re(C x). */
  readonly rows: Float64Array;
  /** [H]. */
  readonly D: Float32Array;
  /** [2H, H] and [2H], when output is glu. */
  readonly outWeight?: Float32Array;
  readonly outBias?: Float32Array;
}

/** @throws ERR_CONFIG_INVALID */
export function checkS4({ dModel, dState, copies = dModel, storedRows, output }: S4Config): void {
  for (const [name, value] of Object.entries({ dModel, dState, copies })) {
    if (!Number.isInteger(value) || value < 1 || value > 65_536) {
      throw invalid(`${name} is ${value}`, 'a whole number from 1 to 65536');
    }
  }
  if (dState % 2 !== 0 || dState > 512) throw invalid(`dState is ${dState}`, 'an even number up to 512');
  if (dModel % copies !== 0) throw invalid(`${copies} copies for ${dModel} channels`, 'a divisor of the channels');
  if (!Number.isInteger(storedRows) || storedRows < 0)
    throw invalid(`storedRows is ${storedRows}`, 'l_kernel, 0 or more');
  if (!['none', 'gelu', 'glu'].includes(output)) throw invalid(`output is ${output}`, 'none, gelu or glu');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `s4: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, that of an S4Block: `layer.kernel.inv_dt`, .., `layer.D`, `output_linear.0.weight`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function s4Params(weights: Weights, prefix: string, config: S4Config): S4Params {
  checkS4(config);
  const { dModel, dState, copies = dModel, storedRows, output } = config;
  const modes = dState / 2;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  // Channel h uses copy h mod S, upstream's repeat(.., 't n -> (v t) n').
  const perChannel = (values: Float32Array, map: (v: number) => number, stride = 1, part = 0): Float64Array =>
    Float64Array.from({ length: dModel * modes }, (_, i) => map(values[(i % (copies * modes)) * stride + part]!));
  const same = (v: number): number => v;
  const P = read('layer.kernel.P', 1, copies, modes, 2);
  const B = read('layer.kernel.B', 1, copies, modes, 2);
  const C = read('layer.kernel.C', 1, dModel, modes, 2);
  const spectrum: S4Spectrum = {
    dt: Float64Array.from(read('layer.kernel.inv_dt', dModel, 1), exp),
    lambdaRe: perChannel(read('layer.kernel.A_real', copies, modes), (v) => -exp(v)),
    lambdaIm: perChannel(read('layer.kernel.A_imag', copies, modes), (v) => -v),
    PRe: perChannel(P, same, 2, 0),
    PIm: perChannel(P, same, 2, 1),
    BRe: perChannel(B, same, 2, 0),
    BIm: perChannel(B, same, 2, 1),
  };
  const rows = new Float64Array(dModel * dState);
  for (let i = 0; i < dModel * modes; i++) {
    const at = Math.floor(i / modes) * dState + (i % modes);
    rows[at] = 2 * C[2 * i]!;
    rows[at + modes] = -2 * C[2 * i + 1]!;
  }
  if (storedRows > 0) unfold(spectrum, rows, dState, storedRows);
  const linear = output === 'glu' && {
    outWeight: read('output_linear.0.weight', 2 * dModel, dModel),
    outBias: read('output_linear.0.bias', 2 * dModel),
  };
  return { ...spectrum, rows, D: read('layer.D', 1, dModel), ...linear };
}

/** C~ -> C in place, channel by channel: log2(L) products of N^3 and one elimination each. */
function unfold(spectrum: S4Spectrum, rows: Float64Array, dState: number, storedRows: number): void {
  const coefficients = s4Coefficients(spectrum);
  for (let channel = 0; channel < spectrum.dt.length; channel++) {
    const row = rows.subarray(channel * dState, (channel + 1) * dState);
    row.set(denseUnfold(row, s4Dense(coefficients, channel), storedRows));
  }
}

/**
 * Fresh weights under the upstream names: A, B, P of HiPPO-LegS in its normal basis, C complex normal (C itself, so
 * `storedRows` 0), D normal, dt log-uniform in [0.001, 0.1], output_linear as torch starts it.
 */
export function s4Init(config: S4Config, seed: number): Map<string, Tensor> {
  checkS4(config);
  const { dModel, dState, copies = dModel } = config;
  const modes = dState / 2;
  const basis = hippoNormalBasis(dState);
  const [PRe, PIm] = projectOntoBasis(basis, hippoLegsRankOne(dState));
  const [BRe, BIm] = projectOntoBasis(basis, hippoLegs(dState).B);
  const { signed, uniform, normal, make } = freshWeights(seed);
  const pairs = (re: Float64Array, im: Float64Array) =>
    make([1, copies, modes, 2], (i) => (i % 2 === 0 ? re : im)[Math.floor(i / 2) % modes]!);
  const bound = 1 / Math.sqrt(dModel);
  return new Map([
    ['layer.kernel.inv_dt', make([dModel, 1], () => log(0.001) + uniform() * log(100))],
    ['layer.kernel.A_real', make([copies, modes], () => log(0.5))],
    ['layer.kernel.A_imag', make([copies, modes], (i) => -basis.imag[i % modes]!)],
    ['layer.kernel.P', pairs(PRe, PIm)],
    ['layer.kernel.B', pairs(BRe, BIm)],
    ['layer.kernel.C', make([1, dModel, modes, 2], () => normal() * Math.SQRT1_2)],
    ['layer.D', make([1, dModel], normal)],
    ['output_linear.0.weight', make([2 * dModel, dModel], () => bound * signed())],
    ['output_linear.0.bias', make([2 * dModel], () => bound * signed())],
  ]);
}
