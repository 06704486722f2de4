// The norms against the plain ones: ragged widths, strides, groups, rows of silence and of huge values.

import { describe, expect, it } from 'vitest';
import { availableSimd, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';
import { gatedRmsNorm } from '../plain/gated-rms-norm.ts';
import { layerNorm } from '../plain/layer-norm.ts';
import { rmsNorm } from '../plain/rms-norm.ts';

const WIDTHS = [1, 2, 3, 4, 5, 8, 15, 64, 130];
const EPS = 1e-5;
const SCALES = [0, 1e-20, 1, 1e15];
const ROWS = SCALES.length;
const within = (actual: Float32Array, expected: Float32Array, bound: number): boolean => {
  const scale = Math.max(1e-30, ...expected.map(Math.abs));
  return actual.every((value, i) => Math.abs(value - expected[i]!) <= bound * scale);
};

/** A row of each scale. */
const rowsOf = (n: number, seed: number): Float32Array =>
  noise(ROWS * n, seeded(seed)).map((value, i) => value * SCALES[Math.floor(i / n)]!);

describe.each(await availableSimd())('norms, $numerics', ({ kernels }) => {
  it.each(WIDTHS)('rmsNorm of rows of %i', (n) => {
    const [x, weight] = [rowsOf(n, n), noise(n, seeded(1))];
    const arrays = [x, weight, new Float32Array(ROWS * n)].map(fenced);
    kernels.rmsNorm(arrays[0]!.address, arrays[1]!.address, arrays[2]!.address, n, EPS, ROWS);
    for (let row = 0; row < ROWS; row++) {
      const [from, to, exact] = [row * n, (row + 1) * n, new Float32Array(n)];
      rmsNorm(x.slice(from, to), weight, EPS, exact);
      expect(within(arrays[2]!.values.slice(from, to), exact, 1e-6)).toBe(true);
    }
    expect(arrays.every((array) => array.intact())).toBe(true);
  });

  it.each(WIDTHS.filter((n) => n > 1))('layerNorm of rows of %i', (n) => {
    const [x, weight, bias] = [rowsOf(n, n), noise(n, seeded(1)), noise(n, seeded(2))];
    const arrays = [x, weight, bias].map(fenced);
    const [from, w, b] = arrays.map(({ address }) => address) as [number, number, number];
    kernels.layerNorm(from, w, b, from, n, EPS, ROWS); // in place
    for (let row = 0; row < ROWS; row++) {
      const exact = new Float32Array(n);
      layerNorm(x.slice(row * n, (row + 1) * n), weight, bias, EPS, exact);
      expect(within(arrays[0]!.values.slice(row * n, (row + 1) * n), exact, 1e-5)).toBe(true);
    }
    expect(arrays.every((array) => array.intact())).toBe(true);
  });

  it.each([1, 2, 3].flatMap((groups) => [1, 4, 6, 32].map((part) => [groups, part] as const)))(
    'gatedRmsNorm of %i groups of %i',
    (groups, part) => {
      const n = groups * part;
      const stride = n + 5;
      const [y, z, weight] = [rowsOf(n, n), noise(ROWS * stride, seeded(3)), noise(n, seeded(4))];
      const arrays = [y, z, weight].map(fenced);
      const [to, gate, w] = arrays.map(({ address }) => address) as [number, number, number];
      kernels.gatedRmsNorm(to, gate, stride, w, n, groups, EPS, ROWS);
      for (let row = 0; row < ROWS; row++) {
        const exact = new Float32Array(n);
        const input = y.slice(row * n, (row + 1) * n);
        gatedRmsNorm(input, z.slice(row * stride, row * stride + n), weight, EPS, exact, groups);
        expect(within(arrays[0]!.values.slice(row * n, (row + 1) * n), exact, 2e-6)).toBe(true);
      }
      expect(arrays.every((array) => array.intact())).toBe(true);
    },
  );
});
