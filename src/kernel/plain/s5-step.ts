// The two halves of a row of S5, whose one diagonal state all channels share: into the state (h = a h + b (B u)) and out of
// it (y = factor Re(C h) + D u). a and b come from s4d-discretise.ts with one "channel" per mode; not the layer around it.

import type { S4dTransition } from './s4d-discretise.ts';

export interface S5Matrices {
  /** [P, H]. */
  readonly BRe: Float32Array;
  readonly BIm: Float32Array;
  /** [H, P]. */
  readonly CRe: Float32Array;
  readonly CIm: Float32Array;
  /** [H]. */
  readonly D: Float32Array;
  /** 2 when one of each conjugate pair of modes is kept, 1 when all are. */
  readonly factor: number;
}

/** B u of mode p, as it enters the state: out[0] + i out[1] = b_p sum_k B_pk u_k. @param u [H] f32 from `at` on */
export function s5Drive(
  { BRe, BIm }: S5Matrices,
  transition: S4dTransition,
  u: Float32Array,
  at: number,
  width: number,
  p: number,
  out: Float64Array,
): void {
  let re = 0;
  let im = 0;
  for (let k = 0, i = p * width; k < width; k++, i++) {
    re += BRe[i]! * u[at + k]!;
    im += BIm[i]! * u[at + k]!;
  }
  out[0] = transition.bRe[p]! * re - transition.bIm[p]! * im;
  out[1] = transition.bRe[p]! * im + transition.bIm[p]! * re;
}

/**
 * h <- a h + b (B u).
 * @param hRe, hIm [P] f32 - mutated   @param u [H] f32   @param drive [2] f64, scratch
 * Cost: 2 P H + 8 P multiply-adds. Allocates nothing. f64 arithmetic, f32 store.
 */
export function s5Advance(
  hRe: Float32Array,
  hIm: Float32Array,
  u: Float32Array,
  matrices: S5Matrices,
  transition: S4dTransition,
  drive: Float64Array,
): void {
  const { aRe, aIm } = transition;
  for (let p = 0; p < hRe.length; p++) {
    s5Drive(matrices, transition, u, 0, u.length, p, drive);
    const re = hRe[p]!;
    const im = hIm[p]!;
    hRe[p] = aRe[p]! * re - aIm[p]! * im + drive[0]!;
    hIm[p] = aRe[p]! * im + aIm[p]! * re + drive[1]!;
  }
}

/** y = factor Re(C h) + D u. @param hRe, hIm [P] from `row` on   @param y [H] f32 - written. Cost: 2 P H multiply-adds. */
export function s5Output(
  hRe: Float32Array | Float64Array,
  hIm: Float32Array | Float64Array,
  row: number,
  u: Float32Array,
  { CRe, CIm, D, factor }: S5Matrices,
  y: Float32Array,
): void {
  const width = D.length;
  const modes = CRe.length / width;
  for (let k = 0; k < width; k++) {
    let sum = 0;
    for (let p = 0, i = k * modes; p < modes; p++, i++) sum += CRe[i]! * hRe[row + p]! - CIm[i]! * hIm[row + p]!;
    y[k] = factor * sum + D[k]! * u[k]!;
  }
}
