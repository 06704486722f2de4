// The complex recurrence h_t = a_t h_{t-1} + b_t over many rows by the associative operator (a1, b1) then (a2, b2) =
// (a2 a1, a2 b1 + b2): up and down the tree of Brent & Kung (1982), each level free of order. a may differ row by row, as it
// does at irregular times. On one thread it does twice the work of the loop: the form that lanes of hardware would run.

/**
 * Turns b into h, in place; a becomes products of a, of no further use.
 * @param aRe, aIm, bRe, bIm [rows, n] f64 - mutated   @param hRe, hIm [n] f32, the state before row 0
 * Cost: about 8 * rows * n complex multiply-adds at most. Allocates nothing.
 */
export function s5Associative(
  aRe: Float64Array,
  aIm: Float64Array,
  bRe: Float64Array,
  bIm: Float64Array,
  hRe: Float32Array,
  hIm: Float32Array,
  rows: number,
): void {
  const n = hRe.length;
  for (let p = 0; p < n; p++) {
    bRe[p] = bRe[p]! + aRe[p]! * hRe[p]! - aIm[p]! * hIm[p]!;
    bIm[p] = bIm[p]! + aRe[p]! * hIm[p]! + aIm[p]! * hRe[p]!;
  }
  const join = (earlier: number, later: number): void => {
    for (let p = 0; p < n; p++) {
      const e = earlier * n + p;
      const l = later * n + p;
      const re = aRe[l]!;
      const im = aIm[l]!;
      bRe[l] = bRe[l]! + re * bRe[e]! - im * bIm[e]!;
      bIm[l] = bIm[l]! + re * bIm[e]! + im * bRe[e]!;
      aRe[l] = re * aRe[e]! - im * aIm[e]!;
      aIm[l] = re * aIm[e]! + im * aRe[e]!;
    }
  };
  let span = 1;
  for (; span < rows; span *= 2) {
    for (let t = 2 * span - 1; t < rows; t += 2 * span) join(t - span, t);
  }
  for (; span >= 1; span /= 2) {
    for (let t = 3 * span - 1; t < rows; t += 2 * span) join(t - span, t);
  }
}
