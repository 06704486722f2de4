import { expect, it } from 'vitest';
import { ropeFrequencies } from './rope.ts';
import { addSinusoidalPositions } from './sinusoidal-positions.ts';

const frequencies = ropeFrequencies(10_000, 8);
const at = (position: number, base = 0): Float32Array => {
  const x = new Float32Array(8).fill(base);
  addSinusoidalPositions(x, position, frequencies);
  return x;
};

it('is sin and cos of position / 10000^(2i/n), side by side', () => {
  const y = at(37);
  for (let i = 0; i < 4; i++) {
    const angle = 37 / 10_000 ** ((2 * i) / 8);
    expect(y[2 * i]).toBeCloseTo(Math.sin(angle), 6);
    expect(y[2 * i + 1]).toBeCloseTo(Math.cos(angle), 6);
  }
});

it('adds to what the row holds', () => {
  expect([...at(0, 2)]).toEqual([2, 3, 2, 3, 2, 3, 2, 3]);
});

it('the product of two positions depends on their distance only', () => {
  const product = (a: number, b: number) => at(a).reduce((sum, value, i) => sum + value * at(b)[i]!, 0);
  for (const shift of [1, 1000, 1e6]) expect(product(7 + shift, 3 + shift)).toBeCloseTo(product(7, 3), 5);
});
