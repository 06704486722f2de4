// One row of one channel of a bilinear S4: A = Lambda - P P^*, diagonal plus rank one, so that the step (2/dt - A)^-1 costs O(N)
// by the Woodbury identity. One mode of each conjugate pair is kept: P^* z over the whole spectrum is the real 2 Re(P^* z).
// Gu, Goel, Re 2022 (arXiv 2111.00396, appendix C.2). Dense powers of the step: s4-dense.ts.
//   z = (2/dt + Lambda) x - P (P^* x) + 2 B u;   x' = D0 (z - P (R0 z)),   D0 = 1 / (2/dt - Lambda), R0 = P^* D0 / (1 + P^* D0 P)

/** Of H channels, each array [H, modes] f64, modes = N / 2. */
export interface S4Spectrum {
  /** [H]. */
  readonly dt: Float64Array;
  readonly lambdaRe: Float64Array;
  readonly lambdaIm: Float64Array;
  readonly PRe: Float64Array;
  readonly PIm: Float64Array;
  readonly BRe: Float64Array;
  readonly BIm: Float64Array;
}

export interface S4Coefficients extends S4Spectrum {
  readonly modes: number;
  readonly D0Re: Float64Array;
  readonly D0Im: Float64Array;
  readonly R0Re: Float64Array;
  readonly R0Im: Float64Array;
  /** [modes] scratch of s4Move. */
  readonly zRe: Float64Array;
  readonly zIm: Float64Array;
}

export function s4Coefficients(spectrum: S4Spectrum): S4Coefficients {
  const { dt, lambdaRe, lambdaIm, PRe, PIm } = spectrum;
  const size = lambdaRe.length;
  const modes = size / dt.length;
  const [D0Re, D0Im, R0Re, R0Im] = [0, 0, 0, 0].map(() => new Float64Array(size)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let at = 0; at < size; at += modes) {
    const rate = 2 / dt[at / modes]!;
    let rank = 1; // 1 + P^* D0 P, real
    for (let i = at; i < at + modes; i++) {
      const re = rate - lambdaRe[i]!;
      const norm = re * re + lambdaIm[i]! * lambdaIm[i]!;
      D0Re[i] = re / norm;
      D0Im[i] = lambdaIm[i]! / norm;
      rank += 2 * (PRe[i]! * PRe[i]! + PIm[i]! * PIm[i]!) * D0Re[i]!;
    }
    for (let i = at; i < at + modes; i++) {
      R0Re[i] = (PRe[i]! * D0Re[i]! + PIm[i]! * D0Im[i]!) / rank;
      R0Im[i] = (PRe[i]! * D0Im[i]! - PIm[i]! * D0Re[i]!) / rank;
    }
  }
  return { ...spectrum, modes, D0Re, D0Im, R0Re, R0Im, zRe: new Float64Array(modes), zIm: new Float64Array(modes) };
}

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
