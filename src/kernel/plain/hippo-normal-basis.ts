// The eigenbasis of the normal part of HiPPO-LegS, A + P P^T = V (-1/2 + i w) V^*: what S4 (for P and B), S4D-LegS (for B)
// and S5 start in. One of each conjugate pair is kept, Im < 0 as in the S4 code. Only products of two vectors in this basis
// mean anything: the phases of eigenvectors are free. hippo-eigen.ts has the rotations. Built once per model.

import { hermitianEigen } from './hippo-eigen.ts';
import { hippoLegs, hippoLegsRankOne } from './hippo-matrices.ts';

export interface HippoNormalBasis {
  readonly order: number;
  /** [order / 2] w, negative, ascending in |w|; Re Lambda = -1/2 for all. */
  readonly imag: Float64Array;
  /** V, [order, order / 2] row-major: the kept eigenvectors as columns. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
}

/** @param order even, >= 2 */
export function hippoNormalBasis(order: number): HippoNormalBasis {
  const { A } = hippoLegs(order);
  const P = hippoLegsRankOne(order);
  // S = A + P P^T + I/2 is skew-symmetric, so -i S is Hermitian with eigenvalues w.
  const minusS = A.map((a, i) => {
    const n = Math.floor(i / order);
    const k = i % order;
    return -(a + P[n]! * P[k]! + (n === k ? 0.5 : 0));
  });
  const { values, vectorsRe, vectorsIm } = hermitianEigen(new Float64Array(order * order), minusS, order);
  const kept = Array.from(values.keys())
    .filter((n) => values[n]! < 0)
    .sort((a, b) => values[b]! - values[a]!);
  const half = order / 2;
  const columns = (vectors: Float64Array): Float64Array =>
    Float64Array.from({ length: order * half }, (_, i) => vectors[Math.floor(i / half) * order + kept[i % half]!]!);
  return {
    order,
    imag: Float64Array.from(kept, (n) => values[n]!),
    vRe: columns(vectorsRe),
    vIm: columns(vectorsIm),
  };
}

/** V^* x of a real x [order]: [re, im], each [order / 2]. */
export function projectOntoBasis(
  { order, vRe, vIm }: HippoNormalBasis,
  x: ArrayLike<number>,
): readonly [Float64Array, Float64Array] {
  const half = order / 2;
  const re = new Float64Array(half);
  const im = new Float64Array(half);
  for (let k = 0; k < order; k++) {
    for (let n = 0; n < half; n++) {
      re[n]! += vRe[k * half + n]! * x[k]!;
      im[n]! -= vIm[k * half + n]! * x[k]!;
    }
  }
  return [re, im];
}
