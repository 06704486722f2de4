import { describe, expect, it } from 'vitest';
import { associativeScan } from './associative-scan.ts';

const values = (length: number, seed: number) => Float64Array.from({ length }, (_, i) => Math.sin(seed + 1.7 * i));

describe('associativeScan', () => {
  it('is the loop, for every length up to 70, which no power of two divides', () => {
    for (let rows = 1; rows <= 70; rows++) {
      const lanes = 3;
      const [a, b] = [values(rows * lanes, 1), values(rows * lanes, 2)];
      const [products, h] = [a.slice(), b.slice()];
      for (let i = lanes; i < h.length; i++) {
        h[i] = a[i]! * h[i - lanes]! + b[i]!;
        products[i] = a[i]! * products[i - lanes]!;
      }
      associativeScan(a, b, rows, lanes);
      const errors = [...h.map((value, i) => b[i]! - value), ...products.map((value, i) => a[i]! - value)];
      expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1e-14);
    }
  });

  it('composes in the order of time, around an identity', () => {
    const [a, b] = [Float64Array.of(2, 1, 3), Float64Array.of(5, 0, 7)];
    associativeScan(a, b, 3, 1);
    expect([...a]).toEqual([2, 2, 6]);
    expect([...b]).toEqual([5, 5, 22]); // 3 * 5 + 7; in the wrong order of time it would be 2 * 7 + 5 = 19
  });
});
