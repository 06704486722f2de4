// Orthonormal Legendre polynomials on [0, 1]: phi_n(u) = sqrt(2n+1) P_n(2u - 1), the basis of both HiPPO measures
// (Gu et al. 2020, arXiv 2008.07669, appendix D), and Gauss-Legendre quadrature on the same interval.
// u = 1 is now, u = 0 the oldest moment remembered. Read next: hippo-step.ts, which advances coefficients of this basis.

import { cos } from '../../base/math.ts';

/**
 * phi_0(u) .. phi_{order-1}(u) by the three-term recurrence (stable for all u in [0, 1]).
 * @param out [>= at + order] f64, written from `at` on
 * Cost: 5 * order. Allocates nothing.
 */
export function legendreRow(u: number, order: number, out: Float64Array, at = 0): void {
  const z = 2 * u - 1;
  let before = 0;
  let p = 1;
  for (let n = 0; n < order; n++) {
    out[at + n] = Math.sqrt(2 * n + 1) * p;
    const next = ((2 * n + 1) * z * p - n * before) / (n + 1);
    before = p;
    p = next;
  }
}

export interface Quadrature {
  /** In (0, 1), ascending. */
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** Gauss-Legendre on [0, 1]: exact for polynomials up to degree 2 * order - 1. Newton's method from Tricomi's estimate. */
export function gaussLegendre(order: number): Quadrature {
  const nodes = new Float64Array(order);
  const weights = new Float64Array(order);
  for (let i = 0; i < order; i++) {
    let z = -cos((Math.PI * (i + 0.75)) / (order + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 50; iteration++) {
      let before = 0;
      let p = 1;
      for (let n = 0; n < order; n++) {
        const next = ((2 * n + 1) * z * p - n * before) / (n + 1);
        before = p;
        p = next;
      }
      slope = (order * (z * p - before)) / (z * z - 1);
      const move = p / slope;
      z -= move;
      if (Math.abs(move) < 1e-16) break;
    }
    nodes[i] = (z + 1) / 2;
    weights[i] = 1 / ((1 - z * z) * slope * slope); // 2 / (...) on [-1, 1], half of it on [0, 1]
  }
  return { nodes, weights };
}
