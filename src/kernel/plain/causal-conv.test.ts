import { expect, it } from 'vitest';
import { causalConvSkip, causalConvStep } from './causal-conv.ts';

it('multiplies the newest input by the last weight and starts from zeros', () => {
  const state = new Float32Array(2);
  const weight = Float32Array.of(100, 10, 1);
  const y = new Float32Array(1);
  const outputs = [1, 2, 3, 4].map((value) => {
    causalConvStep(state, Float32Array.of(value), weight, Float32Array.of(0.5), y, 1, 3);
    return y[0];
  });
  expect(outputs).toEqual([1.5, 12.5, 123.5, 234.5]);
  expect(state).toEqual(Float32Array.of(3, 4));
});

it('keeps channels apart, works in place, and with one tap keeps nothing', () => {
  const x = Float32Array.of(5, 7);
  const state = Float32Array.of(1, 2);
  causalConvStep(state, x, Float32Array.of(1, 10, 1, 10), new Float32Array(2), x, 2, 2);
  expect([...x]).toEqual([51, 72]);
  expect([...state]).toEqual([5, 7]);
  causalConvStep(new Float32Array(0), x, Float32Array.of(2, 3), Float32Array.of(1, 1), x, 2, 1);
  expect([...x]).toEqual([103, 217]);
});

it.each([0, 1, 2, 3, 1000])('skips %i rows as that many zero inputs', (rows) => {
  const start = Float32Array.of(1, 2, 3, 4, 5, 6);
  const stepped = start.slice();
  const y = new Float32Array(2);
  for (let t = 0; t < rows; t++) causalConvStep(stepped, new Float32Array(2), new Float32Array(8), y, y, 2, 4);
  causalConvSkip(start, 2, 4, rows);
  expect(start).toEqual(stepped);
});
