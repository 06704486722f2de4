// AssemblyScript: the step of the state-space dual recurrence of Mamba-2 for each row. Plain twin: plain/ssd-step.ts. The state
// keeps its upstream layout, N values of a channel side by side: four channels go together, so that B and C are loaded once
// for four and their four sums over N are turned into one vector by six shuffles.
// A state that only decays would sink into subnormal numbers, which cost a processor some 150 cycles each. Where a row
// drives hardly anything, values below 1e-24 become 0; where it drives, they are lifted anyway and nothing is checked.

import { flush, loadTail, madd, storeTail, sum, sums4 } from './lanes';
import { exp, softplus } from './math';

const QUIET: f32 = 1e-12;

/**
 * dt = clamp(softplus(raw + bias), low, high) and decay = exp(dt A), four heads at a time.
 * @param raw rows of `stride` values, the first `heads` count   @param bias, A [heads]   @param dt, decay [rows, heads] - written
 */
export function ssdDt(
  raw: usize,
  stride: i32,
  bias: usize,
  A: usize,
  low: f32,
  high: f32,
  dt: usize,
  decay: usize,
  heads: i32,
  rows: i32,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < heads; j += 4) {
      const at = <usize>j << 2;
      const left = heads - j;
      const value = left >= 4 ? v128.load(raw + at) : loadTail(raw + at, left);
      const shift = left >= 4 ? v128.load(bias + at) : loadTail(bias + at, left);
      const rate = left >= 4 ? v128.load(A + at) : loadTail(A + at, left);
      const step = f32x4.min(f32x4.max(softplus(f32x4.add(value, shift)), lows), highs);
      const kept = exp(f32x4.mul(step, rate));
      if (left >= 4) {
        v128.store(dt + at, step);
        v128.store(decay + at, kept);
      } else {
        storeTail(dt + at, step, left);
        storeTail(decay + at, kept, left);
      }
    }
    raw += <usize>stride << 2;
    dt += <usize>heads << 2;
    decay += <usize>heads << 2;
  }
}

/**
 * h = decay h + dt x (outer) B;  y = h . C + D x, head by head.
 * @param h [heads, headDim, dState] - mutated   @param dt, decay [rows, heads]
 * @param x, B, C rows of `stride` values: [heads * headDim], [groups * dState] twice   @param D [heads]
 * @param y [rows, heads * headDim] - written
 */
export function ssdStep(
  h: usize,
  dt: usize,
  decay: usize,
  x: usize,
  B: usize,
  C: usize,
  stride: i32,
  D: usize,
  y: usize,
  heads: i32,
  headDim: i32,
  dState: i32,
  groups: i32,
  rows: i32,
): void {
  const perGroup = heads / groups;
  const group = <usize>dState << 2;
  const perHead = <usize>headDim << 2;
  const next = <usize>stride << 2;
  for (let row = 0; row < rows; row++) {
    let state = h;
    let from = x;
    for (let j = 0; j < heads; j++) {
      const at = <usize>j << 2;
      const shared = <usize>(j / perGroup) * group;
      const step = load<f32>(dt + at);
      const kept = load<f32>(decay + at);
      oneHead(state, step, kept, from, B + shared, C + shared, load<f32>(D + at), y, headDim, dState);
      state += perHead * <usize>dState;
      from += perHead;
      y += perHead;
    }
    dt += <usize>heads << 2;
    decay += <usize>heads << 2;
    x += next;
    B += next;
    C += next;
  }
}

function oneHead(h: usize, dt: f32, decay: f32, x: usize, B: usize, C: usize, D: f32, y: usize, P: i32, N: i32): void {
  const faint = smallest(B, N) < QUIET;
  const dts = f32x4.splat(dt);
  const quiet = f32x4.splat(QUIET);
  const skip = f32x4.splat(D);
  const four = <usize>N << 4;
  let p = 0;
  for (; p + 4 <= P; p += 4) {
    const input = v128.load(x);
    const drive = f32x4.mul(dts, input);
    const still = faint || v128.any_true(f32x4.lt(f32x4.abs(drive), quiet));
    const sums = still ? fourChannels(h, decay, drive, B, C, N, true) : fourChannels(h, decay, drive, B, C, N, false);
    v128.store(y, madd(skip, input, sums));
    h += four;
    x += 16;
    y += 16;
  }
  for (; p < P; p++) {
    const input = load<f32>(x);
    store<f32>(y, oneChannel(h, decay, dt * input, B, C, N) + D * input);
    h += four >> 2;
    x += 4;
    y += 4;
  }
}

