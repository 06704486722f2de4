// A straight line through samples, with how sure its slope is: what a soak says about growth. The half-width takes the
// residuals as independent; memory's are not quite, so a slope just outside it deserves a longer run, not a verdict.

export interface Line {
  /** y per x. */
  readonly slope: number;
  /** Half the width of the slope's 95 % interval; Infinity below three samples. */
  readonly halfWidth: number;
}

/** Student's t at 97.5 %, to 0.5 % from 3 degrees of freedom on (Abramowitz and Stegun 26.7.5, first two terms). */
function studentT(degrees: number): number {
  const z = 1.959964;
  const z3 = z * z * z;
  const z5 = z3 * z * z;
  return z + (z3 + z) / (4 * degrees) + (5 * z5 + 16 * z3 + 3 * z) / (96 * degrees * degrees);
}

export function fitLine(xs: readonly number[], ys: readonly number[]): Line {
  const n = xs.length;
  const meanX = xs.reduce((sum, x) => sum + x, 0) / n;
  const meanY = ys.reduce((sum, y) => sum + y, 0) / n;
  let sxx = 0;
  let sxy = 0;
  for (let i = 0; i < n; i++) {
    sxx += (xs[i]! - meanX) * (xs[i]! - meanX);
    sxy += (xs[i]! - meanX) * (ys[i]! - meanY);
  }
  const slope = sxy / sxx;
  if (n < 3) return { slope, halfWidth: Infinity };
  let residual = 0;
  for (let i = 0; i < n; i++) {
    const off = ys[i]! - meanY - slope * (xs[i]! - meanX);
    residual += off * off;
  }
  return { slope, halfWidth: studentT(n - 2) * Math.sqrt(residual / (n - 2) / sxx) };
}
