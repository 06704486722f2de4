// A stream to which everything happens that can, for stages that go from rate to rate: gaps, one of them behind a reset, a flush, two
// resets on one row, and an end off the grid.

import type { Item } from '../../src/item/item.ts';
import { chunkOf, gapOf, markOf, noise, seeded } from './items.ts';

/** @param lostRows it begins with a gap of so many */
export function eventfulStream(rateHz: number, lostRows = 0): Item[] {
  const random = seeded(9);
  const sound = (from: number, to: number): Item => chunkOf(from, noise(to - from, random), 1, rateHz);
  return [
    ...(lostRows > 0 ? [gapOf(0, lostRows, 'lost', rateHz)] : []),
    sound(lostRows, 1500),
    gapOf(1500, 1733, 'lost', rateHz),
    sound(1733, 2900),
    markOf('reset', 2900, rateHz),
    gapOf(2900, 3000, 'late', rateHz),
    sound(3000, 4800),
    markOf('flush', 4800, rateHz),
    markOf('reset', 4800, rateHz),
    markOf('reset', 4800, rateHz),
    sound(4800, 6100),
    markOf('end', 6100, rateHz),
  ];
}
