// The exact GELU, x * Phi(x), that the S4 family puts behind its SSM (torch.nn.GELU without approximation).
// The tanh form used by gated MLPs differs by up to 5e-4 and is not this.

import { exp } from '../../base/math.ts';

const TWO_OVER_SQRT_PI = 1.1283791670955126;

/** Error function by its Kummer series: all terms of one sign, so no cancellation. At most some 130 terms, |x| < 6. */
export function erf(x: number): number {
  if (x > 6) return 1; // 1 - erf(6) = 2e-17
  if (x < -6) return -1;
  const square = x * x;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * square) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_SQRT_PI * exp(-square) * sum;
}

export const gelu = (x: number): number => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
