// The convolution kernel K_l = C A_bar^l B_bar, l < L, of one S4 channel by its generating function: four Cauchy sums at the
// roots of unity, then one inverse FFT (arXiv 2111.00396, algorithm 1). O(N L + L log L). Needs C~ = C (I - A_bar^L).
//   K^(w) = 2 [S(C~B) - (1 + w) S(C~P) S(P*B) / (1 + (1 + w) S(P*P))],   S(v) = sum_n v_n / ((2/dt)(1 - w) - (1 + w) Lambda_n)
// Written so, w = -1 is no pole (upstream divides by 1 + w there and perturbs it).

import { inverseRealFft, type RealFftPlan } from './real-fft.ts';
import type { S4Spectrum } from './s4-coefficients.ts';

/** @param stored [2 modes] C~ as a real row: y = stored . [Re x, Im x], that is 2 Re C~, then -2 Im C~ */
export function s4Taps(s: S4Spectrum, channel: number, stored: Float64Array, plan: RealFftPlan): Float64Array {
  const modes = stored.length / 2;
  const at = channel * modes;
  const { PRe, PIm, BRe, BIm, lambdaRe, lambdaIm } = s;
  const rate = 2 / s.dt[channel]!;
  const spectrum = new Float64Array(plan.size + 2);
  const sums = new Float64Array(8);
  for (let j = 0; j <= plan.size / 2; j++) {
    const [wRe, wIm] = [plan.roots[2 * j]!, plan.roots[2 * j + 1]!];
    sums.fill(0);
    for (let n = 0, i = at; n < modes; n++, i++) {
      const [cRe, cIm] = [stored[n]! / 2, -stored[modes + n]! / 2];
      const [pRe, pIm, bRe, bIm] = [PRe[i]!, PIm[i]!, BRe[i]!, BIm[i]!];
      for (const side of [1, -1]) {
        // Lambda, then its conjugate: every v_n is conjugated with it.
        const lIm = side * lambdaIm[i]!;
        const dRe = rate * (1 - wRe) - ((1 + wRe) * lambdaRe[i]! - wIm * lIm);
        const dIm = -rate * wIm - ((1 + wRe) * lIm + wIm * lambdaRe[i]!);
        const norm = dRe * dRe + dIm * dIm;
        add(sums, 0, cRe * bRe - cIm * bIm, side * (cRe * bIm + cIm * bRe), dRe / norm, -dIm / norm);
        add(sums, 2, cRe * pRe - cIm * pIm, side * (cRe * pIm + cIm * pRe), dRe / norm, -dIm / norm);
        add(sums, 4, pRe * bRe + pIm * bIm, side * (pRe * bIm - pIm * bRe), dRe / norm, -dIm / norm);
        add(sums, 6, pRe * pRe + pIm * pIm, 0, dRe / norm, -dIm / norm);
      }
    }
    woodbury(sums, 1 + wRe, wIm, spectrum, 2 * j);
  }
  const taps = new Float64Array(plan.size);
  inverseRealFft(plan, spectrum, taps);
  return taps;
}

/** sums[at] += v r. */
function add(sums: Float64Array, at: number, vRe: number, vIm: number, rRe: number, rIm: number): void {
  sums[at]! += vRe * rRe - vIm * rIm;
  sums[at + 1]! += vRe * rIm + vIm * rRe;
}

/** out[at] = 2 (S0 - w S1 S2 / (1 + w S3)). */
function woodbury(s: Float64Array, wRe: number, wIm: number, out: Float64Array, at: number): void {
  const belowRe = 1 + wRe * s[6]! - wIm * s[7]!;
  const belowIm = wRe * s[7]! + wIm * s[6]!;
  const crossRe = s[2]! * s[4]! - s[3]! * s[5]!;
  const crossIm = s[2]! * s[5]! + s[3]! * s[4]!;
  const aboveRe = wRe * crossRe - wIm * crossIm;
  const aboveIm = wRe * crossIm + wIm * crossRe;
  const norm = belowRe * belowRe + belowIm * belowIm;
  out[at] = 2 * (s[0]! - (aboveRe * belowRe + aboveIm * belowIm) / norm);
  out[at + 1] = 2 * (s[1]! - (aboveIm * belowRe - aboveRe * belowIm) / norm);
}
