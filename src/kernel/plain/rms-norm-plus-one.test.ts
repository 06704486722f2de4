import { expect, it } from 'vitest';
import { rmsNorm } from './rms-norm.ts';
import { rmsNormPlusOne } from './rms-norm-plus-one.ts';

it('is the plain norm with a weight that counts from 1, and may work in place', () => {
  const x = Float32Array.of(3, -4, 12, 0);
  const w = Float32Array.of(0, 0.5, -1, 2);
  const [y, plain] = [new Float32Array(4), new Float32Array(4)];
  rmsNormPlusOne(x, w, 1e-6, y);
  rmsNorm(
    x,
    w.map((value) => 1 + value),
    1e-6,
    plain,
  );
  expect(y).toEqual(plain);
  expect(y[2]).toBe(0);
  rmsNormPlusOne(x, w, 1e-6, x);
  expect(x).toEqual(y);
});
