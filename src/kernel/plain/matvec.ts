// Dense layer on one row: the loop where a step spends most of its time. Not a library: row-major weights as PyTorch
// stores nn.Linear, nothing else. Four rows run side by side so that each x is loaded once for four products; every
// row still adds its products in order of k, so the bits equal the plain two-loop form (matvec.test.ts).

/**
 * y = bias + W x, W row-major.
 * @param w [m, k] f32   @param x [k] f32   @param y [m] f32 - written, must not alias x   @param bias [m] f32
 * Cost: m * k multiply-adds. Allocates nothing. f64 sums, f32 store.
 */
export function matvec(
  w: Float32Array,
  x: Float32Array,
  y: Float32Array,
  m: number,
  k: number,
  bias?: Float32Array,
): void {
  let i = 0;
  for (; i + 4 <= m; i += 4) {
    const row0 = i * k;
    const row1 = row0 + k;
    const row2 = row1 + k;
    const row3 = row2 + k;
    let sum0 = bias ? bias[i]! : 0;
    let sum1 = bias ? bias[i + 1]! : 0;
    let sum2 = bias ? bias[i + 2]! : 0;
    let sum3 = bias ? bias[i + 3]! : 0;
    for (let j = 0; j < k; j++) {
      const xj = x[j]!;
      sum0 += w[row0 + j]! * xj;
      sum1 += w[row1 + j]! * xj;
      sum2 += w[row2 + j]! * xj;
      sum3 += w[row3 + j]! * xj;
    }
    y[i] = sum0;
    y[i + 1] = sum1;
    y[i + 2] = sum2;
    y[i + 3] = sum3;
  }
  for (; i < m; i++) {
    const row = i * k;
    let sum = bias ? bias[i]! : 0;
    for (let j = 0; j < k; j++) sum += w[row + j]! * x[j]!;
    y[i] = sum;
  }
}
