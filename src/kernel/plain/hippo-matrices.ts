// The HiPPO matrices in float64, for the orthonormal Legendre basis of hippo-legendre.ts. Signs as in x' = A x + B u.
// LegS remembers everything since the start, rescaled to [0, 1]: c' = (1/t)(A c + B f). LegT remembers the last
// `window` rows: c' = A c + B f. For both A e0 + B = 0: a constant signal f is the fixed point f * e0.

export interface HippoMatrices {
  /** [order, order] row-major. */
  readonly A: Float64Array;
  /** [order]. */
  readonly B: Float64Array;
}

/** HiPPO-LegS (arXiv 2008.07669 theorem 2; cited by S4 with this sign). Lower triangular, eigenvalues exactly -1 .. -order. */
export function hippoLegs(order: number): HippoMatrices {
  const A = new Float64Array(order * order);
  for (let n = 0; n < order; n++) {
    for (let k = 0; k < n; k++) A[n * order + k] = -Math.sqrt((2 * n + 1) * (2 * k + 1));
    A[n * order + n] = -(n + 1);
  }
  return { A, B: rootsOfOdds(order) };
}

/** The low-rank part of LegS: A + P P^T = -I/2 + skew-symmetric (S4, arXiv 2111.00396, appendix C). */
export function hippoLegsRankOne(order: number): Float64Array {
  return Float64Array.from({ length: order }, (_, n) => Math.sqrt(n + 0.5));
}

/**
 * HiPPO-LegT for a sliding window of `window` rows (arXiv 2008.07669 theorem 1; the Legendre memory unit of Voelker 2019
 * in an orthonormal basis and with time running towards u = 1).
 */
export function hippoLegt(order: number, window: number): HippoMatrices {
  const A = new Float64Array(order * order);
  for (let n = 0; n < order; n++) {
    for (let k = 0; k < order; k++) {
      const sign = n < k && (k - n) % 2 === 1 ? 1 : -1;
      A[n * order + k] = (sign * Math.sqrt((2 * n + 1) * (2 * k + 1))) / window;
    }
  }
  return { A, B: rootsOfOdds(order).map((b) => b / window) };
}

const rootsOfOdds = (order: number): Float64Array =>
  Float64Array.from({ length: order }, (_, n) => Math.sqrt(2 * n + 1));
