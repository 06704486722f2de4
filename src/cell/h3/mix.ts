// The two products of H3 on one row of q, k~ and v (rows of 3 dModel numbers): keys with values before the long memory, queries
// with what it gives. With headDim d > 1 they are an outer product and its contraction. Used by cell.ts and fft.ts.

/** k~ times v: products [heads, d, d] of row `at` of q, k~, v. */
export function h3Products(qkv: Float32Array, at: number, d: number, dModel: number, products: Float32Array): void {
  for (let lane = 0; lane < products.length; lane++) {
    const key = Math.floor(lane / d); // head * d + d1
    const value = Math.floor(key / d) * d + (lane % d);
    products[lane] = qkv[at + dModel + key]! * qkv[at + 2 * dModel + value]!;
  }
}

/** y of head h and value channel e = sum over key channels of q times what is recalled. Out channel e * heads + h, as upstream. */
export function h3Read(
  qkv: Float32Array,
  at: number,
  recalled: Float32Array,
  d: number,
  dModel: number,
  y: Float32Array,
): void {
  const heads = dModel / d;
  for (let head = 0; head < heads; head++) {
    for (let e = 0; e < d; e++) {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += qkv[at + head * d + c]! * recalled[(head * d + c) * d + e]!;
      y[e * heads + head] = sum;
    }
  }
}
