// AssemblyScript: one step of a depthwise causal convolution for each row; the state moves on by one input. Plain twin:
// plain/causal-conv.ts. Four taps, what every shipped model has, go four channels at a time: their twelve kept inputs lie in
// three vectors, which are turned to oldest, middle, newest and back. Other numbers of taps and odd channels go one by one.

import { madd } from './lanes';

/**
 * @param state [channels, taps - 1], oldest first - mutated   @param x rows of `stride` values, the first `channels` count
 * @param w [taps, channels], transposed   @param bias [channels]   @param y [rows, channels] - written, not x
 */
export function convStep(
  state: usize,
  x: usize,
  stride: i32,
  w: usize,
  bias: usize,
  y: usize,
  channels: i32,
  taps: i32,
  rows: i32,
): void {
  const whole = taps == 4 ? channels & ~3 : 0;
  for (let row = 0; row < rows; row++) {
    fourTaps(state, x, w, bias, y, channels, whole);
    for (let c = whole; c < channels; c++) oneChannel(state, x, w, bias, y, c, channels, taps);
    x += <usize>stride << 2;
    y += <usize>channels << 2;
  }
}

function fourTaps(state: usize, x: usize, w: usize, bias: usize, y: usize, channels: i32, whole: i32): void {
  const tap = <usize>channels << 2;
  const end = x + (<usize>whole << 2);
  while (x < end) {
    // a0 a1 a2 b0 | b1 b2 c0 c1 | c2 d0 d1 d2: three kept inputs of channels a, b, c, d, oldest first.
    const v0 = v128.load(state);
    const v1 = v128.load(state, 16);
    const v2 = v128.load(state, 32);
    const newest = v128.load(x);
    const ab = v128.shuffle<f32>(v0, v1, 0, 3, 1, 4); // a0 b0 a1 b1
    const cd = v128.shuffle<f32>(v1, v2, 2, 5, 3, 6); // c0 d0 c1 d1
    const t0 = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5);
    const t1 = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    const ab2 = v128.shuffle<f32>(v0, v1, 2, 5, 2, 5); // a2 b2
    const cd2 = v128.shuffle<f32>(v2, v2, 0, 3, 0, 3); // c2 d2
    const t2 = v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5);
    let sum = madd(v128.load(w), t0, v128.load(bias));
    sum = madd(v128.load(w + tap), t1, sum);
    sum = madd(v128.load(w + 2 * tap), t2, sum);
    sum = madd(v128.load(w + 3 * tap), newest, sum);
    v128.store(y, sum);
    // a1 a2 xa b1 | b2 xb c1 c2 | xc d1 d2 xd
    const ax = v128.shuffle<f32>(t2, newest, 0, 4, 1, 5); // a2 xa b2 xb
    const cx = v128.shuffle<f32>(t2, newest, 2, 6, 3, 7); // c2 xc d2 xd
    v128.store(state, v128.shuffle<f32>(v128.shuffle<f32>(t1, ax, 0, 4, 5, 5), t1, 0, 1, 2, 5));
    v128.store(state, v128.shuffle<f32>(v128.shuffle<f32>(ax, t1, 2, 3, 6, 6), cx, 0, 1, 2, 4), 16);
    v128.store(state, v128.shuffle<f32>(v128.shuffle<f32>(cx, t1, 1, 7, 7, 7), cx, 0, 1, 6, 7), 32);
    state += 48;
    x += 16;
    w += 16;
    bias += 16;
    y += 16;
  }
}

function oneChannel(state: usize, x: usize, w: usize, bias: usize, y: usize, c: i32, channels: i32, taps: i32): void {
  const at = <usize>c << 2;
  const kept = taps - 1;
  let tap = w + at;
  let slot = state + ((<usize>c * <usize>kept) << 2);
  const newest = load<f32>(x + at);
  let sum = load<f32>(bias + at);
  for (let j = 0; j < kept; j++) {
    sum += load<f32>(tap) * load<f32>(slot);
    store<f32>(slot, j + 1 < kept ? load<f32>(slot, 4) : newest);
    slot += 4;
    tap += <usize>channels << 2;
  }
  store<f32>(y + at, sum + load<f32>(tap) * newest);
}
