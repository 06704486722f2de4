// AssemblyScript: what an attention cell does with a row before it attends: rotate its heads (plain/rope.ts), and keep it in
// the ring, as it is or in int8 (plain/quantise-int8.ts).

import { loadTail, madd, nmadd, storeTail } from './lanes';

/**
 * (a, b) -> (a cos - b sin, b cos + a sin) for the pairs (i, i + pairs) at the beginning of each head.
 * @param x [heads, headDim] - mutated   @param rotation [2, pairs] cosines, then sines
 */
export function rotateHeads(x: usize, rotation: usize, heads: i32, headDim: i32, pairs: i32): void {
  const half = <usize>pairs << 2;
  for (let head = 0; head < heads; head++, x += <usize>headDim << 2) {
    let at = x;
    let turn = rotation;
    let left = pairs;
    for (; left >= 4; left -= 4, at += 16, turn += 16) {
      const a = v128.load(at), b = v128.load(at + half), c = v128.load(turn), s = v128.load(turn + half);
      v128.store(at, nmadd(b, s, f32x4.mul(a, c)));
      v128.store(at + half, madd(a, s, f32x4.mul(b, c)));
    }
    if (left > 0) {
      const a = loadTail(at, left), b = loadTail(at + half, left);
      const c = loadTail(turn, left), s = loadTail(turn + half, left);
      storeTail(at, nmadd(b, s, f32x4.mul(a, c)), left);
      storeTail(at + half, madd(a, s, f32x4.mul(b, c)), left);
    }
  }
}

/** y = x. @param x, y [n] */
export function copyInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, v128.load(x));
  if (n > 0) storeTail(y, loadTail(x, n), n);
}

/** y_n = row slots[n] of x, n < count. @param x [.., width]   @param slots [count] u32   @param y [count, width] */
export function gatherRows(x: usize, slots: usize, y: usize, count: i32, width: i32): void {
  const bytes = <usize>width << 2;
  for (; count > 0; count--, slots += 4, y += bytes) copyInto(x + <usize>load<u32>(slots) * bytes, y, width);
}

/**
 * Each head as round(x / scale), clipped to +-127, halves to even, with scale = max|x| / 127 (1 where that is 0).
 * @param x [heads, headDim], headDim a multiple of 4   @param y [heads, headDim] int8   @param scales [heads]
 */
export function quantiseHeads(x: usize, y: usize, scales: usize, heads: i32, headDim: i32): void {
  const least = f32x4.splat(-127), most = f32x4.splat(127);
  for (let head = 0; head < heads; head++, scales += 4) {
    const end = x + (<usize>headDim << 2);
    let peak = f32x4.splat(0);
    for (let at = x; at < end; at += 16) peak = f32x4.pmax(peak, f32x4.abs(v128.load(at)));
    const pairs = f32x4.pmax(peak, v128.shuffle<f32>(peak, peak, 2, 3, 0, 1));
    const exact: f32 = max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1)) / 127;
    const scale: f32 = exact > 0 ? exact : 1;
    store<f32>(scales, scale);
    const by = f32x4.splat(scale);
    for (; x < end; x += 16, y += 4) {
      const whole = f32x4.nearest(f32x4.div(v128.load(x), by));
      const words = i32x4.trunc_sat_f32x4_s(f32x4.pmin(f32x4.pmax(whole, least), most));
      const halves = i16x8.narrow_i32x4_s(words, words);
      v128.store_lane<i32>(y, i8x16.narrow_i16x8_s(halves, halves), 0);
    }
  }
}
