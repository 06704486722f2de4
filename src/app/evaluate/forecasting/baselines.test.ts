// Simple forecasters against what they are defined as, on rows small enough to reckon by hand.

import { describe, expect, it } from 'vitest';
import { baselines } from './baselines.ts';
import { scores } from './scores.ts';

const named = (name: string, width = 1, season = 2, long?: number) =>
  baselines(width, season, long).find((one) => one.name === name)!;
function fed(name: string, values: readonly number[], season = 2, long?: number) {
  const one = named(name, 1, season, long);
  for (const value of values) one.push(Float32Array.of(value));
  return (step: number) => one.predict(step, 0);
}

describe('simple forecasters', () => {
  it('repeat the last value, also when it is followed by missing ones', () => {
    expect(fed('last value', [1, 5])(3)).toBe(5);
    expect(fed('last value', [1, 5, Number.NaN])(1)).toBe(5);
  });
  it('repeat the season before', () => {
    const predict = fed('season before', [1, 2, 3, 4], 2);
    expect([1, 2, 3, 4].map(predict)).toEqual([3, 4, 3, 4]);
  });
  it('take the mean of seven seasons by phase, of fewer at the beginning', () => {
    expect(fed('mean of 7 seasons by phase', [1, 10, 3], 2)(2)).toBe(2);
    const nine = Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? i / 2 : 0)); // seasons 0 .. 8
    expect(fed('mean of 7 seasons by phase', nine, 2)(1)).toBe((2 + 3 + 4 + 5 + 6 + 7 + 8) / 7);
  });
  it('take the mean by phase of the long season, and the last value where it has not come', () => {
    expect(fed('mean by phase of the long season', [1, 2, 3, 4, 5], 2, 4)(4)).toBe(3);
    expect(fed('mean by phase of the long season', [1, 2], 2, 4)(1)).toBe(2);
  });
  it('smooth a season out of noise', () => {
    const wave = Array.from({ length: 400 }, (_, i) => 10 + (i % 4 === 0 ? 3 : -1));
    const predict = fed('smoothing of level and season', wave, 4);
    expect(predict(1)).toBeCloseTo(13, 3);
    expect(predict(2)).toBeCloseTo(9, 3);
  });
});

it('scores add up windows that end in the scored rows', () => {
  const data = Float32Array.from([0, 1, 2, 3, 4, 5]);
  const sums = scores(data, 1, [3, 6], [1, 2]);
  for (let row = 0; row < 6; row++) {
    sums.add(row, { mean: () => data[row]!, inside: (value) => value - data[row]! < 2 });
  }
  const [one, two] = sums.done();
  expect([one!.windows, one!.mse[0], one!.mae[0], one!.inside[0]]).toEqual([3, 1, 1, 1]);
  expect([two!.windows, two!.mse[0], two!.mae[0], two!.inside[0]]).toEqual([2, 2.5, 1.5, 0.5]);
});
