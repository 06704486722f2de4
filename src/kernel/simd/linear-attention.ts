// AssemblyScript: the recurrence of linear attention with a normaliser, for each row. Plain twin: plain/linear-attention-step.ts.
// Its sums never decay, so the state is float64, and so is the arithmetic here: two lanes of 64 bits. Both numerics round alike.

import { loadTail, storeTail } from './lanes';
import { exp } from './math';

/** phi(x) = elu(x) + 1: x + 1 above 0, e^x below. @param x, y [n], y may be x */
export function eluPlusOneInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, eluPlusOne(v128.load(x)));
  if (n > 0) storeTail(y, eluPlusOne(loadTail(x, n)), n);
}

// @ts-ignore
@inline
function eluPlusOne(x: v128): v128 {
  return v128.bitselect(f32x4.add(x, f32x4.splat(1)), exp(x), f32x4.gt(x, f32x4.splat(0)));
}

// @ts-ignore
@inline
function two(from: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(from));
}

// @ts-ignore
@inline
function total(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** sum += add * k, and that . q: one row of S, or z. @param sums [n] f64 - mutated   @param k, q [n] f32 */
function accumulate(sums: usize, add: f64, k: usize, q: usize, n: i32): f64 {
  const all = f64x2.splat(add);
  const end = sums + (<usize>(n & ~1) << 3);
  let dots = f64x2.splat(0);
  for (; sums < end; sums += 16, k += 8, q += 8) {
    const value = f64x2.add(v128.load(sums), f64x2.mul(all, two(k)));
    v128.store(sums, value);
    dots = f64x2.add(dots, f64x2.mul(value, two(q)));
  }
  let dot = total(dots);
  if (n & 1) {
    const value = load<f64>(sums) + add * <f64>load<f32>(k);
    store<f64>(sums, value);
    dot += value * <f64>load<f32>(q);
  }
  return dot;
}

/** Two rows of S beside each other, so that keys and queries are turned to float64 once for both. Writes two values of y. */
function accumulateTwo(S: usize, v: usize, k: usize, q: usize, norm: f64, y: usize, n: i32): void {
  let S1 = S + (<usize>n << 3);
  const a0 = f64x2.splat(<f64>load<f32>(v));
  const a1 = f64x2.splat(<f64>load<f32>(v, 4));
  const end = S + (<usize>(n & ~1) << 3);
  let d0 = f64x2.splat(0);
  let d1 = d0;
  for (; S < end; S += 16, S1 += 16, k += 8, q += 8) {
    const key = two(k);
    const query = two(q);
    const v0 = f64x2.add(v128.load(S), f64x2.mul(a0, key));
    const v1 = f64x2.add(v128.load(S1), f64x2.mul(a1, key));
    v128.store(S, v0);
    v128.store(S1, v1);
    d0 = f64x2.add(d0, f64x2.mul(v0, query));
    d1 = f64x2.add(d1, f64x2.mul(v1, query));
  }
  let dot0 = total(d0);
  let dot1 = total(d1);
  if (n & 1) {
    const key = <f64>load<f32>(k);
    const query = <f64>load<f32>(q);
    const v0 = load<f64>(S) + <f64>load<f32>(v) * key;
    const v1 = load<f64>(S1) + <f64>load<f32>(v, 4) * key;
    store<f64>(S, v0);
    store<f64>(S1, v1);
    dot0 += v0 * query;
    dot1 += v1 * query;
  }
  store<f32>(y, <f32>(dot0 / norm));
  store<f32>(y, <f32>(dot1 / norm), 4);
}

/**
 * S += v (outer) k;  z += k;  y = S q / (z . q + eps), head by head.
 * @param S [heads, V, K] f64, z [heads, K] f64 - mutated   @param q, k [rows, heads, K], after phi   @param v [rows, heads, V]
 * @param y [rows, heads, V] - written   @param K, V headKDim and headVDim
 */
export function linearAttentionStep(
  S: usize,
  z: usize,
  q: usize,
  k: usize,
  v: usize,
  y: usize,
  eps: f64,
  heads: i32,
  K: i32,
  V: i32,
  rows: i32,
): void {
  const next = <usize>K << 2;
  for (let row = 0; row < rows; row++) {
    let state = S;
    let keys = z;
    for (let head = 0; head < heads; head++) {
      const norm = eps + accumulate(keys, 1, k, q, K);
      let j = 0;
      for (; j + 2 <= V; j += 2) {
        accumulateTwo(state, v, k, q, norm, y, K);
        state += next << 2;
        v += 8;
        y += 8;
      }
      if (j < V) {
        store<f32>(y, <f32>(accumulate(state, <f64>load<f32>(v), k, q, K) / norm));
        state += next << 1;
        v += 4;
        y += 4;
      }
      keys += next << 1;
      q += next;
      k += next;
    }
  }
}
