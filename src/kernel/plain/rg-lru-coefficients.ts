// What the gates of the RG-LRU make of a row: h = a h + b per channel (De et al. 2024, Griffin, 2402.19427, section 2.4).
// The recurrence itself is one line in the cell; its associative form is rg-lru-associative.ts.

import { exp, expm1 } from '../../base/math.ts';

/**
 * log a = -dt * r * rate;  a = e^(log a);  b = sqrt(1 - a^2) * i * x. On a stream's first row a = 0 and the root is 1: there is
 * no past whose variance the root would balance.
 * @param r, i [n] f64, gates in (0, 1)   @param x [n] f32   @param rate [n] f64, 8 softplus(recurrent_param)
 * @param dt   rows since the row before, 1 when on time   @param a, b [n] f64 - written
 * Cost: n * (2 exp + 1 sqrt). Allocates nothing. sqrt(-expm1(2 log a)) keeps its digits where a is near 1.
 */
export function rgLruCoefficients(
  r: Float64Array,
  i: Float64Array,
  x: Float32Array,
  rate: Float64Array,
  dt: number,
  first: boolean,
  a: Float64Array,
  b: Float64Array,
): void {
  for (let c = 0; c < x.length; c++) {
    const input = i[c]! * x[c]!;
    const logA = -dt * r[c]! * rate[c]!;
    a[c] = first ? 0 : exp(logA);
    b[c] = first ? input : Math.sqrt(-expm1(2 * logA)) * input;
  }
}
