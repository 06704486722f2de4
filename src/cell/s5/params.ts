// Parameters of an S5 layer: names and shapes as flax writes those of S5's SequenceLayer, and the start of the paper (HiPPO-N
// in blocks). Checked once at load; the cell trusts what it gets. A bidirectional layer (C1, C2) cannot stream: not read.

import { engineError } from '../../base/errors.ts';
import { exp, log } from '../../base/math.ts';
import { hippoNormalBasis } from '../../kernel/plain/hippo-normal-basis.ts';
import { type Tensor, tensor, type Weights } from '../../weights/tensor.ts';
import { freshWeights } from '../fresh-weights.ts';

export interface S5Config {
  /** H: channels, which all drive one state. */
  readonly dModel: number;
  /** P: modes kept. With `conjSym` one of each conjugate pair, so P is half of upstream's ssm_size_base. */
  readonly modes: number;
  readonly conjSym: boolean;
  readonly method: 'zoh' | 'bilinear';
  /** Re Lambda is kept at -1e-4 or below: what an endless stream needs. Upstream's clip_eigs; default true here. */
  readonly clipEigs?: boolean;
  /** Every step is multiplied by it: 2 runs a model trained at 16 kHz at 8 kHz. Default 1. */
  readonly stepRescale?: number;
  /** What follows the SSM, upstream's `activation`; none: nothing. Norm and residual are cell/stack's. */
  readonly output: 'none' | 'gelu' | 'half_glu1' | 'half_glu2' | 'full_glu';
}

export interface S5Params {
  /** [P] f64, clipped. */
  readonly lambdaRe: Float64Array;
  readonly lambdaIm: Float64Array;
  /** [P] f64, e^log_step times stepRescale. */
  readonly step: Float64Array;
  /** [P, H]. */
  readonly BRe: Float32Array;
  readonly BIm: Float32Array;
  /** [H, P]. */
  readonly CRe: Float32Array;
  readonly CIm: Float32Array;
  /** [H]. */
  readonly D: Float32Array;
  /** [H, H], out x in (flax stores in x out), and [H]. out1: full_glu only; out2: all with glu in their name. */
  readonly out1?: { readonly weight: Float32Array; readonly bias: Float32Array };
  readonly out2?: { readonly weight: Float32Array; readonly bias: Float32Array };
}

const OUTPUTS: readonly string[] = ['none', 'gelu', 'half_glu1', 'half_glu2', 'full_glu'];

/** @throws ERR_CONFIG_INVALID */
export function checkS5(config: S5Config): void {
  const { dModel, modes, method, output, stepRescale = 1 } = config;
  for (const [name, value] of Object.entries({ dModel, modes })) {
    if (!Number.isInteger(value) || value < 1 || value > 65_536) {
      throw invalid(`${name} is ${value}`, 'a whole number from 1 to 65536');
    }
  }
  if (method !== 'zoh' && method !== 'bilinear') throw invalid(`method is ${method}`, 'zoh or bilinear');
  if (!OUTPUTS.includes(output)) throw invalid(`output is ${output}`, OUTPUTS.join(', '));
  if (!(stepRescale > 0 && stepRescale < Infinity)) throw invalid(`stepRescale is ${stepRescale}`, 'a positive number');
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `s5: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, for instance `encoder.layers_0.`: `seq.Lambda_re` and so on, `out2.kernel`, `out2.bias`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function s5Params(weights: Weights, prefix: string, config: S5Config): S5Params {
  checkS5(config);
  const { dModel, modes, clipEigs = true, stepRescale = 1, output } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const dense = (name: string) => {
    const kernel = read(`${name}.kernel`, dModel, dModel);
    const weight = kernel.map((_, i) => kernel[(i % dModel) * dModel + Math.floor(i / dModel)]!);
    return { weight, bias: read(`${name}.bias`, dModel) };
  };
  const B = read('seq.B', modes, dModel, 2);
  const C = read('seq.C', dModel, modes, 2);
  return {
    lambdaRe: Float64Array.from(read('seq.Lambda_re', modes), (v) => (clipEigs ? Math.min(v, -1e-4) : v)),
    lambdaIm: Float64Array.from(read('seq.Lambda_im', modes)),
    step: Float64Array.from(read('seq.log_step', modes, 1), (v) => stepRescale * exp(v)),
    BRe: B.filter((_, i) => i % 2 === 0),
    BIm: B.filter((_, i) => i % 2 === 1),
    CRe: C.filter((_, i) => i % 2 === 0),
    CIm: C.filter((_, i) => i % 2 === 1),
    D: read('seq.D', dModel),
    ...(output === 'full_glu' && { out1: dense('out1') }),
    ...(output.includes('glu') && { out2: dense('out2') }),
  };
}

/**
 * Fresh weights under the upstream names: Lambda = HiPPO-N in `blocks` equal blocks, D normal, log_step log-uniform in
 * [0.001, 0.1] per mode, out1 and out2 lecun normal. Upstream draws B0 real and C0 complex, both lecun normal over 2 P, and
 * stores B = V^-1 B0, C = C0 V; V is unitary, so B and C are complex normal themselves and are drawn as such.
 * @throws ERR_CONFIG_INVALID also when `blocks` does not divide the modes, or without conjSym
 */
export function s5Init(config: S5Config, blocks: number, seed: number): Map<string, Tensor> {
  checkS5(config);
  const { dModel, modes } = config;
  const half = modes / blocks;
  if (!Number.isInteger(half) || half < 1) throw invalid(`${blocks} blocks of ${modes} modes`, 'blocks of whole modes');
  if (!config.conjSym) throw invalid('a start without conjSym', 'conjSym: the spectrum of HiPPO-N comes in pairs');
  const { imag } = hippoNormalBasis(2 * half);
  const { uniform, normal, make } = freshWeights(seed);
  const weights = new Map<string, Tensor>([
    ['seq.Lambda_re', make([modes], () => -0.5)],
    ['seq.Lambda_im', make([modes], (p) => imag[p % half]!)],
    ['seq.B', make([modes, dModel, 2], () => normal() / Math.sqrt(4 * modes))],
    ['seq.C', make([dModel, modes, 2], () => normal() / Math.sqrt(2 * modes))],
    ['seq.D', make([dModel], normal)],
    ['seq.log_step', make([modes, 1], () => log(0.001) + uniform() * log(100))],
  ]);
  for (const name of ['out1', 'out2']) {
    weights.set(
      `${name}.kernel`,
      make([dModel, dModel], () => normal() / Math.sqrt(dModel)),
    );
    weights.set(
      `${name}.bias`,
      make([dModel], () => 0),
    );
  }
  return weights;
}
