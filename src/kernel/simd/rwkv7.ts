// AssemblyScript: RWKV-7, time mixing around its dense layers, and the token shift, for each row. Plain twins:
// plain/{rwkv-token-shift,rwkv7-wkv-step,group-norm}.ts; equations: cell/rwkv7/cell.ts. The recurrence is a delta rule on a matrix
// a head, in four rows at a time as in matrix-state.ts.

import { flush, loadTail, madd, nmadd, storeTail, sum, sums4 } from './lanes';
import { recallFour, recallOne, someQuiet, isQuiet } from './matrix-state';
import { exp, sigmoid } from './math';

/** e^(-1/2): the fastest log decay of a row. */
const FASTEST: f32 = 0.60653066;

/** Up to four of the `left` values at `from`, zeros behind. */
// @ts-ignore
@inline
function take(from: usize, left: i32): v128 {
  return left >= 4 ? v128.load(from) : loadTail(from, left);
}

// @ts-ignore
@inline
function put(to: usize, value: v128, left: i32): void {
  if (left >= 4) v128.store(to, value);
  else storeTail(to, value, left);
}

/**
 * y = x + mix (previous row - x).
 * @param shift [n], the row before the first   @param x rows of `stride` values, the first n count   @param mix [n]
 * @param y [rows, n] - written
 */
export function tokenShift(shift: usize, x: usize, stride: i32, mix: usize, y: usize, n: i32, rows: i32): void {
  let before = shift;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i += 4) {
      const at = <usize>i << 2;
      const here = take(x + at, n - i);
      const moved = f32x4.sub(take(before + at, n - i), here);
      put(y + at, madd(take(mix + at, n - i), moved, here), n - i);
    }
    before = x;
    x += <usize>stride << 2;
    y += <usize>n << 2;
  }
}

/** y = max(x, 0)^2. @param x, y [n], y may be x */
export function reluSquareInto(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4, x += 16, y += 16) {
    const positive = f32x4.max(take(x, n - i), f32x4.splat(0));
    put(y, f32x4.mul(positive, positive), n - i);
  }
}

/** v += sigmoid(share) (first - v). @param v, share [rows, n]   @param first rows of `stride` values, the first n count */
export function rwkv7Blend(v: usize, share: usize, first: usize, stride: i32, n: i32, rows: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i += 4) {
      const at = <usize>i << 2;
      const own = take(v + at, n - i);
      put(v + at, madd(sigmoid(take(share + at, n - i)), f32x4.sub(take(first + at, n - i), own), own), n - i);
    }
    v += <usize>n << 2;
    share += <usize>n << 2;
    first += <usize>stride << 2;
  }
}

/**
 * From projections to what the state takes: w = exp(-FASTEST sigmoid(w)); kk = k keyErase, each head to length 1;
 * erase = kk sigmoid(erase); k = k (1 + (sigmoid(erase) - 1) keyWrite).
 * @param w, erase, k [rows, n] - mutated   @param keyErase, keyWrite [n]   @param kk [rows, n] - written   @param dim of a head
 */
export function rwkv7Prepare(
  w: usize,
  erase: usize,
  k: usize,
  keyErase: usize,
  keyWrite: usize,
  kk: usize,
  dim: i32,
  n: i32,
  rows: i32,
): void {
  const one = f32x4.splat(1);
  for (let head = 0; head < rows * n; head += dim) {
    const weights = <usize>(head % n) << 2;
    let squares = f32x4.splat(0);
    for (let i = 0; i < dim; i += 4) {
      const at = <usize>(head + i) << 2;
      const key = f32x4.mul(take(k + at, dim - i), take(keyErase + weights + (<usize>i << 2), dim - i));
      put(kk + at, key, dim - i);
      squares = madd(key, key, squares);
    }
    const scale = f32x4.splat(<f32>1 / max<f32>(1e-12, sqrt<f32>(sum(squares))));
    for (let i = 0; i < dim; i += 4) {
      const at = <usize>(head + i) << 2;
      const left = dim - i;
      const rate = sigmoid(take(erase + at, left));
      const unit = f32x4.mul(take(kk + at, left), scale);
      const share = madd(f32x4.sub(rate, one), take(keyWrite + weights + (<usize>i << 2), left), one);
      put(w + at, exp(f32x4.mul(f32x4.splat(-FASTEST), sigmoid(take(w + at, left)))), left);
      put(kk + at, unit, left);
      put(erase + at, f32x4.mul(unit, rate), left);
      put(k + at, f32x4.mul(take(k + at, left), share), left);
    }
  }
}

/** S w - recalled erase + v k, one vector. */
// @ts-ignore
@inline
function moved(S: v128, w: v128, recalled: v128, erase: v128, v: v128, k: v128, still: bool): v128 {
  const value = madd(v, k, nmadd(recalled, erase, f32x4.mul(w, S)));
  return still ? flush(value) : value;
}

