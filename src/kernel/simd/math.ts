// AssemblyScript: elementary functions of four float32 lanes, and over arrays. Only + - * / and integer lane operations, so that
// `portable` gives the same bits everywhere. Methods: range reduction and a polynomial (least maximum error, fitted in float64,
// rounded to float32). Greatest errors found against float64 (kernel/wasm/math.test.ts), in ulp: exp 0.98, exp2 1.34, log 1.97,
// sigmoid 2.3, silu 2.2, softplus 2.5, tanh 2.5; geluTanh 3.8e-7 relative above -2, 1.2e-7 absolute below. NaN in gives NaN out. No result is subnormal unless its input is: exp and exp2 give 0 below 2^-126.
// The float64 twins are in base/math.ts.

import { loadTail, madd, storeTail } from './lanes';

/** 1.5 * 2^23: added to t, it leaves round(t) in the low bits of the sum; what is above bit 8 leaves with the shift by 23. */
const ROUND: f32 = 12582912;
const LOG2_E: f32 = 1.44269504;
/** ln 2 in two parts: k * LN2_HIGH is exact for |k| < 2^15. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -0.00021219444;
/** e^x is above the greatest float32 beyond the one, and below 2^-126 under the other. */
const EXP_MAX: f32 = 88.72283;
const EXP_MIN: f32 = -87.33654;
/** sigmoid(-x) is below 2^-126 beyond it. */
const SIGMOID_MAX: f32 = 87.33654;

// @ts-ignore: decorators of functions are AssemblyScript's
@inline
function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** c2 r^2 + ... + c6 r^6, e^r - 1 - r for |r| <= ln(2) / 2 within 3.1e-9 of e^r. */
// @ts-ignore
@inline
function expRest(r: v128): v128 {
  const r2 = f32x4.mul(r, r);
  let odd = madd(r, splat(0.00836878083646), splat(0.0416683927178));
  const even = madd(r, splat(0.166665196419), splat(0.499999940395));
  odd = madd(r2, splat(0.00138144672383), odd);
  return f32x4.mul(r2, madd(r2, odd, even));
}

/** e^x, 0 below EXP_MIN, Infinity above `most` (at most EXP_MAX). */
// @ts-ignore
@inline
function expUpTo(x: v128, most: f32): v128 {
  const shifted = madd(x, splat(LOG2_E), splat(ROUND));
  const k = f32x4.sub(shifted, splat(ROUND));
  const r = madd(k, splat(-LN2_LOW), madd(k, splat(-LN2_HIGH), x));
  const p = f32x4.add(f32x4.add(expRest(r), r), splat(1));
  const scaled = v128.andnot(i32x4.add(p, i32x4.shl(shifted, 23)), f32x4.lt(x, splat(EXP_MIN)));
  return v128.bitselect(scaled, f32x4.add(x, splat(Infinity)), f32x4.le(x, splat(most)));
}

/** e^x: Infinity above 88.72283, 0 below -87.33654 (where the result would be subnormal). */
// @ts-ignore
@inline
export function exp(x: v128): v128 {
  return expUpTo(x, EXP_MAX);
}

/** 2^x for x < 128, 0 below -126. NaN gives anything: for decays beside a term that is NaN too. */
// @ts-ignore
@inline
export function exp2Below(x: v128): v128 {
  const shifted = f32x4.add(x, splat(ROUND));
  const r = f32x4.sub(x, f32x4.sub(shifted, splat(ROUND)));
  const r2 = f32x4.mul(r, r);
  let high = madd(r, splat(0.000153533619596), splat(0.00133988738526));
  const middle = madd(r, splat(0.00961843691766), splat(0.0555033236742));
  const low = madd(r, splat(0.240226477385), splat(0.693147182465));
  high = madd(r2, high, middle);
  const p = madd(r, madd(r2, high, low), splat(1));
  return v128.andnot(i32x4.add(p, i32x4.shl(shifted, 23)), f32x4.lt(x, splat(-126)));
}

/** 2^x: Infinity from 128, 0 below -126. Cheaper than exp: no second part of ln 2. */
// @ts-ignore
@inline
export function exp2(x: v128): v128 {
  return v128.bitselect(exp2Below(x), f32x4.add(x, splat(Infinity)), f32x4.lt(x, splat(128)));
}

/** log((1 + s) / (1 - s)) for |s| <= 1/3, within 4.5e-9: s = f / (2 + f) makes it log(1 + f) without cancellation. */
// @ts-ignore
@inline
function logOfRatio(s: v128): v128 {
  const z = f32x4.mul(s, s);
  const low = madd(z, splat(0.20010769367218), splat(0.3333320915699));
  const high = madd(z, splat(0.14006419479847), splat(0.14000813663006));
  const rest = f32x4.mul(z, madd(f32x4.mul(z, z), high, low));
  const twice = f32x4.add(s, s);
  return madd(twice, rest, twice);
}

