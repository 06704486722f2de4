// Prototypes on made-up embeddings, where it is known what a recording and what other speech looks like.

import { describe, expect, it } from 'vitest';
import { seeded } from '../../../test/helpers/items.ts';
import { bestScore, directions, HOPS, LAGS, makePrototype } from './make-prototype.ts';
import type { TrunkRows } from './trunk-rows.ts';

const WIDTH = 8;
const random = seeded(7);
const unit = (row: readonly number[]): Float64Array => {
  const length = Math.hypot(...row);
  return Float64Array.from(row, (value) => value / length);
};
const axis = (k: number): number[] => Array.from({ length: WIDTH }, (_, i) => (i === k ? 1 : 0));
/** Ways that keep off the first axis. */
const background = Array.from({ length: 200 }, () =>
  unit(Array.from({ length: WIDTH * LAGS.length }, (_, i) => (i % WIDTH === 0 ? 0 : random() - 0.5))),
);

/** 80 hops, loud from 20 to 50; around hop 60 the embedding points along `along`, elsewhere anywhere. */
function recording(along: readonly number[], noise: number, shift = 0): TrunkRows {
  const rows = new Float32Array(80 * WIDTH);
  for (let hop = 0; hop < 80; hop++) {
    const there = hop >= 20 + shift && hop < 66 + shift;
    for (let i = 0; i < WIDTH; i++) rows[hop * WIDTH + i] = (there ? along[i]! : 0) + noise * (random() - 0.5);
  }
  const loud = Float32Array.from({ length: 80 }, (_, hop) => (hop >= 20 && hop < 50 ? -4 : -13));
  return { loud, rows, width: WIDTH };
}
const recordings = (count: number, noise: number) =>
  Array.from({ length: count }, (_, i) => ({
    quiet: recording(axis(0), noise, (i % 3) * 3),
    noisy: [recording(axis(0), 2 * noise, (i % 3) * 3)],
  }));

describe('makePrototype', () => {
  it('finds the direction that recordings have in common, wherever their ends lie', () => {
    const { direction, among, other, threshold } = makePrototype(recordings(8, 0.4), background);
    for (let k = 0; k < LAGS.length; k++) expect(direction[k * WIDTH]!).toBeGreaterThan(0.5);
    expect(among).toHaveLength(8);
    expect(among[0]!).toBeGreaterThan(threshold);
    expect(threshold).toBeGreaterThan(other);
  });

  it('hears the word and nothing of the background at its threshold', () => {
    const { direction, threshold } = makePrototype(recordings(8, 0.4), background);
    expect(bestScore(directions(recording(axis(0), 0.5)), direction)).toBeGreaterThan(threshold);
    expect(bestScore(directions(recording(axis(3), 0.5)), direction)).toBeLessThan(threshold);
    expect(bestScore(background, direction)).toBeLessThan(threshold);
  });

  it('puts the threshold no lower than other speech where recordings are unlike each other', () => {
    const unlike = Array.from({ length: 7 }, (_, i) => ({ quiet: recording(axis(i), 0.2), noisy: [] }));
    const { threshold, other, among } = makePrototype(unlike, background);
    expect(threshold).toBeGreaterThanOrEqual(other);
    expect(among.filter((score) => score >= threshold).length).toBeLessThan(among.length);
  });
});

it('ways are of length 1 once all places are in the sound, each of the mean of so many hops', () => {
  const rows = directions(recording(axis(1), 0.1));
  for (const row of rows.slice(LAGS.at(-1))) expect(Math.hypot(...row)).toBeCloseTo(1, 6);
  expect(rows[60]![1]!).toBeGreaterThan(0.5);
  expect(HOPS).toBe(12);
});
