// One row of one channel of a bilinear S4: A = Lambda - P P^*, diagonal plus rank one, so that the step (2/dt - A)^-1 costs O(N)
// by the Woodbury identity. One mode of each conjugate pair is kept: P^* z over the whole spectrum is the real 2 Re(P^* z).
// Gu, Goel, Re 2022 (arXiv 2111.00396, appendix C.2). Dense powers of the step: s4-dense.ts.
//   z = (2/dt + Lambda) x - P (P^* x) + 2 B u;   x' = D0 (z - P (R0 z)),   D0 = 1 / (2/dt - Lambda), R0 = P^* D0 / (1 + P^* D0 P)

import type { S4Coefficients } from './s4-coefficients.ts';

type Numbers = Float32Array | Float64Array;

/**
 * x <- A_bar x + B_bar u of one channel.
 * @param re, im the state's parts, `modes` numbers from reAt and imAt on - mutated   @param channel whose coefficients
 * Cost: 18 * modes multiply-adds. Allocates nothing. f64 arithmetic, stored as the state is.
 */
export function s4Move(
  c: S4Coefficients,
  channel: number,
  re: Numbers,
  reAt: number,
  im: Numbers,
  imAt: number,
  u: number,
): void {
  const { modes, lambdaRe, lambdaIm, PRe, PIm, BRe, BIm, D0Re, D0Im, R0Re, R0Im, zRe, zIm } = c;
  const rate = 2 / c.dt[channel]!;
  const at = channel * modes;
  let seen = 0; // P^* x
  for (let n = 0; n < modes; n++) seen += PRe[at + n]! * re[reAt + n]! + PIm[at + n]! * im[imAt + n]!;
  seen *= 2;
  let back = 0; // R0 z
  for (let n = 0, i = at; n < modes; n++, i++) {
    const xRe = re[reAt + n]!;
    const xIm = im[imAt + n]!;
    const eRe = rate + lambdaRe[i]!;
    const a = eRe * xRe - lambdaIm[i]! * xIm - PRe[i]! * seen + 2 * BRe[i]! * u;
    const b = eRe * xIm + lambdaIm[i]! * xRe - PIm[i]! * seen + 2 * BIm[i]! * u;
    zRe[n] = a;
    zIm[n] = b;
    back += R0Re[i]! * a - R0Im[i]! * b;
  }
  back *= 2;
  for (let n = 0, i = at; n < modes; n++, i++) {
    const a = zRe[n]! - PRe[i]! * back;
    const b = zIm[n]! - PIm[i]! * back;
    re[reAt + n] = D0Re[i]! * a - D0Im[i]! * b;
    im[imAt + n] = D0Re[i]! * b + D0Im[i]! * a;
  }
}
