import { expect, it } from 'vitest';
import { silu } from '../../base/math.ts';
import { gatedRmsNorm } from './gated-rms-norm.ts';
import { rmsNorm } from './rms-norm.ts';

it('rmsNorm gives a row of mean square 1 before the weight, and may work in place', () => {
  const x = Float32Array.of(3, -4, 12, 0);
  const y = new Float32Array(4);
  rmsNorm(x, Float32Array.of(1, 1, 1, 1), 1e-12, y);
  expect(y.reduce((sum, value) => sum + value * value, 0) / 4).toBeCloseTo(1, 6);
  rmsNorm(x, Float32Array.of(1, 1, 1, 1), 1e-12, x);
  expect(x).toEqual(y);
});

it('rmsNorm leaves a silent row silent: eps stands under the root', () => {
  const y = new Float32Array(3).fill(NaN);
  rmsNorm(new Float32Array(3), Float32Array.of(1, 2, 3), 1e-5, y);
  expect(y).toEqual(new Float32Array(3));
  rmsNorm(Float32Array.of(1, 1, 1), Float32Array.of(1, 2, 3), 3, y); // 1 / sqrt(1 + 3)
  expect(y).toEqual(Float32Array.of(0.5, 1, 1.5));
});

it('gatedRmsNorm gates before it norms', () => {
  const y = Float32Array.of(1, 2);
  const z = Float32Array.of(2, -1);
  const out = new Float32Array(2);
  gatedRmsNorm(y, z, Float32Array.of(1, 1), 1e-5, out);
  const gated = [silu(2), 2 * silu(-1)];
  const rms = Math.sqrt((gated[0]! ** 2 + gated[1]! ** 2) / 2 + 1e-5);
  expect(out[0]).toBeCloseTo(gated[0]! / rms, 6);
  expect(out[1]).toBeCloseTo(gated[1]! / rms, 6);
});

it('gatedRmsNorm of two groups is each half by itself', () => {
  const [y, z, weight] = [Float32Array.of(1, 2, 30, -4), Float32Array.of(2, -1, 1, 3), Float32Array.of(1, 2, 3, 4)];
  const out = new Float32Array(4);
  gatedRmsNorm(y, z, weight, 1e-5, out, 2);
  for (const from of [0, 2]) {
    const half = new Float32Array(2);
    const part = (row: Float32Array) => row.subarray(from, from + 2);
    gatedRmsNorm(part(y), part(z), part(weight), 1e-5, half);
    expect(part(out)).toEqual(half);
  }
});
