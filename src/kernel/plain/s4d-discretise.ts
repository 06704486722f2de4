// From a continuous diagonal SSM x' = A x + u (B folded to 1) to x_t = a x_{t-1} + b u_t, in complex float64.
//   zoh:      a = e^(dt A),                    b = (e^(dt A) - 1) / A
//   bilinear: a = (1 + dt A/2) / (1 - dt A/2), b = dt / (1 - dt A/2)
// Gu et al. 2022 (S4D, arXiv 2206.11893, section 3.1). Only zoh has the semigroup property: held input over d1, then d2,
// equals d1 + d2. Built once per cell. Read next: s4d-step.ts.

import { cos, exp, expm1, sin } from '../../base/math.ts';

export type S4dMethod = 'zoh' | 'bilinear';

export interface S4dTransition {
  /** All [channels, modes] f64. */
  readonly aRe: Float64Array;
  readonly aIm: Float64Array;
  readonly bRe: Float64Array;
  readonly bIm: Float64Array;
}

/** Room for `size` modes. */
export const s4dTransition = (size: number): S4dTransition => ({
  aRe: new Float64Array(size),
  aIm: new Float64Array(size),
  bRe: new Float64Array(size),
  bIm: new Float64Array(size),
});

/**
 * @param dt [channels] f64, > 0   @param ARe, AIm [channels, modes] f64
 * @param scale every dt is multiplied by it: a row that came late   @param out written; allocates nothing when given
 */
export function s4dDiscretise(
  method: S4dMethod,
  dt: Float64Array,
  ARe: Float64Array,
  AIm: Float64Array,
  scale = 1,
  out = s4dTransition(ARe.length),
): S4dTransition {
  const modes = ARe.length / dt.length;
  const discretise = method === 'zoh' ? zoh : bilinear;
  for (let i = 0; i < ARe.length; i++) discretise(scale * dt[Math.floor(i / modes)]!, ARe[i]!, AIm[i]!, out, i);
  return out;
}

function zoh(dt: number, ARe: number, AIm: number, out: S4dTransition, i: number): void {
  const re = dt * ARe;
  const im = dt * AIm;
  const half = sin(im / 2);
  // e^z - 1 without cancellation: the subtraction in the reference code loses digits below |z| = 1e-4.
  const gainRe = expm1(re) * cos(im) - 2 * half * half;
  const gainIm = exp(re) * sin(im);
  out.aRe[i] = gainRe + 1;
  out.aIm[i] = gainIm;
  const norm = ARe * ARe + AIm * AIm;
  out.bRe[i] = norm === 0 ? dt : (gainRe * ARe + gainIm * AIm) / norm;
  out.bIm[i] = norm === 0 ? 0 : (gainIm * ARe - gainRe * AIm) / norm;
}

function bilinear(dt: number, ARe: number, AIm: number, out: S4dTransition, i: number): void {
  const re = (dt * ARe) / 2;
  const im = (dt * AIm) / 2;
  const norm = (1 - re) * (1 - re) + im * im;
  out.aRe[i] = ((1 + re) * (1 - re) - im * im) / norm;
  out.aIm[i] = (2 * im) / norm;
  out.bRe[i] = (dt * (1 - re)) / norm;
  out.bIm[i] = (dt * im) / norm;
}
