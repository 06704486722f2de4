import { expect, it } from 'vitest';
import { groupNorm } from './group-norm.ts';
import { layerNorm } from './layer-norm.ts';

const ones = new Float32Array(4).fill(1);
const zeros = new Float32Array(4);

it('layerNorm gives a row of mean 0 and mean square 1 before weight and bias, and may work in place', () => {
  const x = Float32Array.of(1, 2, 3, 6);
  const y = new Float32Array(4);
  layerNorm(x, ones, zeros, 1e-12, y);
  expect(y.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
  expect(y.reduce((sum, value) => sum + value * value, 0) / 4).toBeCloseTo(1, 6);
  layerNorm(x, ones, zeros, 1e-12, x);
  expect(x).toEqual(y);
});

it('layerNorm puts eps under the root, then weight, then bias', () => {
  const y = new Float32Array(2);
  layerNorm(Float32Array.of(-1, 1), Float32Array.of(2, 4), Float32Array.of(10, 20), 3, y); // 1 / sqrt(1 + 3)
  expect(y).toEqual(Float32Array.of(9, 22));
});

it('layerNorm turns a constant row into its bias, however large the constant', () => {
  const y = new Float32Array(3);
  layerNorm(new Float32Array(3).fill(1e6), Float32Array.of(1, 1, 1), Float32Array.of(1, 2, 3), 1e-5, y);
  expect(y).toEqual(Float32Array.of(1, 2, 3));
});

it('groupNorm norms each group as layerNorm norms a row', () => {
  const x = Float32Array.of(1, 2, 3, 100, -50, 7);
  const weight = Float32Array.of(1, 2, 3, 4, 5, 6);
  const bias = Float32Array.of(6, 5, 4, 3, 2, 1);
  const y = new Float32Array(6);
  groupNorm(x, 2, weight, bias, 64e-5, y);
  const expected = new Float32Array(6);
  for (const at of [0, 3]) {
    const part = (row: Float32Array) => row.subarray(at, at + 3);
    layerNorm(part(x), part(weight), part(bias), 64e-5, part(expected));
  }
  expect(y).toEqual(expected);
  groupNorm(x, 2, weight, bias, 64e-5, x);
  expect(x).toEqual(y);
});
