// Parameters of an S4D layer: names and shapes as the S4 repository's s4d.py writes them, and the four initialisations
// of the S4D paper (arXiv 2206.11893, section 4). Checked once at load; the cell trusts what it gets.

import { assert } from '../../base/assert.ts';
import { exp, log } from '../../base/math.ts';
import { hippoLegs } from '../../kernel/plain/hippo-matrices.ts';
import { hippoNormalBasis, projectOntoBasis } from '../../kernel/plain/hippo-normal-basis.ts';
import type { S4dMethod } from '../../kernel/plain/s4d-discretise.ts';
import { type Tensor, tensor, type Weights } from '../../weights/tensor.ts';
import { freshWeights } from '../fresh-weights.ts';

export interface S4dConfig {
  /** H: channels, each with an SSM of its own. */
  readonly dModel: number;
  /** N: full state; N / 2 modes are kept, one of each conjugate pair. */
  readonly dState: number;
  readonly method: S4dMethod;
  /** none: y = SSM(x) + D x. gelu: GELU of that. glu: then output_linear and a gated linear unit, as upstream. */
  readonly output: 'none' | 'gelu' | 'glu';
}

export interface S4dParams {
  /** [H], e^log_dt, kept in f64. */
  readonly dt: Float64Array;
  /** [H, N/2] f64: -e^log_A_real and A_imag. */
  readonly ARe: Float64Array;
  readonly AIm: Float64Array;
  /** [H, N/2]; B is folded in. */
  readonly CRe: Float32Array;
  readonly CIm: Float32Array;
  /** [H]. */
  readonly D: Float32Array;
  /** [2H, H] and [2H], when output is glu. */
  readonly outWeight?: Float32Array;
  readonly outBias?: Float32Array;
}

/** @throws ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE */
export function s4dParams(weights: Weights, prefix: string, config: S4dConfig): S4dParams {
  const { dModel, dState, output } = config;
  assert(
    dModel >= 1 && dState >= 2 && dState % 2 === 0,
    'S4D needs at least 1 channel and an even state of at least 2',
  );
  const modes = dState / 2;
  const read = (name: string, shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const C = read('kernel.C', [dModel, modes, 2]);
  const linear = output === 'glu' && {
    outWeight: read('output_linear.0.weight', [2 * dModel, dModel, 1]),
    outBias: read('output_linear.0.bias', [2 * dModel]),
  };
  return {
    dt: Float64Array.from(read('kernel.log_dt', [dModel]), exp),
    ARe: Float64Array.from(read('kernel.log_A_real', [dModel, modes]), (v) => -exp(v)),
    AIm: Float64Array.from(read('kernel.A_imag', [dModel, modes])),
    CRe: C.filter((_, i) => i % 2 === 0),
    CIm: C.filter((_, i) => i % 2 === 1),
    D: read('D', [dModel]),
    ...linear,
  };
}

export type S4dInit = 'lin' | 'inv' | 'legs' | 'real';

/** A of one channel, [N/2] complex. */
export function s4dA(init: S4dInit, dState: number): { re: number[]; im: number[] } {
  const modes = Array.from({ length: dState / 2 }, (_, n) => n);
  const half = modes.map(() => -0.5);
  if (init === 'lin') return { re: half, im: modes.map((n) => Math.PI * n) };
  if (init === 'inv') return { re: half, im: modes.map((n) => (dState / Math.PI) * (dState / (2 * n + 1) - 1)) };
  if (init === 'real') return { re: modes.map((n) => -(n + 1)), im: modes.map(() => 0) };
  return { re: half, im: Array.from(hippoNormalBasis(dState).imag) };
}

/**
 * Fresh weights under the upstream names: dt log-uniform in [0.001, 0.1], C and D normal, output_linear as torch starts
 * it. With `legs`, C is multiplied by B' of the normal part: upstream keeps B apart, only the product acts.
 */
export function s4dInit(init: S4dInit, config: S4dConfig, seed: number): Map<string, Tensor> {
  const { dModel, dState, output } = config;
  const { signed, uniform, normal, make } = freshWeights(seed);
  const modes = dState / 2;
  const { re, im } = s4dA(init, dState);
  const one: readonly [ArrayLike<number>, ArrayLike<number>] = [re.map(() => 1), re.map(() => 0)];
  const [BRe, BIm] = init === 'legs' ? projectOntoBasis(hippoNormalBasis(dState), hippoLegs(dState).B) : one;
  const C = new Float32Array(dModel * modes * 2);
  for (let i = 0; i < dModel * modes; i++) {
    const [cRe, cIm] = [normal() * Math.SQRT1_2, normal() * Math.SQRT1_2];
    const [bRe, bIm] = [BRe[i % modes]!, BIm[i % modes]!];
    C[2 * i] = cRe * bRe - cIm * bIm;
    C[2 * i + 1] = cRe * bIm + cIm * bRe;
  }
  const weights = new Map<string, Tensor>([
    ['kernel.log_dt', make([dModel], () => log(0.001) + uniform() * log(100))],
    ['kernel.log_A_real', make([dModel, modes], (i) => log(-re[i % modes]!))],
    ['kernel.A_imag', make([dModel, modes], (i) => im[i % modes]!)],
    ['kernel.C', { shape: [dModel, modes, 2], data: C }],
    ['D', make([dModel], normal)],
  ]);
  if (output === 'glu') {
    const bound = 1 / Math.sqrt(dModel);
    weights.set(
      'output_linear.0.weight',
      make([2 * dModel, dModel, 1], () => bound * signed()),
    );
    weights.set(
      'output_linear.0.bias',
      make([2 * dModel], () => bound * signed()),
    );
  }
  return weights;
}
