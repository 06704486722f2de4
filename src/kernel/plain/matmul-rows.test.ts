import { describe, expect, it } from 'vitest';
import { matmulRows } from './matmul-rows.ts';
import { matvec } from './matvec.ts';

const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + 1.7 * i));

describe('matmulRows', () => {
  it.each([
    [1, 1, 1],
    [2, 4, 3],
    [3, 7, 5],
    [5, 9, 1],
    [8, 12, 16],
  ])('of %i rows, %i by %i, has the bits of matvec row by row', (rows, m, k) => {
    const [w, x, bias] = [values(m * k, 1), values(rows * k, 2), values(m, 3)];
    for (const b of [undefined, bias]) {
      const y = new Float32Array(rows * m + 1).fill(NaN);
      matmulRows(w, x, y, rows, m, k, b);
      const expected = new Float32Array(rows * m);
      for (let t = 0; t < rows; t++) matvec(w, x.slice(t * k), expected.subarray(t * m), m, k, b);
      expect([...y.subarray(0, rows * m)]).toEqual([...expected]);
      expect(y[rows * m]).toBeNaN(); // nothing beyond
    }
  });
});
