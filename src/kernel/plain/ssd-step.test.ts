import { expect, it } from 'vitest';
import { ssdStep } from './ssd-step.ts';

const sizes = { heads: 4, headDim: 1, dState: 1, groups: 2 };
const ones = Float32Array.of(1, 1, 1, 1);

it('gives head j the B and C of group floor(j / (heads / groups))', () => {
  const h = new Float32Array(4);
  const y = new Float32Array(4);
  const dt = new Float64Array(4).fill(1);
  const A = new Float64Array(4).fill(-1);
  ssdStep(h, dt, A, ones, Float32Array.of(2, 3), Float32Array.of(5, 7), new Float32Array(4), y, sizes);
  expect([...h]).toEqual([2, 2, 3, 3]);
  expect([...y]).toEqual([10, 10, 21, 21]);
});

it('with dt = 0 leaves the state as it is and reads it: y = h C + D x', () => {
  const h = Float32Array.of(1, 2, 3, 4);
  const y = new Float32Array(4);
  const D = Float32Array.of(0.5, 0.5, 0.5, 0.5);
  const A = new Float64Array(4).fill(-1);
  ssdStep(h, new Float64Array(4), A, ones, Float32Array.of(9, 9), Float32Array.of(2, 3), D, y, sizes);
  expect([...h]).toEqual([1, 2, 3, 4]);
  expect([...y]).toEqual([2.5, 4.5, 9.5, 12.5]);
});

it('with a huge dt forgets everything but the new input', () => {
  const [h, other] = [Float32Array.of(1e6, 1, -1, 0), new Float32Array(4)];
  const dt = new Float64Array(4).fill(2000);
  const A = new Float64Array(4).fill(-1);
  for (const state of [h, other]) {
    ssdStep(state, dt, A, ones, Float32Array.of(1, 1), Float32Array.of(1, 1), ones, new Float32Array(4), sizes);
  }
  expect(h).toEqual(other);
});
