// Dense layer on one row: the loop where a step spends most of its time. Not a library: row-major weights as PyTorch
// stores nn.Linear, nothing else. Four rows run side by side so that each x is loaded once for four products; every
// row still adds its products in order of k, so the bits equal the plain two-loop form (matvec.test.ts).

/**
 * y = W x + bias, W row-major.
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
    let w0 = i * k;
    let w1 = w0 + k;
    let w2 = w1 + k;
    let w3 = w2 + k;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0; j < k; j++) {
      const xj = x[j]!;
      s0 += w[w0++]! * xj;
      s1 += w[w1++]! * xj;
      s2 += w[w2++]! * xj;
      s3 += w[w3++]! * xj;
    }
    y[i] = s0;
    y[i + 1] = s1;
    y[i + 2] = s2;
    y[i + 3] = s3;
    if (bias) {
      y[i] = s0 + bias[i]!;
      y[i + 1] = s1 + bias[i + 1]!;
      y[i + 2] = s2 + bias[i + 2]!;
      y[i + 3] = s3 + bias[i + 3]!;
    }
  }
  for (; i < m; i++) {
    const row = i * k;
    let sum = 0;
    for (let j = 0; j < k; j++) sum += w[row + j]! * x[j]!;
    y[i] = bias ? sum + bias[i]! : sum;
  }
}
