import { expect, it } from 'vitest';
import { findMost } from './find-most.ts';

const SEARCH = { from: 16, most: 1000, precision: 0.05 };

it('finds what is kept to the precision asked for, from below, for every limit there can be', async () => {
  for (let limit = 0; limit <= 1100; limit++) {
    const kept = await findMost(async (level) => level <= limit, SEARCH);
    const most = Math.min(limit, SEARCH.most);
    expect(kept).toBeLessThanOrEqual(most);
    expect(most - kept).toBeLessThanOrEqual(Math.max(1, 0.05 * kept));
  }
});

it('asks for no more than it may, and about as often as doubling and halving need', async () => {
  const asked: number[] = [];
  await findMost(async (level) => {
    asked.push(level);
    return level <= 300;
  }, SEARCH);
  expect(asked.slice(0, 7)).toEqual([16, 32, 64, 128, 256, 512, 512]);
  expect(Math.max(...asked)).toBeLessThanOrEqual(SEARCH.most);
  expect(asked.length).toBeLessThanOrEqual(16);
});

it('lets one hiccup pass, not two', async () => {
  let calls = 0;
  const hiccup = (bad: number) => async (level: number) => ++calls !== bad && level <= 200;
  const steady = await findMost(async (level) => level <= 200, SEARCH);
  expect(await findMost(hiccup(2), SEARCH)).toBe(steady);
  calls = 0;
  expect(await findMost(async (level) => (++calls < 2 || calls > 3) && level <= 200, SEARCH)).toBeLessThan(32);
});
