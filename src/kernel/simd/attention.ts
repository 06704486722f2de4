// AssemblyScript: softmax attention of one query row over a ring of past keys and values, in float32 or in int8 with a scale
// for each row and head; plain/attention-ring.ts and plain/quantise-int8-attention.ts are the readable twins. Two passes: all
// scores of a head, then their weights and the weighted sum. Four slots at a time; where fewer are left, the others' scores
// are -Infinity and their weights 0. Queries, keys and values come without numbers under 2^-60 (hush in frames.ts), and weights
// and scales under it count as 0: no product of two is subnormal, and slow.
// Strides: k, v [window, kvHeads, headDim], one row after the other.

import { heard } from './frames';
import { loadTail, madd, storeTail, sum, sums4 } from './lanes';
import { exp2 } from './math';

const LOG2_E: f64 = 1.4426950408889634;

/**
 * y_head = softmax(q . k_s / sqrt(headDim)) v_s over the slots s < used with low <= rows[s] <= high; one at least must count.
 * @param q, y [heads, headDim]; y - written   @param k, v [window, kvHeads, headDim]   @param rows [window] f64
 * @param scratch [2, used rounded up to 4]   Cost: heads * used * (4 headDim flops + 1 exp2).
 */
export function attendRow(
  q: usize,
  k: usize,
  v: usize,
  rows: usize,
  low: f64,
  high: f64,
  used: i32,
  scratch: usize,
  y: usize,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
): void {
  const width = <usize>headDim << 2;
  const stride = width * <usize>kvHeads;
  const bias = scratch + (<usize>((used + 3) & ~3) << 2);
  const scale = f32x4.splat(<f32>(LOG2_E / sqrt<f64>(<f64>headDim)));
  findVisible(rows, low, high, used, bias);
  const shared = heads / kvHeads;
  for (let head = 0; head < heads; head++, q += width, y += width) {
    const at = <usize>(head / shared) * width;
    const most = scoreSlots<f32>(q, k + at, stride, 0, 0, bias, scratch, used, headDim, scale);
    const total = weighSlots<f32>(scratch, used, most, 0, 0);
    sumValues<f32>(v + at, stride, scratch, used, 0, 0, y, headDim, <f32>1 / total);
  }
}

/**
 * As attendRow, over int8 slots with low <= rows[s] <= high, and over the newest row in float32, which is not in the ring.
 * @param ownK, ownV [kvHeads, headDim] float32   @param k, v [window, kvHeads, headDim] int8; headDim a multiple of 4
 * @param kScale, vScale [window, kvHeads]   @param scratch [2, used rounded up to 4]; used may be 0
 */
export function attendRowInt8(
  q: usize,
  ownK: usize,
  ownV: usize,
  k: usize,
  v: usize,
  kScale: usize,
  vScale: usize,
  rows: usize,
  low: f64,
  high: f64,
  used: i32,
  scratch: usize,
  y: usize,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
): void {
  const width = <usize>headDim << 2;
  const stride = <usize>headDim * <usize>kvHeads;
  const scaleStride = <usize>kvHeads << 2;
  const bias = scratch + (<usize>((used + 3) & ~3) << 2);
  const scale = f32x4.splat(<f32>(LOG2_E / sqrt<f64>(<f64>headDim)));
  findVisible(rows, low, high, used, bias);
  const shared = heads / kvHeads;
  for (let head = 0; head < heads; head++, q += width, y += width) {
    const kvHead = <usize>(head / shared);
    const at = kvHead * <usize>headDim;
    const own = f32x4.mul(dots<f32>(q, ownK + 4 * at, ownK + 4 * at, ownK + 4 * at, ownK + 4 * at, headDim), scale);
    const slots = scoreSlots<i8>(q, k + at, stride, kScale + 4 * kvHead, scaleStride, bias, scratch, used, headDim, scale);
    const most = max(slots, f32x4.extract_lane(own, 0));
    const ownWeight = f32x4.extract_lane(exp2(f32x4.sub(own, f32x4.splat(most))), 0);
    const total = ownWeight + weighSlots<i8>(scratch, used, most, vScale + 4 * kvHead, scaleStride);
    sumValues<i8>(v + at, stride, scratch, used, ownV + 4 * at, ownWeight, y, headDim, <f32>1 / total);
  }
}

