// Parameters of an H3 mixer: names and shapes as HazyResearch/H3's h3.py writes them. Checked once at load, where B is folded
// into C on both sides (only the products act) and the shift SSM becomes the taps it is. The cell trusts what it gets.

import { engineError } from '../../base/errors.ts';
import { exp } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { f32 } from '../state.ts';

export interface H3Config {
  readonly dModel: number;
  /** N: taps of the shift SSM, and full state of the diagonal one (N / 2 modes are kept). */
  readonly dState: number;
  /** d: keys and values are multiplied as outer products of d channels; there are dModel / d heads. Upstream default 1. */
  readonly headDim: number;
  /** n_ssm: copies of A and B that the heads take turns with; default one for each head. */
  readonly copies?: number;
  /** Of the diagonal SSM; upstream default bilinear. */
  readonly method: 'zoh' | 'bilinear';
}

/** shift [dModel, N - 1]: last keys, oldest first. hRe, hIm [heads, d, d, N / 2]: the long memory of k~ (first d) times v. */
export type H3Layout = {
  readonly shift: ReturnType<typeof f32>;
  readonly hRe: ReturnType<typeof f32>;
  readonly hIm: ReturnType<typeof f32>;
};

export interface H3Params {
  /** [3 dModel, dModel] and [3 dModel], rows in the order q, k, v. */
  readonly qkvWeight: Float32Array;
  readonly qkvBias: Float32Array;
  /** [dModel, N], the newest input's tap last (as causal-conv.ts reads it), ssm_k_D included. */
  readonly shiftTaps: Float32Array;
  /** [heads] f64. */
  readonly dt: Float64Array;
  /** [heads, N / 2] f64. */
  readonly ARe: Float64Array;
  readonly AIm: Float64Array;
  /** [heads, N / 2], B folded in. */
  readonly CRe: Float32Array;
  readonly CIm: Float32Array;
  /** [heads]. */
  readonly D: Float32Array;
  /** [dModel, dModel] and [dModel]. */
  readonly outWeight: Float32Array;
  readonly outBias: Float32Array;
}

/** Heads. @throws ERR_CONFIG_INVALID when the numbers do not fit together */
export function h3Heads({ dModel, dState, headDim, copies, method }: H3Config): number {
  for (const [name, value] of Object.entries({ dModel, dState, headDim })) {
    if (!Number.isInteger(value) || value < 1 || value > 65_536) {
      throw invalid(`${name} is ${value}`, 'a whole number from 1 to 65536');
    }
  }
  const heads = dModel / headDim;
  if (dState % 2 !== 0) throw invalid(`dState is ${dState}`, 'an even number');
  if (!Number.isInteger(heads)) throw invalid(`headDim ${headDim} in dModel ${dModel}`, 'whole heads');
  if (copies !== undefined && !(Number.isInteger(copies) && copies >= 1 && heads % copies === 0)) {
    throw invalid(`${copies} copies for ${heads} heads`, 'a divisor of the heads');
  }
  if (method !== 'zoh' && method !== 'bilinear') throw invalid(`method is ${method}`, 'zoh or bilinear');
  return heads;
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `h3: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, for instance `backbone.layers.0.mixer.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function h3Params(weights: Weights, prefix: string, config: H3Config): H3Params {
  const heads = h3Heads(config);
  const { dModel, dState, copies = heads } = config;
  const modes = dState / 2;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const joined = (part: string, ...shape: number[]): Float32Array =>
    Float32Array.from(['q', 'k', 'v'].flatMap((name) => [...read(`${name}_proj.${part}`, ...shape)]));
  const C = read('kernel.kernel.C', 1, heads, modes, 2);
  const B = read('kernel.kernel.B', copies, modes, 2);
  // Head h uses copy h mod copies, upstream's repeat(.., 't n -> (v t) n').
  const copied = (i: number): number => i % (copies * modes);
  const perHead = (values: Float32Array, map: (v: number) => number): Float64Array =>
    Float64Array.from({ length: heads * modes }, (_, i) => map(values[copied(i)]!));
  const folded = (imaginary: boolean): Float32Array =>
    Float32Array.from({ length: heads * modes }, (_, i) => {
      const [bRe, bIm] = [B[2 * copied(i)]!, B[2 * copied(i) + 1]!];
      const [cRe, cIm] = [C[2 * i]!, C[2 * i + 1]!];
      return imaginary ? cRe * bIm + cIm * bRe : cRe * bRe - cIm * bIm;
    });
  return {
    qkvWeight: joined('weight', dModel, dModel),
    qkvBias: joined('bias', dModel),
    shiftTaps: shiftTaps(
      read('ssm_k_kernel.kernel.B', dModel, dState),
      read('ssm_k_kernel.kernel.C', 1, dModel, dState),
      read('ssm_k_D', dModel),
    ),
    dt: Float64Array.from(read('kernel.kernel.log_dt', heads), exp),
    ARe: perHead(read('kernel.kernel.inv_A_real', copies, modes), (v) => -exp(v)),
    AIm: perHead(read('kernel.kernel.A_imag', copies, modes), (v) => v),
    CRe: folded(false),
    CIm: folded(true),
    D: read('D', heads),
    outWeight: read('output_linear.weight', dModel, dModel),
    outBias: read('output_linear.bias', dModel),
  };
}

/**
 * x <- shift(x) + B u, y = C x is a filter of N taps k_l = sum_m B_m C_(m + l); B starts as (1, 0, ..) and then k = C.
 * @param B, C [channels, N]   @param D [channels], added to the newest tap   @returns [channels, N], the newest tap last
 */
export function shiftTaps(B: Float32Array, C: Float32Array, D: Float32Array): Float32Array {
  const taps = B.length / D.length;
  return Float32Array.from(B, (_, i) => {
    const channel = Math.floor(i / taps);
    const l = taps - 1 - (i % taps);
    let sum = l === 0 ? D[channel]! : 0;
    for (let m = channel * taps; m + l < (channel + 1) * taps; m++) sum += B[m]! * C[m + l]!;
    return sum;
  });
}
