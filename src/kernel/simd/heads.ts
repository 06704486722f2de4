// AssemblyScript: what the matrix-state cells (gated delta rule, gated linear attention, RWKV-7) do to the heads of a row before
// and after their recurrence. Plain twins: plain/{gated-delta-normalise,norm-then-gate,group-norm}.ts.

import { loadTail, storeTail, sumOfSquares } from './lanes';
import { exp, sigmoid, silu, softplus } from './math';

/** x /= sqrt(sum of the head's squares + eps), head by head. @param x rows of `stride` values, the first heads * n - mutated */
export function unitHeads(x: usize, stride: i32, heads: i32, n: i32, eps: f32, rows: i32): void {
  const rest = n & 3;
  const gap = <usize>(stride - heads * n) << 2;
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const scale = f32x4.splat(<f32>1 / sqrt<f32>(sumOfSquares(x, n) + eps));
      const end = x + (<usize>(n & ~3) << 2);
      for (; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), scale));
      if (rest) {
        storeTail(x, f32x4.mul(loadTail(x, rest), scale), rest);
        x += <usize>rest << 2;
      }
    }
    x += gap;
  }
}

/**
 * y = y / sqrt(mean of the head's squares + eps) * weight * silu(gate), head by head: the norm first, then the gate.
 * @param y [rows, heads, n] - mutated   @param gate rows of `stride` values, the first heads * n   @param weight [n]
 */
export function normThenGate(
  y: usize,
  gate: usize,
  stride: i32,
  weight: usize,
  heads: i32,
  n: i32,
  eps: f32,
  rows: i32,
): void {
  const rest = n & 3;
  const gap = <usize>(stride - heads * n) << 2;
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const scale = f32x4.splat(<f32>1 / sqrt<f32>(sumOfSquares(y, n) / <f32>n + eps));
      const end = y + (<usize>(n & ~3) << 2);
      let w = weight;
      for (; y < end; y += 16, gate += 16, w += 16) {
        const normed = f32x4.mul(f32x4.mul(v128.load(y), scale), v128.load(w));
        v128.store(y, f32x4.mul(normed, silu(v128.load(gate))));
      }
      if (rest) {
        const normed = f32x4.mul(f32x4.mul(loadTail(y, rest), scale), loadTail(w, rest));
        storeTail(y, f32x4.mul(normed, silu(loadTail(gate, rest))), rest);
        y += <usize>rest << 2;
        gate += <usize>rest << 2;
      }
    }
    gate += gap;
  }
}

/** y = scale * sigmoid(x). @param x rows of `stride` values, the first n count   @param y [rows, n] - written */
export function sigmoidRows(x: usize, stride: i32, scale: f32, y: usize, n: i32, rows: i32): void {
  const rest = n & 3;
  const whole = <usize>(n & ~3) << 2;
  const factor = f32x4.splat(scale);
  for (let row = 0; row < rows; row++) {
    for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, f32x4.mul(factor, sigmoid(v128.load(x + at))));
    if (rest) storeTail(y + whole, f32x4.mul(factor, sigmoid(loadTail(x + whole, rest))), rest);
    x += <usize>stride << 2;
    y += <usize>n << 2;
  }
}

/** y = sigmoid(x)^power as e^(-power softplus(-x)): a decay close to 1 keeps its digits. @param x, y [n], y may be x */
export function sigmoidPowerInto(x: usize, power: f32, y: usize, n: i32): void {
  const minus = f32x4.splat(-power);
  for (; n >= 4; n -= 4, x += 16, y += 16) {
    v128.store(y, exp(f32x4.mul(minus, softplus(f32x4.neg(v128.load(x))))));
  }
  if (n > 0) storeTail(y, exp(f32x4.mul(minus, softplus(f32x4.neg(loadTail(x, n))))), n);
}