/** Of the absolute values. */
function smallest(B: usize, N: i32): f32 {
  const end = B + (<usize>(N & ~3) << 2);
  let least = f32x4.splat(Infinity as f32);
  for (; B < end; B += 16) least = f32x4.min(least, f32x4.abs(v128.load(B)));
  let smallest = Infinity as f32;
  for (let n = 0; n < (N & 3); n++) smallest = min<f32>(smallest, abs<f32>(load<f32>(B + (<usize>n << 2))));
  least = f32x4.min(least, v128.shuffle<f32>(least, least, 2, 3, 0, 1));
  return min<f32>(smallest, min<f32>(f32x4.extract_lane(least, 0), f32x4.extract_lane(least, 1)));
}

// @ts-ignore
@inline
function fourChannels(h: usize, decay: f32, drive: v128, B: usize, C: usize, N: i32, still: bool): v128 {
  const stride = <usize>N << 2;
  let h1 = h + stride;
  let h2 = h1 + stride;
  let h3 = h2 + stride;
  const kept = f32x4.splat(decay);
  const d0 = v128.shuffle<f32>(drive, drive, 0, 0, 0, 0);
  const d1 = v128.shuffle<f32>(drive, drive, 1, 1, 1, 1);
  const d2 = v128.shuffle<f32>(drive, drive, 2, 2, 2, 2);
  const d3 = v128.shuffle<f32>(drive, drive, 3, 3, 3, 3);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = h + (<usize>(N & ~3) << 2);
  for (; h < end; h += 16, h1 += 16, h2 += 16, h3 += 16, B += 16, C += 16) {
    const b = v128.load(B);
    const c = v128.load(C);
    let v0 = madd(d0, b, f32x4.mul(kept, v128.load(h)));
    let v1 = madd(d1, b, f32x4.mul(kept, v128.load(h1)));
    let v2 = madd(d2, b, f32x4.mul(kept, v128.load(h2)));
    let v3 = madd(d3, b, f32x4.mul(kept, v128.load(h3)));
    if (still) {
      v0 = flush(v0);
      v1 = flush(v1);
      v2 = flush(v2);
      v3 = flush(v3);
    }
    v128.store(h, v0);
    v128.store(h1, v1);
    v128.store(h2, v2);
    v128.store(h3, v3);
    s0 = madd(v0, c, s0);
    s1 = madd(v1, c, s1);
    s2 = madd(v2, c, s2);
    s3 = madd(v3, c, s3);
  }
  if (N & 3) {
    s0 = tail(h, kept, d0, B, C, s0, N & 3);
    s1 = tail(h1, kept, d1, B, C, s1, N & 3);
    s2 = tail(h2, kept, d2, B, C, s2, N & 3);
    s3 = tail(h3, kept, d3, B, C, s3, N & 3);
  }
  return sums4(s0, s1, s2, s3);
}

/** The last one to three values of a channel; flushed always. */
function tail(h: usize, kept: v128, drive: v128, B: usize, C: usize, sums: v128, count: i32): v128 {
  const value = flush(madd(drive, loadTail(B, count), f32x4.mul(kept, loadTail(h, count))));
  storeTail(h, value, count);
  return madd(value, loadTail(C, count), sums);
}

function oneChannel(h: usize, decay: f32, drive: f32, B: usize, C: usize, N: i32): f32 {
  const kept = f32x4.splat(decay);
  const d = f32x4.splat(drive);
  let s = f32x4.splat(0);
  const end = h + (<usize>(N & ~3) << 2);
  for (; h < end; h += 16, B += 16, C += 16) {
    const value = flush(madd(d, v128.load(B), f32x4.mul(kept, v128.load(h))));
    v128.store(h, value);
    s = madd(value, v128.load(C), s);
  }
  if (N & 3) s = tail(h, kept, d, B, C, s, N & 3);
  return sum(s);
}
