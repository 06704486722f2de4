// AssemblyScript: vectors of complex values that lie as (re, im) pairs, read as two vectors of four and put back.

/** The low and the high half of `count` pairs (1 to 4) at `from`: zeros behind. Never read beyond them. */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
export function lowPairs(from: usize, count: i32): v128 {
  return count == 1 ? v128.load64_zero(from) : v128.load(from);
}

// @ts-ignore
@inline
export function highPairs(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from, 16);
  return count == 3 ? v128.load64_zero(from, 16) : f32x4.splat(0);
}

// @ts-ignore
@inline
export function reals(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(low, high, 0, 2, 4, 6);
}

// @ts-ignore
@inline
export function imags(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(low, high, 1, 3, 5, 7);
}

/** Writes the first `count` (1 to 4) pairs, nothing behind. */
// @ts-ignore
@inline
export function storePairs(to: usize, re: v128, im: v128, count: i32): void {
  const low = v128.shuffle<f32>(re, im, 0, 4, 1, 5);
  if (count == 1) {
    v128.store_lane<f64>(to, low, 0);
    return;
  }
  v128.store(to, low);
  if (count < 3) return;
  const high = v128.shuffle<f32>(re, im, 2, 6, 3, 7);
  if (count == 3) v128.store_lane<f64>(to, high, 0, 16);
  else v128.store(to, high, 16);
}
