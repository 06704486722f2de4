// AssemblyScript: recurrences on a matrix a head, S [values, keys], for each row: gated linear attention and the gated delta
// rule. Plain twins: plain/{gla-step,gated-delta-step}.ts. Four rows of S go together, so that keys and queries are loaded once
// for four and four sums over the keys become one vector by six shuffles.
// What only decays would sink into subnormal numbers: where a row of input writes hardly anything, values below 1e-24 become 0;
// where it writes, they are lifted anyway and nothing is checked.

import { flush, loadTail, madd, nmadd, storeTail, sum, sums4 } from './lanes';

const QUIET: f32 = 1e-12;

/** Whether one of the absolute values is below QUIET. */
export function someQuiet(x: usize, n: i32): bool {
  const end = x + (<usize>(n & ~3) << 2);
  let least = f32x4.splat(Infinity as f32);
  for (; x < end; x += 16) least = f32x4.pmin(least, f32x4.abs(v128.load(x)));
  if (v128.any_true(f32x4.lt(least, f32x4.splat(QUIET)))) return true;
  for (let i = 0; i < (n & 3); i++) if (abs<f32>(load<f32>(x + (<usize>i << 2))) < QUIET) return true;
  return false;
}

/** value = decay * S + add * k, one vector. */
// @ts-ignore
@inline
function moved(S: v128, decay: v128, add: v128, k: v128, still: bool): v128 {
  const value = madd(add, k, f32x4.mul(decay, S));
  return still ? flush(value) : value;
}

/**
 * Four rows of S: S = S diag(decay) + add (outer) k; returns the four sums S q. `decay`: [n], or one value for all keys where
 * `alike`. Constant arguments make four functions of this one.
 */
// @ts-ignore
@inline
function writeFour(S: usize, decay: usize, add: v128, k: usize, q: usize, n: i32, alike: bool, still: bool): v128 {
  const stride = <usize>n << 2;
  let S1 = S + stride;
  let S2 = S1 + stride;
  let S3 = S2 + stride;
  const a0 = v128.shuffle<f32>(add, add, 0, 0, 0, 0);
  const a1 = v128.shuffle<f32>(add, add, 1, 1, 1, 1);
  const a2 = v128.shuffle<f32>(add, add, 2, 2, 2, 2);
  const a3 = v128.shuffle<f32>(add, add, 3, 3, 3, 3);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let kept = alike ? v128.load32_splat(decay) : s0;
  const end = S + (<usize>(n & ~3) << 2);
  for (; S < end; S += 16, S1 += 16, S2 += 16, S3 += 16, k += 16, q += 16) {
    const key = v128.load(k);
    const query = v128.load(q);
    if (!alike) {
      kept = v128.load(decay);
      decay += 16;
    }
    const v0 = moved(v128.load(S), kept, a0, key, still);
    const v1 = moved(v128.load(S1), kept, a1, key, still);
    const v2 = moved(v128.load(S2), kept, a2, key, still);
    const v3 = moved(v128.load(S3), kept, a3, key, still);
    v128.store(S, v0);
    v128.store(S1, v1);
    v128.store(S2, v2);
    v128.store(S3, v3);
    s0 = madd(v0, query, s0);
    s1 = madd(v1, query, s1);
    s2 = madd(v2, query, s2);
    s3 = madd(v3, query, s3);
  }
  const rest = n & 3;
  if (rest) {
    const last = alike ? kept : loadTail(decay, rest);
    s0 = writeTail(S, last, a0, k, q, s0, rest);
    s1 = writeTail(S1, last, a1, k, q, s1, rest);
    s2 = writeTail(S2, last, a2, k, q, s2, rest);
    s3 = writeTail(S3, last, a3, k, q, s3, rest);
  }
  return sums4(s0, s1, s2, s3);
}

/** The last one to three keys of a row of S; flushed always. */
function writeTail(S: usize, decay: v128, add: v128, k: usize, q: usize, sums: v128, rest: i32): v128 {
  const value = moved(loadTail(S, rest), decay, add, loadTail(k, rest), true);
  storeTail(S, value, rest);
  return madd(value, loadTail(q, rest), sums);
}

/** One row of S; flushed always. */
function writeOne(S: usize, decay: usize, add: f32, k: usize, q: usize, n: i32, alike: bool): f32 {
  const all = f32x4.splat(add);
  let sums = f32x4.splat(0);
  let kept = alike ? v128.load32_splat(decay) : sums;
  const end = S + (<usize>(n & ~3) << 2);
  for (; S < end; S += 16, k += 16, q += 16) {
    if (!alike) {
      kept = v128.load(decay);
      decay += 16;
    }
    const value = moved(v128.load(S), kept, all, v128.load(k), true);
    v128.store(S, value);
    sums = madd(value, v128.load(q), sums);
  }
  const rest = n & 3;
  if (rest) sums = writeTail(S, alike ? kept : loadTail(decay, rest), all, k, q, sums, rest);
  return sum(sums);
}

