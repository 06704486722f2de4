// One step of the WKV operator of RWKV-7 (Peng et al. 2025, 2503.14456, section 3): the delta rule. Before a row writes
// v under the key k, it takes away part a of what S holds under the unit key kk. Not diagonal: no elementwise scan.

/**
 * S = S diag(w) - (S kk) (outer) (kk * a) + v (outer) k;  y = S r, head by head.
 * @param S [heads, dim, dim] f32, rows are values, columns keys - mutated   @param w [heads, dim] f64, in (0, 1)
 * @param r, k, v [heads, dim] f32   @param kk, a [heads, dim] f64; kk of length 1 in every head (or 0)
 * @param y [heads, dim] f32 - written   @param dim width of a head
 * Cost: 9 heads * dim^2 + heads * dim flops. Allocates nothing. f64 arithmetic, f32 store.
 */
export function wkv7Step(
  S: Float32Array,
  w: Float64Array,
  r: Float32Array,
  k: Float32Array,
  v: Float32Array,
  kk: Float64Array,
  a: Float64Array,
  y: Float32Array,
  dim: number,
): void {
  for (let row = 0; row < y.length; row++) {
    const head = row - (row % dim);
    const start = row * dim - head; // S[start + i] is the column of channel i, for i from `head` on
    const value = v[row]!;
    let recalled = 0;
    for (let i = head; i < head + dim; i++) recalled += S[start + i]! * kk[i]!;
    let sum = 0;
    for (let i = head; i < head + dim; i++) {
      const next = w[i]! * S[start + i]! - recalled * kk[i]! * a[i]! + value * k[i]!;
      S[start + i] = next;
      sum += next * r[i]!;
    }
    y[row] = sum;
  }
}