/** Four rows of S; returns their sums S r. */
// @ts-ignore
@inline
function writeFour(
  S: usize,
  w: usize,
  recalled: v128,
  erase: usize,
  v: v128,
  k: usize,
  r: usize,
  n: i32,
  still: bool,
): v128 {
  const stride = <usize>n << 2;
  let S1 = S + stride;
  let S2 = S1 + stride;
  let S3 = S2 + stride;
  const c0 = v128.shuffle<f32>(recalled, recalled, 0, 0, 0, 0), v0 = v128.shuffle<f32>(v, v, 0, 0, 0, 0);
  const c1 = v128.shuffle<f32>(recalled, recalled, 1, 1, 1, 1), v1 = v128.shuffle<f32>(v, v, 1, 1, 1, 1);
  const c2 = v128.shuffle<f32>(recalled, recalled, 2, 2, 2, 2), v2 = v128.shuffle<f32>(v, v, 2, 2, 2, 2);
  const c3 = v128.shuffle<f32>(recalled, recalled, 3, 3, 3, 3), v3 = v128.shuffle<f32>(v, v, 3, 3, 3, 3);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let left = n; left >= 4; left -= 4) {
    const kept = v128.load(w);
    const gone = v128.load(erase);
    const key = v128.load(k);
    const query = v128.load(r);
    const t0 = moved(v128.load(S), kept, c0, gone, v0, key, still);
    const t1 = moved(v128.load(S1), kept, c1, gone, v1, key, still);
    const t2 = moved(v128.load(S2), kept, c2, gone, v2, key, still);
    const t3 = moved(v128.load(S3), kept, c3, gone, v3, key, still);
    v128.store(S, t0);
    v128.store(S1, t1);
    v128.store(S2, t2);
    v128.store(S3, t3);
    s0 = madd(t0, query, s0);
    s1 = madd(t1, query, s1);
    s2 = madd(t2, query, s2);
    s3 = madd(t3, query, s3);
    S += 16;
    S1 += 16;
    S2 += 16;
    S3 += 16;
    w += 16;
    erase += 16;
    k += 16;
    r += 16;
  }
  return sums4(s0, s1, s2, s3);
}

/** One row of S of any width, flushed always; returns its sum S r. */
function writeOne(S: usize, w: usize, recalled: f32, erase: usize, v: f32, k: usize, r: usize, n: i32): f32 {
  const taken = f32x4.splat(recalled);
  const given = f32x4.splat(v);
  let sums = f32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    const at = <usize>i << 2;
    const left = n - i;
    const value = moved(take(S + at, left), take(w + at, left), taken, take(erase + at, left), given, take(k + at, left), true);
    put(S + at, value, left);
    sums = madd(value, take(r + at, left), sums);
  }
  return sum(sums);
}

/**
 * S = S diag(w) - (S kk) (outer) erase + v (outer) k;  y = S r, head by head.
 * @param S [n / dim, dim, dim] - mutated   @param w, r, k, v, kk, erase [rows, n]   @param y [rows, n] - written
 */
export function rwkv7Step(
  S: usize,
  w: usize,
  r: usize,
  k: usize,
  v: usize,
  kk: usize,
  erase: usize,
  y: usize,
  dim: i32,
  n: i32,
  rows: i32,
): void {
  const next = <usize>dim << 2;
  const whole = dim & 3 ? 0 : dim; // four rows at a time where no row is ragged
  for (let row = 0; row < rows; row++) {
    let state = S;
    for (let head = 0; head < n; head += dim) {
      const faint = someQuiet(k, dim);
      for (let j = 0; j < whole; j += 4) {
        const given = v128.load(v);
        const recalled = recallFour(state, kk, dim);
        const sums =
          faint || isQuiet(given)
            ? writeFour(state, w, recalled, erase, given, k, r, dim, true)
            : writeFour(state, w, recalled, erase, given, k, r, dim, false);
        v128.store(y, sums);
        state += next << 2;
        v += 16;
        y += 16;
      }
      for (let j = whole; j < dim; j++) {
        store<f32>(y, writeOne(state, w, recallOne(state, kk, dim), erase, load<f32>(v), k, r, dim));
        state += next;
        v += 4;
        y += 4;
      }
      w += next;
      r += next;
      k += next;
      kk += next;
      erase += next;
    }
  }
}

/**
 * y = ((y - mean) / sqrt(variance + eps) weight + bias + (r . bonus k) v) gate, each head by itself.
 * @param y [rows, n] - mutated   @param r, k, v, gate [rows, n]   @param bonus, weight, bias [n]   @param dim of a head
 */
export function rwkv7Finish(
  y: usize,
  r: usize,
  k: usize,
  v: usize,
  gate: usize,
  bonus: usize,
  weight: usize,
  bias: usize,
  eps: f32,
  dim: i32,
  n: i32,
  rows: i32,
): void {
  for (let head = 0; head < rows * n; head += dim) {
    const weights = <usize>(head % n) << 2;
    const start = <usize>head << 2;
    const mean = f32x4.splat(sumOf(y + start, dim) / <f32>dim);
    let squares = f32x4.splat(0);
    let own = f32x4.splat(0);
    for (let i = 0; i < dim; i += 4) {
      const at = start + (<usize>i << 2);
      const left = dim - i;
      const centred = f32x4.sub(take(y + at, left), mean);
      put(y + at, centred, left);
      const kept = left >= 4 ? centred : loadTail(y + at, left); // zeros behind
      squares = madd(kept, kept, squares);
      own = madd(f32x4.mul(take(r + at, left), take(bonus + weights + (<usize>i << 2), left)), take(k + at, left), own);
    }
    const scale = f32x4.splat(<f32>1 / sqrt<f32>(sum(squares) / <f32>dim + eps));
    const self = f32x4.splat(sum(own));
    for (let i = 0; i < dim; i += 4) {
      const at = start + (<usize>i << 2);
      const offset = weights + (<usize>i << 2);
      const left = dim - i;
      const normed = madd(f32x4.mul(take(y + at, left), scale), take(weight + offset, left), take(bias + offset, left));
      put(y + at, f32x4.mul(madd(self, take(v + at, left), normed), take(gate + at, left)), left);
    }
  }
}

function sumOf(x: usize, n: i32): f32 {
  let total = f32x4.splat(0);
  for (let i = 0; i < n; i += 4) total = f32x4.add(total, take(x + (<usize>i << 2), n - i));
  return sum(total);
}
