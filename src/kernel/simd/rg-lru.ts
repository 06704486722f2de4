// AssemblyScript: the gates and the recurrence of Griffin's RG-LRU for each row. Plain twins: plain/{rg-lru-gate,
// rg-lru-coefficients}.ts. The decay a of a row is often 1 - 1e-4, where float32 has few digits left of 1 - a; so a - 1 is what
// is computed (expMinusOne) and h moves by (a - 1) h + b.

import { flush, loadTail, madd, storeTail } from './lanes';
import { expMinusOne, sigmoid } from './math';
import { matmul } from './matmul';

/**
 * A block-diagonal layer: y = bias + W x, block by block.
 * @param w [heads] of panels of [width, width], each as `matmul` takes them   @param bias [heads, ceil(width / 8) * 8]
 * @param x, y [rows, heads, width]
 */
export function blocksMatmul(w: usize, bias: usize, x: usize, y: usize, heads: i32, width: i32, rows: i32): void {
  const outputs = <usize>((width + 7) & ~7) << 2;
  const panels = outputs * <usize>width;
  const next = <usize>width << 2;
  for (let row = 0; row < rows; row++) {
    let weights = w;
    let shift = bias;
    for (let head = 0; head < heads; head++) {
      matmul(weights, shift, x, y, width, width, 1);
      weights += panels;
      shift += outputs;
      x += next;
      y += next;
    }
  }
}

/**
 * log a = -sigmoid(r) rate;  h = a h + sqrt(1 - a^2) sigmoid(i) u, on a stream's first row h = sigmoid(i) u;  y = h gate.
 * @param h [n] - mutated   @param started u32 [1] - 1 afterwards   @param r, i, u, gate [rows, n]   @param rate [n]
 * @param y [rows, n] - written, may be any of the four
 */
export function rgLruStep(
  h: usize,
  started: usize,
  r: usize,
  i: usize,
  u: usize,
  rate: usize,
  gate: usize,
  y: usize,
  n: i32,
  rows: i32,
): void {
  const whole = <usize>(n & ~3) << 2;
  const rest = n & 3;
  for (let row = 0; row < rows; row++) {
    const first: bool = load<u32>(started) == 0;
    for (let at: usize = 0; at < whole; at += 16) {
      const input = f32x4.mul(sigmoid(v128.load(i + at)), v128.load(u + at));
      const next = advance(v128.load(h + at), v128.load(r + at), v128.load(rate + at), input, first);
      v128.store(h + at, next);
      v128.store(y + at, f32x4.mul(next, v128.load(gate + at)));
    }
    if (rest) {
      const input = f32x4.mul(sigmoid(loadTail(i + whole, rest)), loadTail(u + whole, rest));
      const next = advance(
        loadTail(h + whole, rest),
        loadTail(r + whole, rest),
        loadTail(rate + whole, rest),
        input,
        first,
      );
      storeTail(h + whole, next, rest);
      storeTail(y + whole, f32x4.mul(next, loadTail(gate + whole, rest)), rest);
    }
    store<u32>(started, 1);
    const width = <usize>n << 2;
    r += width;
    i += width;
    u += width;
    gate += width;
    y += width;
  }
}

// @ts-ignore
@inline
function advance(h: v128, r: v128, rate: v128, input: v128, first: bool): v128 {
  if (first) return flush(input);
  const logA = f32x4.neg(f32x4.mul(sigmoid(r), rate));
  const lost = expMinusOne(f32x4.pmax(logA, f32x4.splat(-80))); // a - 1
  const power = f32x4.neg(f32x4.mul(lost, f32x4.add(lost, f32x4.splat(2)))); // 1 - a^2
  const b = f32x4.mul(f32x4.sqrt(power), input);
  return flush(f32x4.add(h, madd(lost, h, b)));
}