/** The sums S k of four rows of S. */
// @ts-ignore
@inline
export function recallFour(S: usize, k: usize, n: i32): v128 {
  const stride = <usize>n << 2;
  let S1 = S + stride;
  let S2 = S1 + stride;
  let S3 = S2 + stride;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = S + (<usize>(n & ~3) << 2);
  for (; S < end; S += 16, S1 += 16, S2 += 16, S3 += 16, k += 16) {
    const key = v128.load(k);
    s0 = madd(v128.load(S), key, s0);
    s1 = madd(v128.load(S1), key, s1);
    s2 = madd(v128.load(S2), key, s2);
    s3 = madd(v128.load(S3), key, s3);
  }
  const rest = n & 3;
  if (rest) {
    const key = loadTail(k, rest);
    s0 = madd(loadTail(S, rest), key, s0);
    s1 = madd(loadTail(S1, rest), key, s1);
    s2 = madd(loadTail(S2, rest), key, s2);
    s3 = madd(loadTail(S3, rest), key, s3);
  }
  return sums4(s0, s1, s2, s3);
}

export function recallOne(S: usize, k: usize, n: i32): f32 {
  let sums = f32x4.splat(0);
  const end = S + (<usize>(n & ~3) << 2);
  for (; S < end; S += 16, k += 16) sums = madd(v128.load(S), v128.load(k), sums);
  const rest = n & 3;
  if (rest) sums = madd(loadTail(S, rest), loadTail(k, rest), sums);
  return sum(sums);
}

// @ts-ignore
@inline
export function isQuiet(add: v128): bool {
  return v128.any_true(f32x4.lt(f32x4.abs(add), f32x4.splat(QUIET)));
}

/**
 * S = S diag(decay) + v (outer) k;  y = K^-1/2 S q, head by head.
 * @param S [heads, V, K] - mutated   @param decay, q, k [rows, heads, K]   @param v [rows, heads, V]
 * @param y [rows, heads, V] - written   @param K, V headKDim and headVDim
 */
export function glaStep(
  S: usize,
  decay: usize,
  q: usize,
  k: usize,
  v: usize,
  y: usize,
  heads: i32,
  K: i32,
  V: i32,
  rows: i32,
): void {
  const scale: f32 = <f32>1 / sqrt<f32>(<f32>K);
  const next = <usize>K << 2;
  for (let row = 0; row < rows; row++) {
    let state = S;
    for (let head = 0; head < heads; head++) {
      const faint = someQuiet(k, K);
      let j = 0;
      for (; j + 4 <= V; j += 4) {
        const add = v128.load(v);
        const sums =
          faint || isQuiet(add)
            ? writeFour(state, decay, add, k, q, K, false, true)
            : writeFour(state, decay, add, k, q, K, false, false);
        v128.store(y, f32x4.mul(f32x4.splat(scale), sums));
        state += next << 2;
        v += 16;
        y += 16;
      }
      for (; j < V; j++) {
        store<f32>(y, scale * writeOne(state, decay, load<f32>(v), k, q, K, false));
        state += next;
        v += 4;
        y += 4;
      }
      decay += next;
      q += next;
      k += next;
    }
  }
}

/**
 * S = decay S;  S += beta (v - S k) (outer) k;  y = K^-1/2 S q, value head by value head.
 * @param S [heads, V, K] - mutated   @param decay, beta [rows, heads]   @param q, k rows of `stride` values, [heads / shared, K]
 * @param v rows of `stride` values, [heads, V]   @param y [rows, heads, V] - written
 * @param shared value heads that read one key head   @param K, V headKDim and headVDim
 */
export function gatedDeltaStep(
  S: usize,
  decay: usize,
  beta: usize,
  q: usize,
  k: usize,
  v: usize,
  stride: i32,
  y: usize,
  heads: i32,
  shared: i32,
  K: i32,
  V: i32,
  rows: i32,
): void {
  const next = <usize>stride << 2;
  const width = (<usize>heads * <usize>V) << 2;
  for (let row = 0; row < rows; row++) {
    deltaRow(S, decay, beta, q, k, v, y, heads, shared, K, V);
    decay += <usize>heads << 2;
    beta += <usize>heads << 2;
    q += next;
    k += next;
    v += next;
    y += width;
  }
}

function deltaRow(
  S: usize,
  decay: usize,
  beta: usize,
  q: usize,
  k: usize,
  v: usize,
  y: usize,
  heads: i32,
  shared: i32,
  K: i32,
  V: i32,
): void {
  const scale: f32 = <f32>1 / sqrt<f32>(<f32>K);
  const next = <usize>K << 2;
  for (let head = 0; head < heads; head++) {
    const at = <usize>(head / shared) * next;
    const key = k + at;
    const query = q + at;
    const faint = someQuiet(key, K);
    const kept = v128.load32_splat(decay);
    const part = v128.load32_splat(beta);
    let j = 0;
    for (; j + 4 <= V; j += 4) {
      const add = f32x4.mul(part, nmadd(kept, recallFour(S, key, K), v128.load(v)));
      const sums =
        faint || isQuiet(add)
          ? writeFour(S, decay, add, key, query, K, true, true)
          : writeFour(S, decay, add, key, query, K, true, false);
      v128.store(y, f32x4.mul(f32x4.splat(scale), sums));
      S += next << 2;
      v += 16;
      y += 16;
    }
    for (; j < V; j++) {
      const add = load<f32>(beta) * (load<f32>(v) - load<f32>(decay) * recallOne(S, key, K));
      store<f32>(y, scale * writeOne(S, decay, add, key, query, K, true));
      S += next;
      v += 4;
      y += 4;
    }
    decay += 4;
    beta += 4;
  }
}
