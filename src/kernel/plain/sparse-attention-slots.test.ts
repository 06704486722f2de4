import { expect, it } from 'vitest';
import { attendSlots } from './sparse-attention-slots.ts';

const one = { heads: 1, kvHeads: 1, headDim: 2 };
function attend(q: number[], k: number[], v: number[], slots: number[], sizes = one): number[] {
  const y = new Float32Array(q.length);
  const [a, b, c] = [q, k, v].map((values) => Float32Array.from(values));
  attendSlots(a!, b!, c!, Uint32Array.from(slots), slots.length, new Float64Array(slots.length), y, sizes);
  return [...y];
}

it('averages the values of equal keys, of the listed slots alone', () => {
  const values = [1, 1, 2, 2, 4, 4, 9, 9];
  expect(attend([1, 1], new Array(8).fill(0), values, [2, 0])).toEqual([2.5, 2.5]);
  expect(attend([1, 1], new Array(8).fill(0), values, [3])).toEqual([9, 9]);
});

it('survives scores beyond the range of exp', () => {
  expect(attend([1000, 0], [1000, 0, -1000, 0], [1, 2, 3, 4], [0, 1])).toEqual([1, 2]);
  expect(attend([-1000, 0], [1000, 0, 1000, 0], [1, 2, 3, 4], [1, 0])).toEqual([2, 3]);
});

it('lets groups of query heads share a key head', () => {
  const sizes = { heads: 4, kvHeads: 2, headDim: 2 };
  const y = attend([1, 0, 1, 0, 1, 0, 1, 0], [0, 0, 0, 0], [1, 2, 3, 4], [0], sizes);
  expect(y).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
});
