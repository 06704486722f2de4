import { expect, it } from 'vitest';
import { matvec } from './matvec.ts';

/** Numbers that are not round in f32, the same each run. */
const wobble = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => (((i + 1) * 7919 * seed) % 1009) / 1009 - 0.5);

it.each([
  [1, 1],
  [3, 5],
  [4, 4],
  [9, 48],
  [230, 47],
])('has the bits of the plain two-loop form for %i x %i weights, with and without bias', (m, k) => {
  const w = wobble(m * k, 1);
  const x = wobble(k, 2);
  const bias = wobble(m, 3);
  const sums = (start: Float32Array) =>
    Float32Array.from(start, (first, i) => x.reduce((sum, value, j) => sum + w[i * k + j]! * value, first));
  const y = new Float32Array(m).fill(NaN);
  matvec(w, x, y, m, k);
  expect(y).toEqual(sums(new Float32Array(m)));
  matvec(w, x, y, m, k, bias);
  expect(y).toEqual(sums(bias));
});

it('adds in float64: a large pair that cancels leaves the small term', () => {
  const y = new Float32Array(1);
  matvec(Float32Array.of(1e8, 1, -1e8), Float32Array.of(1, 1, 1), y, 1, 3);
  expect(y[0]).toBe(1);
});
