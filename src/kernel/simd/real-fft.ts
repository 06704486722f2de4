// AssemblyScript: Fourier transform of `size` real values, a multiple of 8 with no prime factor above 5, at least 32; the
// method of kernel/plain/real-fft.ts in float32. Pairs of values are read as h = size / 2 complex ones; their transform Z is
// taken by a first pass of radix 4, which turns four vectors into rows, and the passes of fft-passes.ts; then Z_k and Z_h-k
// give X_k and X_h-k. The plan, made in kernel/wasm/real-fft.ts: [ceil(h / 8), 2, 4] values w^k / 2 for k = 1, 2 .., then the
// twiddles of each pass in the order they are read.

import { lastPass4, pass2, pass3, pass4, pass5 } from './fft-passes';
import { madd, nmadd } from './lanes';

/**
 * x [size] -> spectrum [size / 2 + 1, 2] (re, im).
 * @param work [2 * size] - scratch   @param plan see above   Nothing may overlap.
 */
export function realFft(x: usize, spectrum: usize, work: usize, plan: usize, size: i32): void {
  const h = size >> 1;
  const z = transform(x, work, plan, h);
  const plane = <usize>h << 2;
  const re = load<f32>(z), im = load<f32>(z + plane);
  store<f32>(spectrum, re + im);
  store<f32>(spectrum + 4, 0);
  store<f32>(spectrum + 2 * plane, re - im);
  store<f32>(spectrum + 2 * plane + 4, 0);
  const half = f32x4.splat(<f32>0.5);
  let a = z + 4;
  let b = z + plane - 16;
  let to = spectrum + 8;
  let back = spectrum + 2 * plane - 32;
  for (const end = z + (plane >> 1); a <= end; a += 16, b -= 16, to += 32, back -= 32, plan += 32) {
    const ar = v128.load(a), ai = v128.load(a + plane);
    const br = reversed(v128.load(b)), bi = reversed(v128.load(b + plane));
    const c = v128.load(plan), n = v128.load(plan, 16);
    const evenR = f32x4.mul(half, f32x4.add(ar, br)), evenI = f32x4.mul(half, f32x4.sub(ai, bi));
    const oddR = f32x4.add(ai, bi), oddI = f32x4.sub(br, ar);
    const tr = nmadd(n, oddI, f32x4.mul(c, oddR)), ti = madd(c, oddI, f32x4.mul(n, oddR));
    storePairs(to, f32x4.add(evenR, tr), f32x4.add(evenI, ti));
    storePairs(back, reversed(f32x4.sub(evenR, tr)), reversed(f32x4.sub(ti, evenI)));
  }
}

/**
 * spectrum [size / 2 + 1, 2] -> x [size], with the factor 1 / size. Imaginary parts of bins 0 and size / 2 do not count.
 * @param work [3 * size] - scratch
 */
export function inverseRealFft(spectrum: usize, x: usize, work: usize, plan: usize, size: i32): void {
  const h = size >> 1;
  const plane = <usize>h << 2;
  // The inverse transform is the forward one with real and imaginary parts swapped before and after.
  const swapped = work + 4 * plane;
  const scale: f32 = <f32>1 / <f32>h;
  const half = f32x4.splat(<f32>0.5 * scale), whole = f32x4.splat(scale);
  const low = load<f32>(spectrum), high = load<f32>(spectrum + 2 * plane);
  store<f32>(swapped, (low - high) * <f32>0.5 * scale);
  store<f32>(swapped + 4, (low + high) * <f32>0.5 * scale);
  let w = plan;
  let a = spectrum + 8;
  let b = spectrum + 2 * plane - 32;
  let to = swapped + 8;
  let back = swapped + 2 * plane - 32;
  for (const end = spectrum + plane; a <= end; a += 32, b -= 32, to += 32, back -= 32, w += 32) {
    const ar = realsOf(v128.load(a), v128.load(a, 16)), ai = imagsOf(v128.load(a), v128.load(a, 16));
    const br = reversed(realsOf(v128.load(b), v128.load(b, 16)));
    const bi = reversed(imagsOf(v128.load(b), v128.load(b, 16)));
    const c = f32x4.mul(whole, v128.load(w)), n = f32x4.mul(whole, v128.load(w, 16));
    const evenR = f32x4.mul(half, f32x4.add(ar, br)), evenI = f32x4.mul(half, f32x4.sub(ai, bi));
    const dr = f32x4.sub(ar, br), di = f32x4.add(ai, bi);
    const oddR = madd(n, di, f32x4.mul(c, dr)), oddI = nmadd(n, dr, f32x4.mul(c, di));
    storePairs(to, f32x4.add(evenI, oddR), f32x4.sub(evenR, oddI));
    storePairs(back, reversed(f32x4.sub(oddR, evenI)), reversed(f32x4.add(evenR, oddI)));
  }
  const z = transform(swapped, work, plan, h);
  for (let from = z, end = z + plane; from < end; from += 16, x += 32) {
    storePairs(x, v128.load(from + plane), v128.load(from));
  }
}

