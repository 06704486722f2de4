// The butterflies of the FFT: one pass of the Stockham autosort algorithm for radix 2 and 4. A pass reads x, writes y
// and leaves its output in order, so no bit reversal is needed. The odd radices: fft-radix-odd.ts; who calls
// these and in which order: fft.ts.
//
// Pass of radix r with stride s over n = r * m * s values (decimation in frequency; Van Loan 1992, section 1.7):
//   y[q + s (r p + k)] = w^(p k s) * sum_j x[q + s (p + m j)] e^(-2 pi i j k / r),   w = e^(-2 pi i / n), p < m, q < s, k < r
// All arrays are interleaved (re, im) float64; `w` is the table of the n roots w^t. No allocation.

/** y[at] = (re, im) * w^turn. */
export function put(y: Float64Array, at: number, re: number, im: number, w: Float64Array, turn: number): void {
  const c = w[2 * turn]!;
  const s = w[2 * turn + 1]!;
  y[2 * at] = re * c - im * s;
  y[2 * at + 1] = re * s + im * c;
}

export function radix2(x: Float64Array, y: Float64Array, w: Float64Array, m: number, s: number): void {
  for (let p = 0; p < m; p++) {
    for (let q = 0; q < s; q++) {
      const a = 2 * (q + s * p);
      const b = a + 2 * s * m;
      const at = q + s * 2 * p;
      y[2 * at] = x[a]! + x[b]!;
      y[2 * at + 1] = x[a + 1]! + x[b + 1]!;
      put(y, at + s, x[a]! - x[b]!, x[a + 1]! - x[b + 1]!, w, p * s);
    }
  }
}

export function radix4(x: Float64Array, y: Float64Array, w: Float64Array, m: number, s: number): void {
  const hop = 2 * s * m;
  for (let p = 0; p < m; p++) {
    for (let q = 0; q < s; q++) {
      const a = 2 * (q + s * p);
      const ar = x[a]! + x[a + 2 * hop]!;
      const ai = x[a + 1]! + x[a + 1 + 2 * hop]!;
      const br = x[a]! - x[a + 2 * hop]!;
      const bi = x[a + 1]! - x[a + 1 + 2 * hop]!;
      const cr = x[a + hop]! + x[a + 3 * hop]!;
      const ci = x[a + 1 + hop]! + x[a + 1 + 3 * hop]!;
      const dr = x[a + hop]! - x[a + 3 * hop]!;
      const di = x[a + 1 + hop]! - x[a + 1 + 3 * hop]!;
      const at = q + s * 4 * p;
      y[2 * at] = ar + cr;
      y[2 * at + 1] = ai + ci;
      put(y, at + s, br + di, bi - dr, w, p * s);
      put(y, at + 2 * s, ar - cr, ai - ci, w, 2 * p * s);
      put(y, at + 3 * s, br - di, bi + dr, w, 3 * p * s);
    }
  }
}
