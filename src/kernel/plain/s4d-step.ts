// One row of a diagonal linear SSM per channel: h = a h + b x, y = 2 Re(C . h) + D x, with one of each conjugate pair of
// modes kept (hence the 2). Coefficients: s4d-discretise.ts. Not the mixer around it: cell/s4d/cell.ts.

import type { S4dTransition } from './s4d-discretise.ts';

/**
 * @param hRe, hIm [channels, modes] f32 - mutated   @param x, y [channels] f32 - must not alias
 * @param CRe, CIm [channels, modes] f32   @param D [channels] f32
 * Cost: 7 * channels * modes multiply-adds. Allocates nothing. f64 arithmetic, f32 store.
 */
export function s4dStep(
  hRe: Float32Array,
  hIm: Float32Array,
  x: Float32Array,
  y: Float32Array,
  transition: S4dTransition,
  CRe: Float32Array,
  CIm: Float32Array,
  D: Float32Array,
): void {
  const { aRe, aIm, bRe, bIm } = transition;
  const channels = D.length;
  const modes = hRe.length / channels;
  let i = 0;
  for (let channel = 0; channel < channels; channel++) {
    const u = x[channel]!;
    let sum = 0;
    for (const end = i + modes; i < end; i++) {
      const re = hRe[i]!;
      const im = hIm[i]!;
      hRe[i] = aRe[i]! * re - aIm[i]! * im + bRe[i]! * u;
      hIm[i] = aRe[i]! * im + aIm[i]! * re + bIm[i]! * u;
      sum += CRe[i]! * hRe[i]! - CIm[i]! * hIm[i]!;
    }
    y[channel] = 2 * sum + D[channel]! * u;
  }
}

/** h <- a^rows h: time without input. @param hRe, hIm [channels, modes] f32 - mutated. Cost: 2 log2(rows) products a mode. */
export function s4dDecay(hRe: Float32Array, hIm: Float32Array, transition: S4dTransition, rows: number): void {
  for (let i = 0; i < hRe.length; i++) {
    let baseRe = transition.aRe[i]!;
    let baseIm = transition.aIm[i]!;
    let re = hRe[i]!;
    let im = hIm[i]!;
    for (let left = rows; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) {
        const turned = re * baseRe - im * baseIm;
        im = re * baseIm + im * baseRe;
        re = turned;
      }
      const squared = baseRe * baseRe - baseIm * baseIm;
      baseIm = 2 * baseRe * baseIm;
      baseRe = squared;
    }
    hRe[i] = re;
    hIm[i] = im;
  }
}
