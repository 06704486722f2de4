import { expect, it } from 'vitest';
import { seededRandom } from '../../cell/seeded-random.ts';
import { meanInterval } from './bootstrap.ts';

it('holds the mean, narrows with the root of the count, says the same twice', () => {
  const random = seededRandom(3);
  const values = Array.from({ length: 400 }, () => random()); // uniform in -1..1: standard deviation 0.577
  const width = ({ interval: [low, high] }: ReturnType<typeof meanInterval>) => high - low;
  const all = meanInterval(values);
  expect(width(all)).toBeGreaterThan((0.8 * 2 * 1.96 * 0.577) / 20);
  expect(width(all)).toBeLessThan((1.2 * 2 * 1.96 * 0.577) / 20);
  expect(width(meanInterval(values.slice(0, 100)))).toBeGreaterThan(1.6 * width(all));
  expect(meanInterval(values)).toEqual(all);
});

it('has no width for one value or equal ones, and is NaN for none', () => {
  expect(meanInterval([3])).toEqual({ mean: 3, interval: [3, 3] });
  expect(meanInterval([2, 2, 2])).toEqual({ mean: 2, interval: [2, 2] });
  expect(meanInterval([]).mean).toBeNaN();
});
