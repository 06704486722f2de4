// A linear recurrence h_t = a_t h_{t-1} + b_t as a tree instead of a loop: pairs compose by
//   (a1, b1) o (a2, b2) = (a2 a1, a2 b1 + b2)      associative, identity (1, 0), the left pair earlier in time
// The tree of Brent & Kung 1982 (a sweep up, a sweep down; any length), as a machine with many lanes would run it. On one
// core it does twice the work of the loop: this is the readable twin of parallel scans, not a faster one.

/**
 * Replaces every pair by the composition of all pairs up to it. With h_0 carried in, b_0 must hold a_0 h_0 + b_0.
 * @param a, b [rows, lanes] f64 - written: a_t becomes the product a_0 ... a_t, b_t becomes h_t
 * Cost: about 2 * rows * lanes compositions of 3 flops. Allocates nothing.
 */
export function associativeScan(a: Float64Array, b: Float64Array, rows: number, lanes: number): void {
  let span = 1;
  for (; span < rows; span *= 2) {
    for (let t = 2 * span - 1; t < rows; t += 2 * span) compose(a, b, t - span, t, lanes);
  }
  for (; span >= 1; span /= 2) {
    for (let t = 3 * span - 1; t < rows; t += 2 * span) compose(a, b, t - span, t, lanes);
  }
}

/** Row `later` becomes row `earlier` o row `later`. */
function compose(a: Float64Array, b: Float64Array, earlier: number, later: number, lanes: number): void {
  let from = earlier * lanes;
  for (let at = later * lanes; at < (later + 1) * lanes; at++, from++) {
    b[at] = a[at]! * b[from]! + b[at]!;
    a[at] = a[at]! * a[from]!;
  }
}
