// Ridge regression from the sums of rls-accumulate.ts: (gram + ridge I) weights = moment, by a packed Cholesky factor.

/**
 * @param gram [features (features + 1) / 2] f64, lower triangle packed by rows   @param moment [features, targets] f64
 * @param weights [features, targets] f32 - written   @param factor, solution scratch of the sizes of gram and moment, f64
 * @returns false, with `weights` untouched, when the matrix is not positive definite in float64 or the result not finite
 * Cost: features^3 / 6 + targets * features^2 multiply-adds. Allocates nothing.
 */
export function rlsSolve(
  gram: Float64Array,
  moment: Float64Array,
  ridge: number,
  weights: Float32Array,
  factor: Float64Array,
  solution: Float64Array,
): boolean {
  const features = Math.round((Math.sqrt(8 * gram.length + 1) - 1) / 2);
  const targets = moment.length / features;
  if (!factorise(gram, ridge, factor, features)) return false;
  solution.set(moment);
  for (let i = 0; i < features; i++) {
    const row = (i * (i + 1)) / 2;
    for (let k = 0; k < i; k++) subtractRow(solution, i, k, factor[row + k]!, targets);
    divideRow(solution, i, factor[row + i]!, targets);
  }
  for (let i = features - 1; i >= 0; i--) {
    for (let k = i + 1; k < features; k++) subtractRow(solution, i, k, factor[(k * (k + 1)) / 2 + i]!, targets);
    divideRow(solution, i, factor[(i * (i + 1)) / 2 + i]!, targets);
  }
  let sum = 0; // NaN and Infinity never leave a sum
  for (let i = 0; i < solution.length; i++) sum += Math.abs(solution[i]!);
  if (!(sum < 1e30)) return false;
  weights.set(solution);
  return true;
}

/** factor <- L with L L^T = gram + ridge I. */
function factorise(gram: Float64Array, ridge: number, factor: Float64Array, features: number): boolean {
  for (let i = 0; i < features; i++) {
    const row = (i * (i + 1)) / 2;
    for (let k = 0; k <= i; k++) {
      const other = (k * (k + 1)) / 2;
      let sum = gram[row + k]!;
      for (let n = 0; n < k; n++) sum -= factor[row + n]! * factor[other + n]!;
      if (k < i) factor[row + k] = sum / factor[other + k]!;
      else if (sum + ridge > 0) factor[row + i] = Math.sqrt(sum + ridge);
      else return false;
    }
  }
  return true;
}

function subtractRow(a: Float64Array, i: number, k: number, factor: number, targets: number): void {
  const to = i * targets;
  const from = k * targets;
  for (let j = 0; j < targets; j++) a[to + j]! -= factor * a[from + j]!;
}

function divideRow(a: Float64Array, i: number, divisor: number, targets: number): void {
  for (let j = i * targets; j < (i + 1) * targets; j++) a[j]! /= divisor;
}
