// Dense layer on many rows at once, for scans in chunks: each weight is loaded and widened once for two rows. Not for a
// step (matvec.ts). Every sum adds its products in order of k, as matvec does, so the bits are those of matvec row by row.

/**
 * y_t = bias + W x_t for t < rows, W row-major.
 * @param w [m, k] f32   @param x [rows, k] f32   @param y [rows, m] f32 - written, must not alias x   @param bias [m] f32
 * Cost: rows * m * k multiply-adds. Allocates nothing. f64 sums, f32 store.
 */
export function matmulRows(
  w: Float32Array,
  x: Float32Array,
  y: Float32Array,
  rows: number,
  m: number,
  k: number,
  bias?: Float32Array,
): void {
  let t = 0;
  for (; t + 2 <= rows; t += 2) {
    const x0 = t * k;
    const x1 = x0 + k;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      const w0 = i * k;
      const w1 = w0 + k;
      const w2 = w1 + k;
      const w3 = w2 + k;
      let a0 = bias?.[i] ?? 0;
      let a1 = bias?.[i + 1] ?? 0;
      let a2 = bias?.[i + 2] ?? 0;
      let a3 = bias?.[i + 3] ?? 0;
      let b0 = a0;
      let b1 = a1;
      let b2 = a2;
      let b3 = a3;
      for (let j = 0; j < k; j++) {
        const p = x[x0 + j]!;
        const q = x[x1 + j]!;
        const v0 = w[w0 + j]!;
        const v1 = w[w1 + j]!;
        const v2 = w[w2 + j]!;
        const v3 = w[w3 + j]!;
        a0 += v0 * p;
        b0 += v0 * q;
        a1 += v1 * p;
        b1 += v1 * q;
        a2 += v2 * p;
        b2 += v2 * q;
        a3 += v3 * p;
        b3 += v3 * q;
      }
      const to = t * m + i;
      y[to] = a0;
      y[to + 1] = a1;
      y[to + 2] = a2;
      y[to + 3] = a3;
      y[to + m] = b0;
      y[to + m + 1] = b1;
      y[to + m + 2] = b2;
      y[to + m + 3] = b3;
    }
    for (; i < m; i++) {
      y[t * m + i] = dot(w, i * k, x, x0, k, bias?.[i] ?? 0);
      y[t * m + m + i] = dot(w, i * k, x, x1, k, bias?.[i] ?? 0);
    }
  }
  if (t === rows) return;
  for (let i = 0; i < m; i++) y[t * m + i] = dot(w, i * k, x, t * k, k, bias?.[i] ?? 0);
}

function dot(w: Float32Array, from: number, x: Float32Array, at: number, k: number, start: number): number {
  let sum = start;
  for (let j = 0; j < k; j++) sum += w[from + j]! * x[at + j]!;
  return sum;
}
