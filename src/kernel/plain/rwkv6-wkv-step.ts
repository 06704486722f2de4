// One step of the WKV operator of RWKV-6 (Peng et al. 2024, 2404.05892, section 4): a matrix of outer products a head,
// every key channel with a decay of its own that changes from row to row. A row is read before it decays anything, and
// sees its own product by the bonus u. flash-linear-attention's RWKV6 scales by keyDim^-1/2; RWKV-LM and this do not.

export interface Wkv6Sizes {
  readonly heads: number;
  readonly keyDim: number;
  readonly valueDim: number;
}

/**
 * y = r (S + (u * k) (outer) v);  S = diag(w) S + k (outer) v, head by head.
 * @param S [heads, keyDim, valueDim] f32 - mutated   @param w [heads, keyDim] f64, in [0, 1]: factors, not logs
 * @param r, u, k [heads, keyDim] f32   @param v [heads, valueDim] f32   @param y [heads, valueDim] f32 - written
 * Cost: heads * keyDim * (5 valueDim + 3) flops. Allocates nothing. f64 arithmetic, f32 store.
 */
export function wkv6Step(
  S: Float32Array,
  w: Float64Array,
  u: Float32Array,
  r: Float32Array,
  k: Float32Array,
  v: Float32Array,
  y: Float32Array,
  sizes: Wkv6Sizes,
): void {
  const { heads, keyDim, valueDim } = sizes;
  for (let head = 0; head < heads; head++) {
    const keys = head * keyDim;
    let bonus = 0;
    for (let i = keys; i < keys + keyDim; i++) bonus += r[i]! * u[i]! * k[i]!;
    for (let j = 0; j < valueDim; j++) {
      const value = v[head * valueDim + j]!;
      let sum = bonus * value;
      let at = keys * valueDim + j;
      for (let i = keys; i < keys + keyDim; i++) {
        const held = S[at]!;
        sum += r[i]! * held;
        S[at] = w[i]! * held + k[i]! * value;
        at += valueDim;
      }
      y[head * valueDim + j] = sum;
    }
  }
}
