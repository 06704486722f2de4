// The inner loop of scores: a dot product as two sums that need not wait for each other.

/** a[from..] . b[start..] over an even `length`. f32 in, f64 sums. Allocates nothing. */
export function dotPairs(a: Float32Array, from: number, b: Float32Array, start: number, length: number): number {
  let even = 0;
  let odd = 0;
  for (let i = 0; i < length; i += 2) {
    even += a[from + i]! * b[start + i]!;
    odd += a[from + i + 1]! * b[start + i + 1]!;
  }
  return even + odd;
}
