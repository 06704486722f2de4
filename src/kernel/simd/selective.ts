// AssemblyScript: the selective scan of Mamba for each row. Plain twin: plain/selective-scan.ts. Every value of state has a decay
// of its own, so nearly all the time goes into 2^x: 20 of some 30 operations on four values. The state keeps its upstream
// layout, N values of a channel side by side. Flushed always: it costs less than asking.

import { exp2Below, silu } from './math';
import { flush, loadTail, madd, storeTail, sum } from './lanes';

/**
 * h = 2^(dt A) h + dt x (outer) B;  y = h . C + D x, channel by channel. A comes times log2(e).
 * @param h [channels, dState] - mutated   @param dt, x [rows, channels], dt >= 0   @param A [channels, dState], < 0
 * @param B, C rows of `stride` values, the first dState count   @param D [channels]   @param y [rows, channels] - written, not x
 */
export function selectiveStep(
  h: usize,
  dt: usize,
  A: usize,
  x: usize,
  B: usize,
  C: usize,
  stride: i32,
  D: usize,
  y: usize,
  channels: i32,
  dState: i32,
  rows: i32,
): void {
  const next = <usize>stride << 2;
  for (let row = 0; row < rows; row++) {
    oneRow(h, dt, A, x, B, C, D, y, channels, dState);
    const width = <usize>channels << 2;
    dt += width;
    x += width;
    y += width;
    B += next;
    C += next;
  }
}

function oneRow(
  h: usize,
  dt: usize,
  A: usize,
  x: usize,
  B: usize,
  C: usize,
  D: usize,
  y: usize,
  channels: i32,
  dState: i32,
): void {
  const end = x + (<usize>channels << 2);
  const whole = <usize>(dState & ~3) << 2;
  const rest = dState & 3;
  for (; x < end; x += 4, dt += 4, D += 4, y += 4) {
    const step = v128.load32_splat(dt);
    const drive = f32x4.mul(step, v128.load32_splat(x));
    const last = h + whole;
    let b = B;
    let c = C;
    let sums = f32x4.splat(0);
    for (; h < last; h += 16, A += 16, b += 16, c += 16) {
      const kept = f32x4.mul(exp2Below(f32x4.mul(step, v128.load(A))), v128.load(h));
      const value = flush(madd(drive, v128.load(b), kept));
      v128.store(h, value);
      sums = madd(value, v128.load(c), sums);
    }
    if (rest) {
      const kept = f32x4.mul(exp2Below(f32x4.mul(step, loadTail(A, rest))), loadTail(h, rest));
      const value = flush(madd(drive, loadTail(b, rest), kept));
      storeTail(h, value, rest);
      sums = madd(value, loadTail(c, rest), sums);
      h += <usize>rest << 2;
      A += <usize>rest << 2;
    }
    store<f32>(y, sum(sums) + load<f32>(D) * load<f32>(x));
  }
}

/** y *= silu(z). @param y [rows, n] - mutated   @param z rows of `stride` values, the first n count */
export function gateRows(y: usize, z: usize, stride: i32, n: i32, rows: i32): void {
  const rest = n & 3;
  const next = <usize>(stride - (n & ~3)) << 2;
  for (let row = 0; row < rows; row++) {
    const end = y + (<usize>(n & ~3) << 2);
    for (; y < end; y += 16, z += 16) v128.store(y, f32x4.mul(v128.load(y), silu(v128.load(z))));
    if (rest) {
      storeTail(y, f32x4.mul(loadTail(y, rest), silu(loadTail(z, rest))), rest);
      y += <usize>rest << 2;
    }
    z += next;
  }
}
