// What a bilinear S4 step needs of A = Lambda - P P^*, worked out once per cell: D0 = 1 / (2/dt - Lambda) and R0 = P^* D0 / (1 +
// P^* D0 P). The step itself: s4-step.ts.

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
