// The panel-packed product against the plain one: every raggedness of outputs, inputs and rows.

import { describe, expect, it } from 'vitest';
import { availableSimd, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';
import { matvec } from '../plain/matvec.ts';
import { packPanels } from './panels.ts';

const SHAPES = [1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33, 40, 64, 71].flatMap((m) =>
  [1, 3, 4, 8, 21, 64].map((k) => [m, k]),
);
const ROWS = [1, 2, 3, 4, 5, 8, 13, 16];

describe.each(await availableSimd())('matmul, $numerics', ({ kernels }) => {
  function product(weight: Float32Array, bias: Float32Array | undefined, x: Float32Array, m: number, rows: number) {
    const k = x.length / rows;
    const { panels, padded } = packPanels(weight, m, k, bias);
    const arrays = [panels, padded, x, new Float32Array(rows * m)].map(fenced);
    const [w, b, input, output] = arrays.map(({ address }) => address) as [number, number, number, number];
    kernels.matmul(w, b, input, output, m, k, rows);
    expect(arrays.every((array) => array.intact())).toBe(true);
    return Float32Array.from(arrays[3]!.values);
  }
  const plain = (weight: Float32Array, bias: Float32Array | undefined, x: Float32Array, m: number, rows: number) => {
    const k = x.length / rows;
    const y = new Float32Array(rows * m);
    for (let row = 0; row < rows; row++) {
      matvec(weight, x.subarray(row * k, (row + 1) * k), y.subarray(row * m, (row + 1) * m), m, k, bias);
    }
    return y;
  };

  it('agrees with the plain product within k roundings, on any shape', () => {
    const random = seeded(1);
    for (const [m, k] of SHAPES as [number, number][]) {
      for (const rows of ROWS) {
        const [weight, bias, x] = [noise(m * k, random), noise(m, random), noise(rows * k, random)];
        const y = product(weight, bias, x, m, rows);
        plain(weight, bias, x, m, rows).forEach((value, i) => {
          expect(Math.abs(y[i]! - value), `${m} x ${k}, ${rows} rows, value ${i}`).toBeLessThan((k + 2) * 2 ** -23);
        });
      }
    }
  });

  it('gives a row the same bits alone and among others', () => {
    const random = seeded(2);
    for (const [m, k] of SHAPES as [number, number][]) {
      const [weight, x] = [noise(m * k, random), noise(16 * k, random)];
      const together = product(weight, undefined, x, m, 16);
      for (const row of [0, 3, 4, 15]) {
        const alone = product(weight, undefined, x.slice(row * k, (row + 1) * k), m, 1);
        expect(alone).toEqual(together.slice(row * m, (row + 1) * m));
      }
    }
  });

  it('keeps subnormal, tiny and huge values', () => {
    const x = Float32Array.of(1e-40, 1e-30, 1e30, 3e38);
    const identity = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    expect(product(identity, undefined, x, 4, 1)).toEqual(x);
    expect([...product(Float32Array.of(2, 2, 2, 2), undefined, x, 1, 1)]).toEqual([Infinity]);
  });

  it('carries NaN to the outputs that see it, in its own row only', () => {
    const x = Float32Array.of(1, NaN, 1, 1);
    const y = product(Float32Array.of(1, 1), undefined, x, 1, 2);
    expect([...y]).toEqual([NaN, 2]);
  });
});
