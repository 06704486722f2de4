// The butterflies of the FFT for radix 3 and 5; what a pass is and does: fft-radix-even.ts.

import { cos, sin } from '../../base/math.ts';
import { put } from './fft-radix-even.ts';

const SIN_60 = Math.sqrt(0.75);
const COS_72 = cos((2 * Math.PI) / 5);
const SIN_72 = sin((2 * Math.PI) / 5);
const COS_144 = cos((4 * Math.PI) / 5);
const SIN_144 = sin((4 * Math.PI) / 5);

export function radix3(x: Float64Array, y: Float64Array, w: Float64Array, m: number, s: number): void {
  const hop = 2 * s * m;
  for (let p = 0; p < m; p++) {
    for (let q = 0; q < s; q++) {
      const a = 2 * (q + s * p);
      const re = x[a + hop]! + x[a + 2 * hop]!;
      const im = x[a + 1 + hop]! + x[a + 1 + 2 * hop]!;
      const cr = x[a]! - 0.5 * re;
      const ci = x[a + 1]! - 0.5 * im;
      const dr = SIN_60 * (x[a + hop]! - x[a + 2 * hop]!);
      const di = SIN_60 * (x[a + 1 + hop]! - x[a + 1 + 2 * hop]!);
      const at = q + s * 3 * p;
      y[2 * at] = x[a]! + re;
      y[2 * at + 1] = x[a + 1]! + im;
      put(y, at + s, cr + di, ci - dr, w, p * s);
      put(y, at + 2 * s, cr - di, ci + dr, w, 2 * p * s);
    }
  }
}

export function radix5(x: Float64Array, y: Float64Array, w: Float64Array, m: number, s: number): void {
  const hop = 2 * s * m;
  for (let p = 0; p < m; p++) {
    for (let q = 0; q < s; q++) {
      const a = 2 * (q + s * p);
      const ar = x[a + hop]! + x[a + 4 * hop]!; // sums and differences of the pairs (1, 4) and (2, 3)
      const ai = x[a + 1 + hop]! + x[a + 1 + 4 * hop]!;
      const br = x[a + hop]! - x[a + 4 * hop]!;
      const bi = x[a + 1 + hop]! - x[a + 1 + 4 * hop]!;
      const cr = x[a + 2 * hop]! + x[a + 3 * hop]!;
      const ci = x[a + 1 + 2 * hop]! + x[a + 1 + 3 * hop]!;
      const dr = x[a + 2 * hop]! - x[a + 3 * hop]!;
      const di = x[a + 1 + 2 * hop]! - x[a + 1 + 3 * hop]!;
      const er = x[a]! + COS_72 * ar + COS_144 * cr;
      const ei = x[a + 1]! + COS_72 * ai + COS_144 * ci;
      const fr = x[a]! + COS_144 * ar + COS_72 * cr;
      const fi = x[a + 1]! + COS_144 * ai + COS_72 * ci;
      const gr = SIN_72 * br + SIN_144 * dr;
      const gi = SIN_72 * bi + SIN_144 * di;
      const hr = SIN_144 * br - SIN_72 * dr;
      const hi = SIN_144 * bi - SIN_72 * di;
      const at = q + s * 5 * p;
      y[2 * at] = x[a]! + ar + cr;
      y[2 * at + 1] = x[a + 1]! + ai + ci;
      put(y, at + s, er + gi, ei - gr, w, p * s);
      put(y, at + 2 * s, fr + hi, fi - hr, w, 2 * p * s);
      put(y, at + 3 * s, fr - hi, fi + hr, w, 3 * p * s);
      put(y, at + 4 * s, er - gi, ei + gr, w, 4 * p * s);
    }
  }
}