/** Natural logarithm, subnormals included: log(0) = -Infinity, NaN below. */
// @ts-ignore
@inline
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, splat(1.17549435e-38));
  const lifted = v128.bitselect(f32x4.mul(x, splat(16777216)), x, subnormal); // times 2^24
  const sqrtHalf = i32x4.splat(0x3f3504f3);
  const steps = i32x4.shr_s(i32x4.sub(lifted, sqrtHalf), 23);
  const f = f32x4.sub(i32x4.sub(lifted, i32x4.shl(steps, 23)), splat(1)); // [sqrt(1/2), sqrt(2)) - 1
  const k = f32x4.convert_i32x4_s(i32x4.sub(steps, v128.and(subnormal, i32x4.splat(24))));
  const near = logOfRatio(f32x4.div(f, f32x4.add(f, splat(2))));
  const result = madd(k, splat(LN2_HIGH), madd(k, splat(LN2_LOW), near));
  const isZero = f32x4.eq(x, splat(0));
  const other = v128.bitselect(splat(-Infinity), v128.or(x, f32x4.lt(x, splat(0))), isZero);
  const usual = v128.and(f32x4.gt(x, splat(0)), f32x4.lt(x, splat(Infinity)));
  return v128.bitselect(result, other, usual);
}

/** 1 / (1 + e^-x): exactly 1 from about 17, 0 below -87.33654. */
// @ts-ignore
@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), expUpTo(f32x4.neg(x), SIGMOID_MAX)));
}

/** x / (1 + e^-x), also called swish; -0 below -88.72283. NaN at -Infinity, as in base/math.ts. */
// @ts-ignore
@inline
export function silu(x: v128): v128 {
  return f32x4.div(x, f32x4.add(splat(1), exp(f32x4.neg(x))));
}

/** log(1 + e^x) as max(x, 0) + log1p(e^-|x|): x itself for large x, e^x for very negative x, nothing cancels. */
// @ts-ignore
@inline
export function softplus(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const rest = logOfRatio(f32x4.div(e, f32x4.add(e, splat(2))));
  return f32x4.add(f32x4.pmax(x, splat(0)), rest);
}

/** e^x - 1 for -80 <= x <= 0, without cancellation near 0; exactly -1 under about -17.4. */
// @ts-ignore
@inline
export function expMinusOne(x: v128): v128 {
  const shifted = madd(x, splat(LOG2_E), splat(ROUND));
  const k = f32x4.sub(shifted, splat(ROUND));
  const r = madd(k, splat(-LN2_LOW), madd(k, splat(-LN2_HIGH), x));
  const scale = i32x4.add(splat(1), i32x4.shl(shifted, 23)); // 2^k
  return madd(f32x4.add(expRest(r), r), scale, f32x4.sub(scale, splat(1)));
}

/** With t = e^(-2|x|) - 1: -t / (t + 2), and the sign of x. Exactly 1 from about 9.01. */
// @ts-ignore
@inline
export function tanh(x: v128): v128 {
  const t = expMinusOne(f32x4.mul(f32x4.pmin(f32x4.abs(x), splat(10)), splat(-2)));
  const result = f32x4.div(t, f32x4.add(t, splat(2)));
  return v128.bitselect(x, result, i32x4.splat(0x80000000));
}

/** 0.5 x (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3), as x / (1 + e^(-2u)): no cancellation for negative x. */
// @ts-ignore
@inline
export function geluTanh(x: v128): v128 {
  const x2 = f32x4.mul(x, x);
  const minus2u = f32x4.mul(x, madd(x2, splat(-0.0713548162726), splat(-1.59576912161)));
  return f32x4.div(x, f32x4.add(splat(1), exp(minus2u)));
}

/** y = e^x. @param x [n]   @param y [n] - written, may be x; so in all of these */
export function expInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, exp(v128.load(x)));
  if (n > 0) storeTail(y, exp(loadTail(x, n)), n);
}

export function exp2Into(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, exp2(v128.load(x)));
  if (n > 0) storeTail(y, exp2(loadTail(x, n)), n);
}

export function geluTanhInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, geluTanh(v128.load(x)));
  if (n > 0) storeTail(y, geluTanh(loadTail(x, n)), n);
}

export function logInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, log(v128.load(x)));
  if (n > 0) storeTail(y, log(loadTail(x, n)), n);
}

export function sigmoidInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, sigmoid(v128.load(x)));
  if (n > 0) storeTail(y, sigmoid(loadTail(x, n)), n);
}

export function siluInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, silu(v128.load(x)));
  if (n > 0) storeTail(y, silu(loadTail(x, n)), n);
}

export function softplusInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, softplus(v128.load(x)));
  if (n > 0) storeTail(y, softplus(loadTail(x, n)), n);
}

export function tanhInto(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, tanh(v128.load(x)));
  if (n > 0) storeTail(y, tanh(loadTail(x, n)), n);
}

/** x += add. @param x [n] - written   @param add [n] */
export function addInto(x: usize, add: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, add += 16) v128.store(x, f32x4.add(v128.load(x), v128.load(add)));
  if (n > 0) storeTail(x, f32x4.add(loadTail(x, n), loadTail(add, n)), n);
}

/** x += scale * add. @param x [n] - written   @param add [n] */
export function addScaled(x: usize, add: usize, scale: f32, n: i32): void {
  const s = splat(scale);
  for (; n >= 4; n -= 4, x += 16, add += 16) v128.store(x, madd(s, v128.load(add), v128.load(x)));
  if (n > 0) storeTail(x, madd(s, loadTail(add, n), loadTail(x, n)), n);
}

/** x *= by. @param x [n] - written   @param by [n] */
export function multiplyInto(x: usize, by: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, by += 16) v128.store(x, f32x4.mul(v128.load(x), v128.load(by)));
  if (n > 0) storeTail(x, f32x4.mul(loadTail(x, n), loadTail(by, n)), n);
}