/** bias[s] = 0 for low <= rows[s] <= high, -Infinity for other slots and up to the next multiple of 4. */
function findVisible(rows: usize, low: f64, high: f64, used: i32, bias: usize): void {
  const never = f32x4.splat(-Infinity);
  const from = f64x2.splat(low), to = f64x2.splat(high);
  for (; used >= 4; used -= 4, rows += 32, bias += 16) {
    const a = v128.load(rows), b = v128.load(rows, 16);
    const seenA = v128.and(f64x2.ge(a, from), f64x2.le(a, to)), seenB = v128.and(f64x2.ge(b, from), f64x2.le(b, to));
    v128.store(bias, v128.andnot(never, v128.shuffle<i32>(seenA, seenB, 0, 2, 4, 6)));
  }
  if (used == 0) return;
  v128.store(bias, never);
  for (; used > 0; used--, rows += 8, bias += 4) {
    const row = load<f64>(rows);
    if (row >= low && row <= high) store<f32>(bias, 0);
  }
}

/** Four elements of a key or value, as float32. */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
function load4<T>(from: usize): v128 {
  if (isFloat<T>()) return v128.load(from);
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from))));
}

/** [q . k0, q . k1, q . k2, q . k3] over headDim elements: whole vectors, then what is left of a float32 head. */
// @ts-ignore
@inline
function dots<T>(q: usize, k0: usize, k1: usize, k2: usize, k3: usize, headDim: i32): v128 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  const step = 4 * sizeof<T>();
  for (const end = q + (<usize>(headDim & ~3) << 2); q < end; q += 16, k0 += step, k1 += step, k2 += step, k3 += step) {
    const x = v128.load(q);
    a = madd(load4<T>(k0), x, a);
    b = madd(load4<T>(k1), x, b);
    c = madd(load4<T>(k2), x, c);
    d = madd(load4<T>(k3), x, d);
  }
  const left = headDim & 3;
  if (isFloat<T>() && left) {
    const x = loadTail(q, left);
    a = madd(loadTail(k0, left), x, a);
    b = madd(loadTail(k1, left), x, b);
    c = madd(loadTail(k2, left), x, c);
    d = madd(loadTail(k3, left), x, d);
  }
  return sums4(a, b, c, d);
}

/** The scales of up to four slots in a row. */
// @ts-ignore
@inline
function scalesOf(from: usize, stride: usize, count: i32): v128 {
  let scales = v128.load32_zero(from);
  if (count > 1) scales = v128.load_lane<f32>(from + stride, scales, 1);
  if (count > 2) scales = v128.load_lane<f32>(from + 2 * stride, scales, 2);
  if (count > 3) scales = v128.load_lane<f32>(from + 3 * stride, scales, 3);
  return scales;
}

