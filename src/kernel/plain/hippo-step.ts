// One step in time of HiPPO coefficients under a held input f, in float64. Because a constant is the fixed point f * e0,
// both measures move d = c - f e0 by a linear map and add f e0 again; no separate input matrix is needed (ZOH exactly).
// Not a cell: cell/hippo/cell.ts owns state and time. Equations: hippo-matrices.ts; basis: hippo-legendre.ts.

/**
 * LegT: c <- f e0 + E (c - f e0), E = exp(A dt).
 * @param c [.. at + order] f64, coefficients of one channel from `at` on - mutated   @param E [order, order] row-major
 * @param scratch [order] f64
 * Cost: order^2 multiply-adds. Allocates nothing.
 */
export function legtStep(
  c: Float64Array,
  at: number,
  order: number,
  f: number,
  E: Float64Array,
  scratch: Float64Array,
): void {
  for (let k = 0; k < order; k++) scratch[k] = c[at + k]!;
  scratch[0]! -= f;
  for (let n = 0; n < order; n++) {
    let sum = 0;
    for (let k = 0; k < order; k++) sum += E[n * order + k]! * scratch[k]!;
    c[at + n] = sum;
  }
  c[at]! += f;
}

/**
 * LegS, exactly: the past on [0, 1] shrinks to [0, ratio], ratio = t / (t + dt), and is projected anew:
 *   d'_n = ratio * sum_i w_i phi_n(ratio x_i) sum_k phi_k(x_i) d_k     (Gauss-Legendre, exact up to degree 2 order - 1).
 * This is exp(A ln((t + dt) / t)) d, so steps of d1 and d2 with the same f equal one step of d1 + d2.
 * @param c [.. at + order] f64 of one channel - mutated
 * @param basis [order, order] f64, phi_k(x_i) at row i   @param weights [order] f64, w_i
 * @param shrunk [order, order] f64, phi_n(ratio x_i) at row i   @param scratch [order] f64
 * Cost: 2 order^2 multiply-adds. Allocates nothing.
 */
export function legsStep(
  c: Float64Array,
  at: number,
  order: number,
  f: number,
  ratio: number,
  basis: Float64Array,
  weights: Float64Array,
  shrunk: Float64Array,
  scratch: Float64Array,
): void {
  c[at]! -= f;
  for (let i = 0; i < order; i++) {
    let value = 0;
    for (let k = 0; k < order; k++) value += basis[i * order + k]! * c[at + k]!;
    scratch[i] = ratio * weights[i]! * value;
  }
  for (let n = 0; n < order; n++) c[at + n] = 0;
  for (let i = 0; i < order; i++) {
    const value = scratch[i]!;
    for (let n = 0; n < order; n++) c[at + n]! += shrunk[i * order + n]! * value;
  }
  c[at]! += f;
}
