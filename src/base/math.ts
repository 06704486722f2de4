// Elementary functions in portable arithmetic: only + - * / sqrt and floor on float64, which IEEE 754 fixes to the bit.
// Math.exp, Math.sin and friends may differ between engines and CPUs, and one differing bit breaks "same digest anywhere".
// Accuracy against Math.* is within 2 ulp on the ranges tested in math.test.ts. Methods: Cody-Waite reduction + Taylor/Horner.

const LN2_HI = 0.6931471803691238; // upper 33 bits of ln 2: k * LN2_HI is exact for |k| < 2^20
const LN2_LO = 1.9082149292705877e-10;
const LOG2_E = Math.LOG2E;
const PIO2_1 = 1.5707963267341256; // pi/2 in three parts of 33 bits
const PIO2_2 = 6.077100506303966e-11;
const PIO2_3 = 2.0222662487959506e-21;
const TWO_OVER_PI = 0.6366197723675814;
const LN_10 = Math.LN10;

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer); // little-endian on every machine that runs JavaScript today

/** 2^k for -1022 <= k <= 1023, by writing the exponent field. */
function pow2(k: number): number {
  u32[0] = 0;
  u32[1] = (k + 1023) << 20;
  return f64[0]!;
}

/** e^x. Overflows to Infinity above 709.78, underflows to 0 below -745.13; NaN stays NaN. */
export function exp(x: number): number {
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  if (x !== x) return x;
  const k = Math.floor(x * LOG2_E + 0.5);
  const r = x - k * LN2_HI - k * LN2_LO; // |r| <= 0.3466; the last term r^13/13! is below 2e-16 relative
  let p = 1 / 6227020800;
  p = p * r + 1 / 479001600;
  p = p * r + 1 / 39916800;
  p = p * r + 1 / 3628800;
  p = p * r + 1 / 362880;
  p = p * r + 1 / 40320;
  p = p * r + 1 / 5040;
  p = p * r + 1 / 720;
  p = p * r + 1 / 120;
  p = p * r + 1 / 24;
  p = p * r + 1 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  if (k > 1023) return p * 2 * pow2(k - 1);
  if (k < -1022) return p * pow2(k + 54) * 5.551115123125783e-17; // 2^-54: a subnormal result rounds once
  return p * pow2(k);
}

/** e^x - 1 without cancellation near 0. */
export function expm1(x: number): number {
  if (x > 0.35 || x < -0.35 || x !== x) return exp(x) - 1;
  let p = 1 / 87178291200; // Taylor up to x^14
  for (let n = 13; n >= 1; n--) p = p * x + INV_FACTORIAL[n]!;
  return p * x;
}
const INV_FACTORIAL = [
  1,
  1,
  1 / 2,
  1 / 6,
  1 / 24,
  1 / 120,
  1 / 720,
  1 / 5040,
  1 / 40320,
  1 / 362880,
  1 / 3628800,
  1 / 39916800,
  1 / 479001600,
  1 / 6227020800,
];

/** Natural logarithm. log(0) = -Infinity, negative input gives NaN. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let exponent = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984; // 2^54: lift a subnormal into the normal range
    exponent = -54;
  }
  f64[0] = x;
  exponent += (u32[1]! >>> 20) - 1023;
  u32[1] = (u32[1]! & 0x000fffff) | 0x3ff00000;
  let m = f64[0]!;
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1); // |s| <= 0.1716, log m = 2 (s + s^3/3 + s^5/5 + ...)
  const s2 = s * s;
  let p = 1 / 23;
  for (let n = 21; n >= 3; n -= 2) p = p * s2 + 1 / n;
  return exponent * LN2_HI + (exponent * LN2_LO + 2 * s * (s2 * p) + 2 * s);
}

/** log(1 + x) without cancellation (Kahan's correction of the rounding of 1 + x). */
export function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1) return x;
  if (u === Infinity || !(u > 0)) return log(u);
  return (log(u) * x) / (u - 1);
}

export const log10 = (x: number): number => log(x) / LN_10;
export const pow10 = (x: number): number => exp(x * LN_10);

function sinTaylor(r: number): number {
  const r2 = r * r;
  let p = -1 / 121645100408832000;
  p = p * r2 + 1 / 355687428096000;
  p = p * r2 - 1 / 1307674368000;
  p = p * r2 + 1 / 6227020800;
  p = p * r2 - 1 / 39916800;
  p = p * r2 + 1 / 362880;
  p = p * r2 - 1 / 5040;
  p = p * r2 + 1 / 120;
  p = p * r2 - 1 / 6;
  return r + r * r2 * p;
}

function cosTaylor(r: number): number {
  const r2 = r * r;
  let p = 1 / 2432902008176640000;
  p = p * r2 - 1 / 6402373705728000;
  p = p * r2 + 1 / 20922789888000;
  p = p * r2 - 1 / 87178291200;
  p = p * r2 + 1 / 479001600;
  p = p * r2 - 1 / 3628800;
  p = p * r2 + 1 / 40320;
  p = p * r2 - 1 / 720;
  p = p * r2 + 1 / 24;
  return 1 - 0.5 * r2 + r2 * r2 * p;
}

/** Quadrant-rotated sine: sin(x + quarter * pi/2). Exact reduction while |x| < 1.6e6; beyond, about 1e-16 * |x|. */
function rotated(x: number, quarter: number): number {
  const k = Math.floor(x * TWO_OVER_PI + 0.5);
  const r = x - k * PIO2_1 - k * PIO2_2 - k * PIO2_3;
  const quadrant = (((k + quarter) % 4) + 4) % 4;
  if (quadrant === 0) return sinTaylor(r);
  if (quadrant === 1) return cosTaylor(r);
  return quadrant === 2 ? -sinTaylor(r) : -cosTaylor(r);
}

export const sin = (x: number): number => rotated(x, 0);
export const cos = (x: number): number => rotated(x, 1);

export function tanh(x: number): number {
  if (x !== x) return x;
  const a = x < 0 ? -x : x;
  if (a > 20) return x < 0 ? -1 : 1; // 1 - tanh(20) = 8e-18, below half an ulp of 1
  const t = expm1(2 * a);
  const y = t / (t + 2);
  return x < 0 ? -y : y;
}

/** 1 / (1 + e^-x), in the form that never overflows. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exp(-x));
  const e = exp(x);
  return e / (1 + e);
}

/** x * sigmoid(x), also called swish. */
export const silu = (x: number): number => x * sigmoid(x);

/** log(1 + e^x). Above 20 it returns x itself (the difference is 2e-9 relative), so e^x never overflows. */
export const softplus = (x: number): number => (x > 20 ? x : log1p(exp(x)));

/** sin(pi x) / (pi x). */
export const sinc = (x: number): number => (x === 0 ? 1 : sin(Math.PI * x) / (Math.PI * x));

/** The modified Bessel function of order 0, sum ((x / 2)^k / k!)^2; 40 terms at most below x = 10. */
export function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    const factor = x / (2 * k);
    term *= factor * factor;
    sum += term;
  }
  return sum;
}
