// The upper tail of the standard normal distribution, 1 - Phi(z) for z >= 0, to 1e-15 of its own size: a Taylor series about 0,
// the continued fraction of Mills' ratio beyond 3 (Abramowitz & Stegun 26.2.11 and 26.2.14).

import { exp } from '../../../base/math.ts';

const ROOT_2PI = Math.sqrt(2 * Math.PI);

export function normalTail(z: number): number {
  const density = exp((-z * z) / 2) / ROOT_2PI;
  if (z > 3) {
    let fraction = z;
    for (let k = 60; k >= 1; k--) fraction = z + k / fraction;
    return density / fraction;
  }
  let term = z;
  let sum = z;
  for (let n = 3; term > 1e-17 * sum; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return 0.5 - density * sum;
}
