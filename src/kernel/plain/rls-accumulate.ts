// Recursive least squares by its normal equations: exponentially weighted sums of phi phi^T and phi y^T. Added up in
// float64 and kept in float32: what is forgotten (1e-4 a row) takes rounding errors along before they add up (docs/adr/0019).
// Several targets share one matrix, since all horizons of a forecast see the same features. Solved by rls-solve.ts every
// few rows: cheaper per row than updating an inverse, and it cannot lose positive definiteness the way an inverse does.

/**
 * gram <- forget gram + phi phi^T (lower triangle, packed by rows);  moment <- forget moment + phi y^T.
 * @param gram [features (features + 1) / 2] f32 - mutated   @param moment [features, targets] f32 - mutated
 * @param phi [features] f64   @param y [targets] f64
 * Cost: features^2 / 2 + features * targets multiply-adds. Allocates nothing.
 */
export function rlsAccumulate(
  gram: Float32Array,
  moment: Float32Array,
  phi: Float64Array,
  y: Float64Array,
  forget: number,
): void {
  const features = phi.length;
  const targets = y.length;
  let g = 0;
  let m = 0;
  for (let i = 0; i < features; i++) {
    const value = phi[i]!;
    for (let k = 0; k <= i; k++, g++) gram[g] = forget * gram[g]! + value * phi[k]!;
    for (let j = 0; j < targets; j++, m++) moment[m] = forget * moment[m]! + value * y[j]!;
  }
}
