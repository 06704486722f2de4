import { expect, it } from 'vitest';
import { ropeFrequencies, ropeRotation, rotateHalf } from './rope.ts';

const headDim = 8;
const frequencies = ropeFrequencies(10_000, headDim);
function rotated(x: Float32Array, position: number): Float32Array {
  const rotation = new Float64Array(headDim);
  ropeRotation(position, frequencies, rotation);
  const y = x.slice();
  rotateHalf(y, rotation);
  return y;
}
const q = Float32Array.of(1, -2, 3, 0.5, 0.25, 4, -1, 2);
const k = Float32Array.of(0.5, 1, -1, 2, 3, -0.5, 1, 1);
const score = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

it('has frequencies theta^(-2i/d)', () => {
  [1, 0.1, 0.01, 0.001].forEach((expected, i) => {
    expect(frequencies[i]).toBeCloseTo(expected, 15);
  });
});

it('pairs element i with i + d/2 and turns by position * frequency', () => {
  const y = rotated(Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0), 2);
  expect(y[0]).toBeCloseTo(Math.cos(2), 7);
  expect(y[4]).toBeCloseTo(Math.sin(2), 7);
  expect([...y].filter((_, i) => i % 4 !== 0)).toEqual([0, 0, 0, 0, 0, 0]);
});

it.each([0, 1, 1000, 1_000_000])('scores depend on the distance only (shift %i)', (shift) => {
  const near = score(rotated(q, 7), rotated(k, 3));
  expect(Math.abs(score(rotated(q, 7 + shift), rotated(k, 3 + shift)) - near)).toBeLessThan(5e-6);
});

it('rotates each head of a row alike', () => {
  const two = new Float32Array(2 * headDim);
  two.set(q);
  two.set(k, headDim);
  const rotation = new Float64Array(headDim);
  ropeRotation(11, frequencies, rotation);
  rotateHalf(two, rotation);
  expect([...two]).toEqual([...rotated(q, 11), ...rotated(k, 11)]);
});
