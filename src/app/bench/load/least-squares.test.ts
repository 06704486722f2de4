import { expect, it } from 'vitest';
import { fitLine } from './least-squares.ts';

it('finds a line that is one, with no doubt', () => {
  const xs = [0, 1, 2, 3, 7];
  const { slope, halfWidth } = fitLine(
    xs,
    xs.map((x) => 3 - 2 * x),
  );
  expect(slope).toBeCloseTo(-2, 12);
  expect(halfWidth).toBeCloseTo(0, 6);
});

it('knows the interval of a textbook example', () => {
  // x = 1..10, y = x + alternating 1, -1: slope 1 - 10/165 * ... by hand: Sxx = 82.5, Sxy = 77.5, residual sum = 9.697,
  // standard error = sqrt(9.697 / 8 / 82.5) = 0.12121, t(8, 97.5 %) = 2.306.
  const xs = Array.from({ length: 10 }, (_, i) => i + 1);
  const { slope, halfWidth } = fitLine(
    xs,
    xs.map((x, i) => x + (i % 2 === 0 ? 1 : -1)),
  );
  expect(slope).toBeCloseTo(77.5 / 82.5, 12);
  expect(halfWidth).toBeCloseTo(2.306 * 0.12121, 2);
});

it('has no interval below three samples', () => {
  expect(fitLine([0, 1], [5, 6])).toEqual({ slope: 1, halfWidth: Infinity });
});
