// The elementary functions of simd/math.ts against float64 over the whole range of float32, at the edges, and in arrays whose
// neighbours must stay as they were. Errors in units of the last place of the true value rounded to float32.

import { describe, expect, it } from 'vitest';
import * as math from '../../base/math.ts';
import { geluTanh } from '../plain/gelu-tanh.ts';
import { createRegion } from './region.ts';
import { loadSimd, type Simd } from './simd.ts';

const LEAST_NORMAL = 2 ** -126;
const region = createRegion();
const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);
const float = (pattern: number): number => {
  bits[0] = pattern;
  return value[0]!;
};

/** Distance between neighbouring float32 values at |x|. */
function ulp(x: number): number {
  value[0] = Math.abs(x);
  return Math.max(float(bits[0]! + 1) - Math.fround(Math.abs(x)), 2 ** -149);
}

/** Every `stride`th float32 bit pattern of both signs, without NaN. */
function sweep(stride: number): Float32Array {
  const half = Math.floor(0x7f800000 / stride);
  return Float32Array.from({ length: 2 * half }, (_, i) => {
    const magnitude = float((i % half) * stride + (i % stride));
    return i < half ? magnitude : -magnitude;
  });
}
const between = (low: number, high: number, n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => low + ((high - low) * i) / n);

type Name =
  | 'expInto'
  | 'exp2Into'
  | 'sigmoidInto'
  | 'siluInto'
  | 'softplusInto'
  | 'logInto'
  | 'tanhInto'
  | 'geluTanhInto';

const PART = 65_536;
const scratch = region.floats(PART);

function apply(simd: Simd, name: Name, x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  for (let from = 0; from < x.length; from += PART) {
    const part = x.subarray(from, from + PART);
    const view = region.view(scratch, part.length);
    view.set(part);
    simd.kernels[name](scratch, scratch, part.length);
    y.set(view, from);
  }
  return y;
}

const softplus = (x: number): number => Math.max(x, 0) + math.log1p(math.exp(-Math.abs(x)));

/** Relative: every true result that is a normal float32. ULP: the most allowed. Ranges: where results are neither 0 nor Infinity. */
const CASES: readonly { name: Name; exact: (x: number) => number; ulps: number; low: number; high: number }[] = [
  { name: 'expInto', exact: math.exp, ulps: 1.5, low: -87.336, high: 88.7228 },
  { name: 'exp2Into', exact: (x) => math.exp(x * Math.LN2), ulps: 1.5, low: -126, high: 127.999 },
  { name: 'sigmoidInto', exact: math.sigmoid, ulps: 3, low: -87.33, high: 30 },
  { name: 'siluInto', exact: math.silu, ulps: 3, low: -87.33, high: 100 },
  { name: 'softplusInto', exact: softplus, ulps: 3, low: -87.33, high: 100 },
  { name: 'logInto', exact: math.log, ulps: 2.5, low: 1e-6, high: 4 },
  { name: 'tanhInto', exact: math.tanh, ulps: 3, low: -10, high: 10 },
];

// Node 20 has no relaxed SIMD.
const engines = [await loadSimd('portable'), await loadSimd('relaxed').catch(() => undefined)].filter((simd) => !!simd);

