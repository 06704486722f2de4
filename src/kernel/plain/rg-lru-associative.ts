// The recurrence h_t = a_t h_{t-1} + b_t over many rows by the associative operator (a1, b1) then (a2, b2) = (a2 a1, a2 b1 +
// b2): log2(rows) levels up and down the tree of Brent & Kung (1982), each level free of order. On one thread it costs
// twice the loop; it is here as the form that hardware with lanes would run, and as a check on the loop.

/**
 * Turns b into h, in place; a becomes products of a (of no further use).
 * @param a, b [rows, n] f64 - mutated   @param h0 [n] f32, the state before row 0
 * Cost: about 4 * rows * n multiply-adds. Allocates nothing.
 */
export function rgLruAssociative(a: Float64Array, b: Float64Array, h0: Float32Array, rows: number): void {
  const n = h0.length;
  for (let c = 0; c < n; c++) b[c] = b[c]! + a[c]! * h0[c]!;
  const join = (earlier: number, later: number): void => {
    for (let c = 0; c < n; c++) {
      const [e, l] = [earlier * n + c, later * n + c];
      b[l] = b[l]! + a[l]! * b[e]!;
      a[l] = a[l]! * a[e]!;
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
