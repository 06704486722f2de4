// How new a number is, against a slow twin that keeps all numbers; what was long ago is new again.

import { describe, expect, it } from 'vitest';
import { seeded } from '../../../test/helpers/items.ts';
import { makeState } from '../../cell/state.ts';
import { columnLayout, initColumns } from './column-state.ts';
import { novelty, withinReach } from './novelty.ts';
import { HELD_ROWS, MAP_ROWS, PRIOR, RUNGS, WARM_ROWS } from './options.ts';
import { greatest } from './places.ts';

const fresh = () => {
  const state = makeState(columnLayout(1));
  initColumns(state);
  return state.at;
};

/** Nats of every number of a series, from all numbers before it. */
function slowNovelty(values: readonly number[]): number[] {
  const passed = RUNGS.map(() => PRIOR);
  let held = 0;
  return values.map((x, n) => {
    const before = values.slice(0, n);
    const range = Math.max(...before, x) - Math.min(...before, x);
    const remote = n === 0 || range === 0 ? 0 : Math.min(...before.map((y) => Math.abs(x - y))) / range;
    let nats = 0;
    RUNGS.forEach((rung, k) => {
      passed[k]! *= 0.999;
      if (remote <= rung) return;
      nats += -Math.log(Math.min(1, Math.max(passed[k]!, PRIOR / 2) / Math.min(n + 2, 1000))) / RUNGS.length;
      passed[k]! += 1;
    });
    held *= 1 - 1 / HELD_ROWS;
    if (n >= WARM_ROWS) held = Math.max(held, nats);
    return held;
  });
}

describe('novelty', () => {
  it('tells one number far out and does not remember it, but two in a row', () => {
    const at = fresh();
    const wave = (rows: number): void => {
      for (let n = 0; n < rows; n++) novelty(at, 0, n % 10);
    };
    wave(300);
    expect(novelty(at, 0, 1e30)).toBeGreaterThan(3);
    expect(greatest(at, 0)).toBe(9);
    expect(withinReach(at, 0, 1e30)).toBeLessThan(200);
    wave(300);
    expect(novelty(at, 0, 500)).toBeGreaterThan(3);
    novelty(at, 0, 501);
    expect(greatest(at, 0)).toBe(501);
    expect(withinReach(at, 0, 1e30)).toBeLessThan(10_000);
  });

  it('is what its slow twin says, where distances are not at the edge of a rung', () => {
    const random = seeded(8);
    // Whole numbers up to 1,023, so that places are exact in bins of 4, and distances of 0, or far from every rung.
    const values = Array.from({ length: 1500 }, (_, n) => (n < 2 ? 1023 * n : 8 * Math.floor(random() * 6)));
    for (const [row, x] of [
      [400, 400],
      [420, 404],
      [700, 408],
      [900, 800],
      [905, 700],
      [1300, 56],
    ] as const)
      values[row] = x;
    const at = fresh();
    const expected = slowNovelty(values);
    for (const [n, x] of values.entries()) expect(novelty(at, 2, x), `row ${n}`).toBeCloseTo(expected[n]!, 5);
    expect(expected[400]).toBeGreaterThan(5);
  });

  it('says nothing of a number that stays, of rounding, nor of none', () => {
    const at = fresh();
    for (let n = 0; n < 2000; n++) expect(novelty(at, 0, 5e8)).toBe(0);
    for (let n = 0; n < 500; n++) expect(novelty(at, 0, 5e8 + (n % 9))).toBe(0);
    for (let n = 0; n < 500; n++) expect(novelty(at, 1, Number.NaN)).toBe(0);
  });

  it('remembers a place for MAP_ROWS at least and twice as many at most', () => {
    const at = fresh();
    const visit = (rows: number, x: number): number => {
      let most = 0;
      for (let n = 0; n < rows; n++) most = Math.max(most, novelty(at, 3, n % 2 === 0 && n > 1 ? x : 0));
      return most;
    };
    visit(200, 1);
    expect(visit(2, 0) + novelty(at, 3, 5)).toBeGreaterThan(5);
    visit(MAP_ROWS - 1000, 1);
    expect(novelty(at, 3, 5)).toBe(0);
    visit(2 * MAP_ROWS, 1);
    expect(novelty(at, 3, 5)).toBeGreaterThan(5);
  });
});