describe.each(engines)('elementary functions, $numerics', (simd) => {
  it.each(CASES)('$name is within $ulps ulp wherever the result is normal', ({ name, exact, ulps, low, high }) => {
    const x = Float32Array.from([...sweep(9973), ...between(low, high, 200_000), ...between(-1, 1, 100_000)]);
    const y = apply(simd, name, x);
    let worst = 0;
    let at = 0;
    for (let i = 0; i < x.length; i++) {
      if (name === 'logInto' && !(x[i]! > 0)) continue;
      const expected = exact(x[i]!);
      const normal = Math.abs(expected) >= LEAST_NORMAL && Math.abs(expected) < 2 ** 128 * (1 - 2 ** -24);
      if (!normal || (name === 'siluInto' && x[i]! < -87.33)) continue;
      const error = Math.abs(y[i]! - expected) / ulp(expected);
      if (!(error <= worst)) {
        worst = error;
        at = x[i]!;
      }
    }
    expect(worst, `at ${at}`).toBeLessThanOrEqual(ulps);
  });

  it('geluTanhInto is within 5e-7 relative for x >= -2, and within 2e-7 of max(1, |x|) in all', () => {
    const x = Float32Array.from([...between(-20, 20, 400_000), ...sweep(99_991)]);
    const y = apply(simd, 'geluTanhInto', x);
    let relative = 0;
    let absolute = 0;
    for (let i = 0; i < x.length; i++) {
      const expected = geluTanh(x[i]!);
      const error = Math.abs(y[i]! - expected);
      if (x[i]! >= -2 && Math.abs(expected) >= LEAST_NORMAL) relative = Math.max(relative, error / Math.abs(expected));
      absolute = Math.max(absolute, error / Math.max(1, Math.abs(x[i]!)));
    }
    expect(relative).toBeLessThanOrEqual(5e-7);
    expect(absolute).toBeLessThanOrEqual(2e-7);
  });

  it.each([
    // x, e^x, 2^x, sigmoid, silu, softplus, log, tanh, gelu
    [0, 1, 1, 0.5, 0, Math.fround(Math.LN2), -Infinity, 0, 0],
    [Infinity, Infinity, Infinity, 1, Infinity, Infinity, Infinity, 1, Infinity],
    [-Infinity, 0, 0, 0, NaN, 0, NaN, -1, NaN],
    [NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN],
    [200, Infinity, Infinity, 1, 200, 200, Math.fround(Math.log(200)), 1, 200],
    [-200, 0, 0, 0, -0, 0, NaN, -1, -0],
    [3e38, Infinity, Infinity, 1, 3e38, 3e38, Math.fround(Math.log(3e38)), 1, 3e38],
    [-3e38, 0, 0, 0, -0, 0, NaN, -1, -0],
  ])('at %d', (x, ...expected) => {
    const names = [
      'expInto',
      'exp2Into',
      'sigmoidInto',
      'siluInto',
      'softplusInto',
      'logInto',
      'tanhInto',
      'geluTanhInto',
    ] as const;
    const found = names.map((name) => apply(simd, name, Float32Array.of(x))[0]);
    expect(found).toEqual(expected.map(Math.fround));
  });

  it('gives no subnormal results for normal inputs, and keeps tanh, silu and the sign of tiny ones', () => {
    const x = between(-104, -80, 100_000);
    for (const name of ['expInto', 'sigmoidInto', 'softplusInto'] as const) {
      expect(apply(simd, name, x).every((y) => y === 0 || y >= LEAST_NORMAL)).toBe(true);
    }
    expect(apply(simd, 'exp2Into', between(-150, -120, 100_000)).every((y) => y === 0 || y >= LEAST_NORMAL)).toBe(true);
    const tiny = Float32Array.of(1e-40, -1e-40, 1e-30, -1e-30, -0);
    expect(apply(simd, 'tanhInto', tiny)).toEqual(tiny);
    expect(apply(simd, 'siluInto', tiny)).toEqual(tiny.map((v) => v / 2));
    expect(apply(simd, 'logInto', Float32Array.of(2 ** -149, 1e-40, 2 ** -126))).toEqual(
      Float32Array.of(2 ** -149, Math.fround(1e-40), 2 ** -126).map(Math.log),
    );
  });

  it('gives the same bits in any lane and writes nothing beyond n', () => {
    const at = region.floats(64);
    const view = region.view(at, 64);
    const x = between(-3, 5, 24);
    for (const { name } of CASES) {
      const whole = apply(simd, name, x);
      for (let n = 0; n < 24; n++) {
        for (const start of [20, 21]) {
          view.fill(NaN);
          view.set(x.subarray(0, n), start);
          simd.kernels[name](at + 4 * start, at + 4 * start, n);
          expect(view.subarray(start, start + n)).toEqual(whole.subarray(0, n));
          expect(view.subarray(0, start).every(Number.isNaN)).toBe(true);
          expect(view.subarray(start + n).every(Number.isNaN)).toBe(true);
        }
      }
    }
  });

  it.each(['addInto', 'multiplyInto'] as const)('%s works in place on any length', (name) => {
    const at = region.floats(32);
    const other = region.keep(between(1, 2, 32));
    const view = region.view(at, 32);
    for (let n = 0; n < 32; n++) {
      view.fill(3);
      simd.kernels[name](at, other, n);
      const expected = between(1, 2, 32).map((by, i) => (i >= n ? 3 : name === 'addInto' ? 3 + by : 3 * by));
      expect(view).toEqual(expected);
    }
  });
});