/** x [h, 2] -> its transform in two planes, at the address returned: the first or the second half of work [4 * h]. */
function transform(x: usize, work: usize, plan: usize, h: i32): usize {
  const plane = <usize>h << 2;
  let from = work;
  let to = work + 2 * plane;
  let w = plan + (<usize>((h + 7) >> 3) << 5);
  firstPass(x, from, w, h);
  w += <usize>((h + 15) >> 4) * 96;
  let s = 4;
  for (let rest = h >> 2; rest > 1; ) {
    if (rest == 4) {
      lastPass4(from, to, h);
      return to;
    }
    let radix = 5;
    if (rest % 4 == 0) {
      radix = 4;
      pass4(from, to, w, h, s);
    } else if (rest % 2 == 0) {
      radix = 2;
      pass2(from, to, w, h, s);
    } else if (rest % 3 == 0) {
      radix = 3;
      pass3(from, to, w, h, s);
    } else pass5(from, to, w, h, s);
    rest /= radix;
    s *= radix;
    w += <usize>(rest * (radix - 1)) << 3;
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/**
 * Radix 4 with s = 1, four p at once; the last four are taken from the end, so that some may be done twice, with equal bits.
 * @param x [h, 2]   @param y [2, h]   @param w [ceil(h / 16), 3, 2, 4]
 */
function firstPass(x: usize, y: usize, w: usize, h: i32): void {
  const plane = <usize>h << 2;
  const quarter = <usize>h << 1;
  const last = (h >> 2) - 4;
  for (let p = 0; p < last + 4; p += 4, w += 96) {
    const at = <usize>min(p, last);
    const xa = x + (at << 3), xb = xa + quarter, xc = xb + quarter, xd = xc + quarter;
    const to = y + (at << 4);
    const ar = realsOf(v128.load(xa), v128.load(xa, 16)), ai = imagsOf(v128.load(xa), v128.load(xa, 16));
    const cr = realsOf(v128.load(xc), v128.load(xc, 16)), ci = imagsOf(v128.load(xc), v128.load(xc, 16));
    const br = realsOf(v128.load(xb), v128.load(xb, 16)), bi = imagsOf(v128.load(xb), v128.load(xb, 16));
    const dr = realsOf(v128.load(xd), v128.load(xd, 16)), di = imagsOf(v128.load(xd), v128.load(xd, 16));
    const evenR = f32x4.add(ar, cr), oddR = f32x4.add(br, dr), fallR = f32x4.sub(ar, cr), riseR = f32x4.sub(br, dr);
    const evenI = f32x4.add(ai, ci), oddI = f32x4.add(bi, di), fallI = f32x4.sub(ai, ci), riseI = f32x4.sub(bi, di);
    const r1 = f32x4.add(fallR, riseI), i1 = f32x4.sub(fallI, riseR);
    const r2 = f32x4.sub(evenR, oddR), i2 = f32x4.sub(evenI, oddI);
    const r3 = f32x4.sub(fallR, riseI), i3 = f32x4.add(fallI, riseR);
    const c1 = v128.load(w), n1 = v128.load(w, 16);
    const c2 = v128.load(w, 32), n2 = v128.load(w, 48);
    const c3 = v128.load(w, 64), n3 = v128.load(w, 80);
    storeRows(
      to,
      f32x4.add(evenR, oddR),
      nmadd(i1, n1, f32x4.mul(r1, c1)),
      nmadd(i2, n2, f32x4.mul(r2, c2)),
      nmadd(i3, n3, f32x4.mul(r3, c3)),
    );
    storeRows(
      to + plane,
      f32x4.add(evenI, oddI),
      madd(i1, c1, f32x4.mul(r1, n1)),
      madd(i2, c2, f32x4.mul(r2, n2)),
      madd(i3, c3, f32x4.mul(r3, n3)),
    );
  }
}

/** Four vectors as the columns of four rows of four. */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
function storeRows(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<f64>(ab, cd, 1, 3), 16);
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(abHigh, cdHigh, 0, 2), 32);
  v128.store(to, v128.shuffle<f64>(abHigh, cdHigh, 1, 3), 48);
}

/** Four complex values, (re, im) interleaved. */
// @ts-ignore
@inline
function storePairs(to: usize, re: v128, im: v128): void {
  v128.store(to, v128.shuffle<f32>(re, im, 0, 4, 1, 5));
  v128.store(to, v128.shuffle<f32>(re, im, 2, 6, 3, 7), 16);
}

// @ts-ignore
@inline
function realsOf(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 2, 4, 6);
}

// @ts-ignore
@inline
function imagsOf(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 1, 3, 5, 7);
}

// @ts-ignore
@inline
function reversed(a: v128): v128 {
  return v128.shuffle<f32>(a, a, 3, 2, 1, 0);
}
