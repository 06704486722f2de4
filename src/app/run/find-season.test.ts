import { describe, expect, it } from 'vitest';
import { seeded } from '../../../test/helpers/items.ts';
import { seasonOf } from './find-season.ts';

const HOUR = 3600e6;
const wave = (rows: number, period: number, noise = 0.3): Float64Array => {
  const random = seeded(rows + period);
  return Float64Array.from({ length: rows }, (_, i) => Math.sin((2 * Math.PI * i) / period) + noise * (random() - 0.5));
};

describe('the season found in a series', () => {
  it('is a day of hours, or of quarters of an hour, where values repeat so', () => {
    expect(seasonOf(wave(500, 24), HOUR)).toMatchObject({ season: 24, horizon: 24 });
    expect(seasonOf(wave(900, 96), HOUR / 4)).toMatchObject({ season: 96, horizon: 96 });
  });
  it('is the lag at which values repeat where the clock knows none', () => {
    expect(seasonOf(wave(400, 17), Number.NaN).season).toBe(17);
    expect(seasonOf(wave(400, 17), HOUR).season).toBe(17);
  });
  it('is the calendar’s guess where nothing repeats, and says so', () => {
    const walk = wave(800, 800).map((v) => 3 * v);
    expect(seasonOf(walk, HOUR)).toMatchObject({ season: 24 });
    expect(seasonOf(walk, HOUR).because).toContain('nothing repeats');
    expect(seasonOf(new Float64Array(50), Number.NaN).season).toBe(24);
    expect(seasonOf(new Float64Array(0), Number.NaN).season).toBe(24);
  });
  it('passes over missing values', () => {
    const holes = wave(500, 24).map((v, i) => (i % 11 === 0 ? Number.NaN : v));
    expect(seasonOf(holes, HOUR).season).toBe(24);
  });
});