/** scores[s] = (q . k_s) scale + bias[s], and the greatest of them. */
// @ts-ignore
@inline
function scoreSlots<T>(
  q: usize,
  k: usize,
  stride: usize,
  scales: usize,
  scaleStride: usize,
  bias: usize,
  scores: usize,
  used: i32,
  headDim: i32,
  scale: v128,
): f32 {
  let most = f32x4.splat(-Infinity);
  for (let left = used; left > 0; left -= 4, scores += 16, bias += 16) {
    const k1 = left > 1 ? k + stride : k;
    const k2 = left > 2 ? k1 + stride : k;
    const k3 = left > 3 ? k2 + stride : k;
    let products = dots<T>(q, k, k1, k2, k3, headDim);
    if (isInteger<T>()) {
      products = f32x4.mul(products, heard(scalesOf(scales, scaleStride, left)));
      scales += 4 * scaleStride;
    }
    const score = madd(products, scale, v128.load(bias));
    v128.store(scores, score);
    most = f32x4.pmax(most, score);
    k += 4 * stride;
  }
  const pairs = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** scores[s] = 2^(score - most), times the value's scale where there is one; returns the sum without these scales. */
// @ts-ignore
@inline
function weighSlots<T>(scores: usize, used: i32, most: f32, scales: usize, scaleStride: usize): f32 {
  const shift = f32x4.splat(most);
  let total = f32x4.splat(0);
  for (let left = used; left > 0; left -= 4, scores += 16) {
    let weight = exp2(f32x4.sub(v128.load(scores), shift));
    total = f32x4.add(total, weight);
    if (isInteger<T>()) {
      weight = f32x4.mul(weight, scalesOf(scales, scaleStride, left));
      scales += 4 * scaleStride;
    }
    v128.store(scores, heard(weight));
  }
  return sum(total);
}

/** y = (ownWeight own + sum_s weights[s] v_s) inverse: four sums over every fourth slot, eight elements at a time. */
// @ts-ignore
@inline
function sumValues<T>(
  v: usize,
  stride: usize,
  weights: usize,
  used: i32,
  own: usize,
  ownWeight: f32,
  y: usize,
  headDim: i32,
  inverse: f32,
): void {
  const scale = f32x4.splat(inverse);
  let dims = headDim;
  const high = 4 * sizeof<T>();
  for (; dims >= 8; dims -= 8, v += 2 * high, y += 32) {
    let a0 = f32x4.splat(0), b0 = a0;
    if (isInteger<T>()) {
      a0 = f32x4.mul(v128.load(own), f32x4.splat(ownWeight));
      b0 = f32x4.mul(v128.load(own, 16), f32x4.splat(ownWeight));
      own += 32;
    }
    let a1 = f32x4.splat(0), b1 = a1, a2 = a1, b2 = a1, a3 = a1, b3 = a1;
    let p = v;
    let w = weights;
    let left = used;
    for (; left >= 4; left -= 4, w += 16) {
      const w0 = v128.load32_splat(w), w1 = v128.load32_splat(w, 4);
      const w2 = v128.load32_splat(w, 8), w3 = v128.load32_splat(w, 12);
      a0 = madd(load4<T>(p), w0, a0);
      b0 = madd(load4<T>(p + high), w0, b0);
      p += stride;
      a1 = madd(load4<T>(p), w1, a1);
      b1 = madd(load4<T>(p + high), w1, b1);
      p += stride;
      a2 = madd(load4<T>(p), w2, a2);
      b2 = madd(load4<T>(p + high), w2, b2);
      p += stride;
      a3 = madd(load4<T>(p), w3, a3);
      b3 = madd(load4<T>(p + high), w3, b3);
      p += stride;
    }
    for (; left > 0; left--, w += 4, p += stride) {
      const w0 = v128.load32_splat(w);
      a0 = madd(load4<T>(p), w0, a0);
      b0 = madd(load4<T>(p + high), w0, b0);
    }
    v128.store(y, f32x4.mul(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), scale));
    v128.store(y, f32x4.mul(f32x4.add(f32x4.add(b0, b1), f32x4.add(b2, b3)), scale), 16);
  }
  for (; dims >= 4; dims -= 4, v += high, y += 16) {
    let a0 = f32x4.splat(0);
    if (isInteger<T>()) {
      a0 = f32x4.mul(v128.load(own), f32x4.splat(ownWeight));
      own += 16;
    }
    let a1 = f32x4.splat(0), a2 = a1, a3 = a1;
    let p = v;
    let w = weights;
    let left = used;
    for (; left >= 4; left -= 4, w += 16) {
      a0 = madd(load4<T>(p), v128.load32_splat(w), a0);
      p += stride;
      a1 = madd(load4<T>(p), v128.load32_splat(w, 4), a1);
      p += stride;
      a2 = madd(load4<T>(p), v128.load32_splat(w, 8), a2);
      p += stride;
      a3 = madd(load4<T>(p), v128.load32_splat(w, 12), a3);
      p += stride;
    }
    for (; left > 0; left--, w += 4, p += stride) a0 = madd(load4<T>(p), v128.load32_splat(w), a0);
    v128.store(y, f32x4.mul(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), scale));
  }
  if (isFloat<T>() && dims > 0) {
    let rest = f32x4.splat(0);
    for (let p = v, w = weights, left = used; left > 0; left--, w += 4, p += stride) {
      rest = madd(loadTail(p, dims), v128.load32_splat(w), rest);
    }
    storeTail(y, f32x4.mul(rest, scale), dims);
  }
}
