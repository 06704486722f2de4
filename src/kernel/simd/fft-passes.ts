// AssemblyScript: the passes of a complex Fourier transform after the first one, mixed-radix Stockham as kernel/plain/fft.ts
// does it: y[q + s (r p + j)] = w^(j p) sum_i x[q + s (p + m i)] e^(-2 pi i i j / r) for p < m, q < s, with h = r m s.
// Values lie in two planes, h real parts and h imaginary parts. s is a multiple of four, because the first pass is of radix 4
// (real-fft.ts): four values q are one vector, and a twiddle is one value for all of them.
// @param x, y [2, h] float32, apart   @param w [m, r - 1, 2] twiddles w^p, w^2p ..   @param s values between outputs

import { madd, nmadd } from './lanes';

/** Stores (re, im) * (c, n): the twiddled output of a butterfly. */
// @ts-ignore: decorators of functions are AssemblyScript's
@inline
export function storeTurned(y: usize, plane: usize, re: v128, im: v128, c: v128, n: v128): void {
  v128.store(y, nmadd(im, n, f32x4.mul(re, c)));
  v128.store(y + plane, madd(im, c, f32x4.mul(re, n)));
}

// @ts-ignore
@inline
function put(y: usize, plane: usize, re: v128, im: v128): void {
  v128.store(y, re);
  v128.store(y + plane, im);
}

export function pass2(x: usize, y: usize, w: usize, h: i32, s: i32): void {
  const plane = <usize>h << 2;
  const half = plane >> 1;
  const step = <usize>s << 2;
  for (const end = x + half; x < end; y += step, w += 8) {
    const c = v128.load32_splat(w);
    const n = v128.load32_splat(w, 4);
    for (const row = x + step; x < row; x += 16, y += 16) {
      const ar = v128.load(x), br = v128.load(x + half);
      const ai = v128.load(x + plane), bi = v128.load(x + half + plane);
      put(y, plane, f32x4.add(ar, br), f32x4.add(ai, bi));
      storeTurned(y + step, plane, f32x4.sub(ar, br), f32x4.sub(ai, bi), c, n);
    }
  }
}

export function pass3(x: usize, y: usize, w: usize, h: i32, s: i32): void {
  const plane = <usize>h << 2;
  const third = plane / 3;
  const step = <usize>s << 2;
  const half = f32x4.splat(<f32>0.5);
  const sin60 = f32x4.splat(<f32>0.8660254037844386);
  for (const end = x + third; x < end; y += 2 * step, w += 16) {
    const c1 = v128.load32_splat(w), n1 = v128.load32_splat(w, 4);
    const c2 = v128.load32_splat(w, 8), n2 = v128.load32_splat(w, 12);
    for (const row = x + step; x < row; x += 16, y += 16) {
      const xb = x + third, xc = xb + third;
      const ar = v128.load(x), br = v128.load(xb), cr = v128.load(xc);
      const ai = v128.load(x + plane), bi = v128.load(xb + plane), ci = v128.load(xc + plane);
      const tr = f32x4.add(br, cr), ti = f32x4.add(bi, ci);
      const ur = nmadd(tr, half, ar), ui = nmadd(ti, half, ai);
      const vr = f32x4.mul(f32x4.sub(br, cr), sin60), vi = f32x4.mul(f32x4.sub(bi, ci), sin60);
      put(y, plane, f32x4.add(ar, tr), f32x4.add(ai, ti));
      storeTurned(y + step, plane, f32x4.add(ur, vi), f32x4.sub(ui, vr), c1, n1);
      storeTurned(y + 2 * step, plane, f32x4.sub(ur, vi), f32x4.add(ui, vr), c2, n2);
    }
  }
}

export function pass4(x: usize, y: usize, w: usize, h: i32, s: i32): void {
  const plane = <usize>h << 2;
  const quarter = <usize>h;
  const step = <usize>s << 2;
  for (const end = x + quarter; x < end; y += 3 * step, w += 24) {
    const c1 = v128.load32_splat(w), n1 = v128.load32_splat(w, 4);
    const c2 = v128.load32_splat(w, 8), n2 = v128.load32_splat(w, 12);
    const c3 = v128.load32_splat(w, 16), n3 = v128.load32_splat(w, 20);
    for (const row = x + step; x < row; x += 16, y += 16) {
      const xb = x + quarter, xc = xb + quarter, xd = xc + quarter;
      const ar = v128.load(x), cr = v128.load(xc), br = v128.load(xb), dr = v128.load(xd);
      const ai = v128.load(x + plane), ci = v128.load(xc + plane), bi = v128.load(xb + plane), di = v128.load(xd + plane);
      const evenR = f32x4.add(ar, cr), evenI = f32x4.add(ai, ci), oddR = f32x4.add(br, dr), oddI = f32x4.add(bi, di);
      const fallR = f32x4.sub(ar, cr), fallI = f32x4.sub(ai, ci), riseR = f32x4.sub(br, dr), riseI = f32x4.sub(bi, di);
      put(y, plane, f32x4.add(evenR, oddR), f32x4.add(evenI, oddI));
      storeTurned(y + step, plane, f32x4.add(fallR, riseI), f32x4.sub(fallI, riseR), c1, n1);
      storeTurned(y + 2 * step, plane, f32x4.sub(evenR, oddR), f32x4.sub(evenI, oddI), c2, n2);
      storeTurned(y + 3 * step, plane, f32x4.sub(fallR, riseI), f32x4.add(fallI, riseR), c3, n3);
    }
  }
}

