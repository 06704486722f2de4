import { expect, it } from 'vitest';
import { attendRing } from './attention-ring.ts';

const one = { heads: 1, kvHeads: 1, headDim: 2 };

function attend(q: number[], k: number[], v: number[], rows: number[], position: number, sizes = one): number[] {
  const y = new Float32Array(q.length);
  const scores = new Float64Array(rows.length);
  const [key, value] = [Float32Array.from(k), Float32Array.from(v)];
  attendRing(Float32Array.from(q), key, value, Float64Array.from(rows), position, scores, y, sizes);
  return [...y];
}

it('averages the values of equal keys', () => {
  expect(attend([1, 1], [0, 0, 0, 0], [2, 4, 6, 8], [0, 1], 1)).toEqual([4, 6]);
});

it('counts only slots whose row lies in (position - window, position]', () => {
  const values = [1, 1, 2, 2, 4, 4, 8, 8];
  const keys = new Array(8).fill(0);
  expect(attend([1, 1], keys, values, [0, -1, -1, -1], 0)).toEqual([1, 1]); // a ring just begun
  expect(attend([1, 1], keys, values, [8, 5, 6, 7], 8)).toEqual([3.75, 3.75]); // full
  expect(attend([1, 1], keys, values, [8, 1, 6, 3], 8)).toEqual([2.5, 2.5]); // after a gap: rows 1 and 3 are too old
});

it('does not care where in the ring a row lies', () => {
  const a = attend([1, 2], [1, 0, 0, 1], [1, 2, 3, 4], [4, 5], 5);
  const b = attend([1, 2], [0, 1, 1, 0], [3, 4, 1, 2], [5, 4], 5);
  expect(a[0]).toBeCloseTo(b[0]!, 6);
  expect(a[1]).toBeCloseTo(b[1]!, 6);
});

it('survives scores beyond the range of exp', () => {
  expect(attend([1000, 0], [1000, 0, -1000, 0], [1, 2, 3, 4], [0, 1], 1)).toEqual([1, 2]);
  expect(attend([-1000, 0], [1000, 0, 1000, 0], [1, 2, 3, 4], [0, 1], 1)).toEqual([2, 3]);
});

it('with copied key heads gives grouped queries what separate heads would get', () => {
  const q = [1, 2, -1, 0.5];
  const grouped = attend(q, [1, 0, 0, 1], [1, 2, 3, 4], [0, 1], 1, { heads: 2, kvHeads: 1, headDim: 2 });
  const copiedK = [1, 0, 1, 0, 0, 1, 0, 1];
  const copiedV = [1, 2, 1, 2, 3, 4, 3, 4];
  const separate = attend(q, copiedK, copiedV, [0, 1], 1, { heads: 2, kvHeads: 2, headDim: 2 });
  expect(grouped).toEqual(separate);
});
