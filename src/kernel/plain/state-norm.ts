// StateNorm: a gain on the state at read-out, y = C (gamma * h). Because it is linear and diagonal it can be moved:
//   into the read-out, C' = C diag(gamma) - the same function, at no cost (foldStateNorm);
//   into the recurrence, h' = gamma (a h + b u) - ANOTHER function, a' = gamma a and b' = gamma b, which is stable only
//   while |gamma a| < 1: a gain of 1.1 on a decay of 0.95 grows without bound.
// It leaves h itself alone, so scans and convolutions stay what they were. Dividing by rms(h) inside the recurrence would
// not be linear and would break both.

/**
 * y_i = sum_n C_in gamma_n h_n.
 * @param C [m, n] f32, row-major   @param gamma, h [n] f32   @param y [m] f32 - written, must not alias h
 * Cost: m * n * (2 mul + 1 add). Allocates nothing. f64 arithmetic, f32 store.
 */
export function stateNorm(C: Float32Array, gamma: Float32Array, h: Float32Array, y: Float32Array): void {
  const n = h.length;
  for (let i = 0; i < y.length; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += C[i * n + j]! * gamma[j]! * h[j]!;
    y[i] = sum;
  }
}

/** C' = C diag(gamma): C [m, n], gamma [n] -> folded [m, n] f32, may be C. One rounding to f32 an element: 6e-8. */
export function foldStateNorm(C: Float32Array, gamma: Float32Array, folded: Float32Array): void {
  const n = gamma.length;
  for (let i = 0; i < C.length; i++) folded[i] = C[i]! * gamma[i % n]!;
}