/** The last pass when it is of radix 4: m = 1, and every twiddle is 1. */
export function lastPass4(x: usize, y: usize, h: i32): void {
  const plane = <usize>h << 2;
  const quarter = <usize>h;
  for (const end = x + quarter; x < end; x += 16, y += 16) {
    const xb = x + quarter, xc = xb + quarter, xd = xc + quarter;
    const ar = v128.load(x), cr = v128.load(xc), br = v128.load(xb), dr = v128.load(xd);
    const ai = v128.load(x + plane), ci = v128.load(xc + plane), bi = v128.load(xb + plane), di = v128.load(xd + plane);
    const evenR = f32x4.add(ar, cr), evenI = f32x4.add(ai, ci), oddR = f32x4.add(br, dr), oddI = f32x4.add(bi, di);
    const fallR = f32x4.sub(ar, cr), fallI = f32x4.sub(ai, ci), riseR = f32x4.sub(br, dr), riseI = f32x4.sub(bi, di);
    put(y, plane, f32x4.add(evenR, oddR), f32x4.add(evenI, oddI));
    put(y + quarter, plane, f32x4.add(fallR, riseI), f32x4.sub(fallI, riseR));
    put(y + 2 * quarter, plane, f32x4.sub(evenR, oddR), f32x4.sub(evenI, oddI));
    put(y + 3 * quarter, plane, f32x4.sub(fallR, riseI), f32x4.add(fallI, riseR));
  }
}

export function pass5(x: usize, y: usize, w: usize, h: i32, s: i32): void {
  const plane = <usize>h << 2;
  const fifth = plane / 5;
  const step = <usize>s << 2;
  const cos72 = f32x4.splat(<f32>0.30901699437494745), cos144 = f32x4.splat(<f32>-0.8090169943749475);
  const sin72 = f32x4.splat(<f32>0.9510565162951535), sin144 = f32x4.splat(<f32>0.5877852522924732);
  for (const end = x + fifth; x < end; y += 4 * step, w += 32) {
    for (const row = x + step; x < row; x += 16, y += 16) {
      const xb = x + fifth, xc = xb + fifth, xd = xc + fifth, xe = xd + fifth;
      const br = v128.load(xb), er = v128.load(xe), cr = v128.load(xc), dr = v128.load(xd);
      const bi = v128.load(xb + plane), ei = v128.load(xe + plane), ci = v128.load(xc + plane), di = v128.load(xd + plane);
      const ar = v128.load(x), ai = v128.load(x + plane);
      const tr = f32x4.add(br, er), ti = f32x4.add(bi, ei), ur = f32x4.add(cr, dr), ui = f32x4.add(ci, di);
      put(y, plane, f32x4.add(f32x4.add(ar, tr), ur), f32x4.add(f32x4.add(ai, ti), ui));
      const evenR = madd(cos144, ur, madd(cos72, tr, ar)), evenI = madd(cos144, ui, madd(cos72, ti, ai));
      const oddR = madd(cos72, ur, madd(cos144, tr, ar)), oddI = madd(cos72, ui, madd(cos144, ti, ai));
      const vr = f32x4.sub(br, er), vi = f32x4.sub(bi, ei), zr = f32x4.sub(cr, dr), zi = f32x4.sub(ci, di);
      const farR = madd(sin144, zr, f32x4.mul(sin72, vr)), farI = madd(sin144, zi, f32x4.mul(sin72, vi));
      const nearR = nmadd(sin72, zr, f32x4.mul(sin144, vr)), nearI = nmadd(sin72, zi, f32x4.mul(sin144, vi));
      let to = y + step;
      turn(to, plane, f32x4.add(evenR, farI), f32x4.sub(evenI, farR), w);
      to += step;
      turn(to, plane, f32x4.add(oddR, nearI), f32x4.sub(oddI, nearR), w + 8);
      to += step;
      turn(to, plane, f32x4.sub(oddR, nearI), f32x4.add(oddI, nearR), w + 16);
      to += step;
      turn(to, plane, f32x4.sub(evenR, farI), f32x4.add(evenI, farR), w + 24);
    }
  }
}

/** As storeTurned, the twiddle read where it is used: a butterfly of five leaves no registers for it. */
// @ts-ignore
@inline
function turn(y: usize, plane: usize, re: v128, im: v128, w: usize): void {
  storeTurned(y, plane, re, im, v128.load32_splat(w), v128.load32_splat(w, 4));
}
