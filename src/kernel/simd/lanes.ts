// AssemblyScript: what every kernel in this folder shares. Sums and products of four float32 lanes, and the one place where
// `portable` and `relaxed` differ: a multiply-add that rounds twice, or once where the engine fuses it.
// Addresses are bytes in the kernel memory; n, m, k and strides are float32 values, never bytes.

/** c + a * b, lane by lane. Compiled twice: with `--enable relaxed-simd` it may be fused, and is another numerics. */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** c - a * b, lane by lane, rounded as `madd` is. */
// @ts-ignore
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** Lanes added as (0 + 2) + (1 + 3): the order of `sums4`, so that one row alone has the bits of four side by side. */
// @ts-ignore
@inline
export function sum(a: v128): f32 {
  const pairs = f32x4.add(a, i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** [sum(a), sum(b), sum(c), sum(d)]: six shuffles and three additions instead of twelve extractions. */
// @ts-ignore
@inline
export function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The first `count` (1 to 3) values at `from`, zeros behind. Never reads beyond them. */
// @ts-ignore
@inline
export function loadTail(from: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(from);
  const two = v128.load64_zero(from);
  return count == 2 ? two : v128.load_lane<f32>(from, two, 2, 8);
}

/** Writes the first `count` (1 to 3) lanes, nothing behind. */
// @ts-ignore
@inline
export function storeTail(to: usize, value: v128, count: i32): void {
  if (count == 1) {
    v128.store_lane<f32>(to, value, 0);
    return;
  }
  v128.store_lane<f64>(to, value, 0);
  if (count == 3) v128.store_lane<f32>(to, value, 2, 8);
}

/**
 * |v| < 1e-24 becomes 0: for states that only decay. A subnormal number costs a processor some 150 cycles, and silence must not
 * cost more than speech; no model tells 1e-24 from 0.
 */
// @ts-ignore
@inline
export function flush(v: v128): v128 {
  return v128.and(v, f32x4.ge(f32x4.abs(v), f32x4.splat(<f32>1e-24)));
}

/** Of n values, in four lanes added at the end. */
// @ts-ignore
@inline
export function sumOfSquares(x: usize, n: i32): f32 {
  const end = x + (<usize>(n & ~3) << 2);
  let squares = f32x4.splat(0);
  for (; x < end; x += 16) {
    const v = v128.load(x);
    squares = madd(v, v, squares);
  }
  if (n & 3) {
    const v = loadTail(x, n & 3);
    squares = madd(v, v, squares);
  }
  return sum(squares);
}
