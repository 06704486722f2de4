// Eigenvalues and eigenvectors of a Hermitian matrix by cyclic Jacobi rotations, in portable float64: what finds the normal
// basis of HiPPO-LegS (hippo-normal-basis.ts). Built once per model; not for hot paths. Golub & Van Loan, section 8.5.

export interface HermitianEigen {
  /** [order], in the order the rotations left them. */
  readonly values: Float64Array;
  /** Eigenvectors as columns, [order, order] row-major, unitary. Their phases mean nothing. */
  readonly vectorsRe: Float64Array;
  readonly vectorsIm: Float64Array;
}

/** H = re + i im, [order, order] row-major, Hermitian. Some ten sweeps of order^2 / 2 rotations. */
export function hermitianEigen(re: Float64Array, im: Float64Array, order: number): HermitianEigen {
  const hRe = re.slice();
  const hIm = im.slice();
  const vectorsRe = new Float64Array(order * order).map((_, i) => (i % (order + 1) === 0 ? 1 : 0));
  const vectorsIm = new Float64Array(order * order);
  for (let sweep = 0; sweep < 60; sweep++) {
    let outside = 0;
    let inside = 0;
    for (let p = 0; p < order; p++) {
      inside += square(hRe[p * order + p]!);
      for (let q = p + 1; q < order; q++) outside += square(hRe[p * order + q]!) + square(hIm[p * order + q]!);
    }
    if (outside <= 1e-30 * inside) break; // convergence is quadratic: one sweep further is the limit of float64
    for (let p = 0; p < order; p++) {
      for (let q = p + 1; q < order; q++) rotate(hRe, hIm, vectorsRe, vectorsIm, order, p, q);
    }
  }
  return { values: Float64Array.from({ length: order }, (_, n) => hRe[n * order + n]!), vectorsRe, vectorsIm };
}

const square = (v: number): number => v * v;

/**
 * Zeroes H[p, q] by H <- U^* H U with U = [[c, s], [-s e^{-i phi}, c e^{-i phi}]] in the plane (p, q), phi the phase of
 * H[p, q]; V <- V U.
 */
function rotate(
  hRe: Float64Array,
  hIm: Float64Array,
  vRe: Float64Array,
  vIm: Float64Array,
  order: number,
  p: number,
  q: number,
): void {
  const bRe = hRe[p * order + q]!;
  const bIm = hIm[p * order + q]!;
  const b = Math.sqrt(bRe * bRe + bIm * bIm);
  if (b === 0) return;
  const tau = (hRe[q * order + q]! - hRe[p * order + p]!) / (2 * b);
  const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  columns(hRe, hIm, order, p, q, c, s, bRe / b, -bIm / b);
  columns(vRe, vIm, order, p, q, c, s, bRe / b, -bIm / b);
  for (let n = 0; n < order; n++) {
    // Rows take the conjugate of what columns took.
    const pRe = hRe[p * order + n]!;
    const pIm = hIm[p * order + n]!;
    const qRe = (hRe[q * order + n]! * bRe - hIm[q * order + n]! * bIm) / b;
    const qIm = (hRe[q * order + n]! * bIm + hIm[q * order + n]! * bRe) / b;
    hRe[p * order + n] = c * pRe - s * qRe;
    hIm[p * order + n] = c * pIm - s * qIm;
    hRe[q * order + n] = s * pRe + c * qRe;
    hIm[q * order + n] = s * pIm + c * qIm;
  }
}

/** [col_p, col_q] <- [c col_p - s w col_q, s col_p + c w col_q] with the phase w = wRe + i wIm. */
function columns(
  re: Float64Array,
  im: Float64Array,
  order: number,
  p: number,
  q: number,
  c: number,
  s: number,
  wRe: number,
  wIm: number,
): void {
  for (let n = 0; n < order; n++) {
    const pRe = re[n * order + p]!;
    const pIm = im[n * order + p]!;
    const qRe = re[n * order + q]! * wRe - im[n * order + q]! * wIm;
    const qIm = re[n * order + q]! * wIm + im[n * order + q]! * wRe;
    re[n * order + p] = c * pRe - s * qRe;
    im[n * order + p] = c * pIm - s * qIm;
    re[n * order + q] = s * pRe + c * qRe;
    im[n * order + q] = s * pIm + c * qIm;
  }
}
