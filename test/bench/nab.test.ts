// The scoring of the anomaly benchmark: examples worked out by hand from the paper, a slow twin, and the section from end to end
// on a made-up folder of its shape. No series of the benchmark is in this repository.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { halfOf } from '../../src/app/bench/nab/halves.ts';
import { normalTail } from '../../src/app/bench/nab/normal-tail.ts';
import {
  PROFILES,
  probationRows,
  rowWorth,
  type Scored,
  scaledSigmoid,
  scoreNab,
} from '../../src/app/bench/nab/score.ts';
import { benchNab } from '../../src/app/bench/nab.ts';
import type { BenchRecord } from '../../src/app/bench/record.ts';
import { seeded } from '../helpers/items.ts';
import { slowNab } from './slow-nab.ts';

const [STANDARD, LOW_FP, LOW_FN] = PROFILES as [(typeof PROFILES)[0], (typeof PROFILES)[0], (typeof PROFILES)[0]];
/** 1,000 rows, a window of 100, alarms where asked. */
const series = (...alarms: number[]): Scored => ({
  scores: Float64Array.from({ length: 1000 }, (_, row) => (alarms.includes(row) ? 1 : 0)),
  windows: [[500, 599]],
});

describe('the scoring', () => {
  it('has the sigmoid of the paper', () => {
    expect(scaledSigmoid(-1)).toBeCloseTo(0.98661, 5);
    expect(scaledSigmoid(-0.5)).toBeCloseTo(0.84828, 5);
    expect(scaledSigmoid(0)).toBe(0);
    expect(scaledSigmoid(1)).toBeCloseTo(-0.98661, 5);
    expect(scaledSigmoid(3)).toBe(-1);
  });

  it('learns for 15 % of the rows, 750 at most', () => {
    expect([100, 1000, 4032, 5000, 22_695].map(probationRows)).toEqual([15, 150, 604, 750, 750]);
  });

  it('gives 100 to an alarm in the first row of every window, 0 to silence', () => {
    for (const profile of PROFILES) {
      expect(scoreNab([series(500), series(500)], profile).score).toBeCloseTo(100, 10);
      expect(scoreNab([series()], profile)).toMatchObject({ score: 0, threshold: 1.1, found: 0, falseAlarms: 0 });
    }
  });

  it('pays for early alarms, takes for false ones, as each profile says', () => {
    // In the middle of the window: (0.84828 / 0.98661 + 1) / 2 of the way from silence to perfection.
    expect(scoreNab([series(550)], STANDARD).score).toBeCloseTo((100 * (0.848284 / 0.986614 + 1)) / 2, 3);
    expect(scoreNab([series(550, 560, 570)], STANDARD).score).toBe(scoreNab([series(550)], STANDARD).score);
    // One false alarm before any window costs 0.11 of the 2 between silence and perfection, or 0.22 of 2, or 0.11 of 3.
    expect(scoreNab([series(500, 300)], STANDARD).score).toBeCloseTo(100 - 5.5, 6);
    expect(scoreNab([series(500, 300)], LOW_FP).score).toBeCloseTo(100 - 11, 6);
    expect(scoreNab([series(500, 300)], LOW_FN).score).toBeCloseTo(100 - 11 / 3, 6);
    // Right behind the window it costs little: 99 rows behind, 0.98661 of 0.11.
    expect(scoreNab([series(500, 698)], STANDARD).score).toBeCloseTo(100 - 5.5 * 0.986614, 3);
    expect(scoreNab([series(500, 600)], STANDARD).score).toBeGreaterThan(99.8);
    // While it learns, anything goes.
    expect(scoreNab([series(500, 10, 149)], STANDARD).score).toBeCloseTo(100, 10);
    expect(rowWorth(1000, [[500, 599]])[999]).toBe(-1);
  });

  it('finds one threshold for all series, which may be worse for one of them', () => {
    const graded: Scored = {
      scores: Float64Array.from(series(500).scores, (s, row) => (row === 300 ? 0.8 : 0.7 * s)),
      windows: [[500, 599]],
    };
    const best = scoreNab([series(500), graded], STANDARD);
    expect(best).toMatchObject({ threshold: 0.7, found: 2, windows: 2, falseAlarms: 1 });
    expect(best.score).toBeCloseTo(100 - 5.5 / 2, 6);
    expect(scoreNab([series(500), graded], STANDARD, 0.9).score).toBeCloseTo(50, 6);
  });

  it('is what its slow twin says, on random scores with ties', () => {
    const random = seeded(5);
    for (let trial = 0; trial < 40; trial++) {
      const many = Array.from({ length: 3 }, (): Scored => {
        const rows = 60 + Math.floor(random() * 100);
        const first = Math.floor(random() * 30);
        const second = first + 25 + Math.floor(random() * 8);
        return {
          scores: Float64Array.from({ length: rows }, () => Math.floor(random() ** 6 * 20) / 20),
          windows: [
            [first, first + 10 + Math.floor(random() * 9)],
            ...(random() < 0.7 ? [[second, second + 12] as const] : []),
          ],
        };
      });
      for (const profile of PROFILES) {
        expect(scoreNab(many, profile).score).toBeCloseTo(slowNab(many, profile), 9);
      }
    }
  });
});

it('the tail of the normal distribution is what tables say', () => {
  expect(normalTail(0)).toBe(0.5);
  expect(normalTail(1)).toBeCloseTo(0.158655253931457, 14);
  expect(normalTail(2.999)).toBeCloseTo(0.00135434, 8);
  expect(normalTail(4) / 3.167124183311998e-5).toBeCloseTo(1, 12);
  expect(normalTail(8) / 6.220960574271785e-16).toBeCloseTo(1, 12);
});

it('every series is of one half, by name', () => {
  expect(halfOf('realTweets/Twitter_volume_AAPL.csv')).toBe('development');
  expect(halfOf('realTweets/Twitter_volume_FB.csv')).toBe('held-out');
  expect(halfOf('mine/pump.csv')).toBe('neither');
});

describe('the section', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nab-'));
    const stamp = (row: number): string =>
      new Date(Date.UTC(2020, 0, 1, 0, 5 * row)).toISOString().slice(0, 19).replace('T', ' ');
    const random = seeded(2);
    const text = (odd: number): string =>
      `timestamp,value\n${Array.from({ length: 900 }, (_, row) => `${stamp(row)},${(10 + random() + (row >= odd && row < odd + 9 ? 30 : 0)).toFixed(3)}`).join('\n')}\n`;
    for (const sub of ['data/realTweets', 'labels']) mkdirSync(join(folder, sub), { recursive: true });
    writeFileSync(join(folder, 'data/realTweets/Twitter_volume_AAPL.csv'), text(600));
    writeFileSync(join(folder, 'data/realTweets/Twitter_volume_FB.csv.gz'), gzipSync(text(700)));
    const window = (row: number) => [[`${stamp(row)}.000000`, `${stamp(row + 90)}.000000`]];
    const labels = {
      'realTweets/Twitter_volume_AAPL.csv': window(595),
      'realTweets/Twitter_volume_FB.csv': window(695),
    };
    writeFileSync(join(folder, 'labels/combined_windows.json'), JSON.stringify(labels));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('scores every detector on both halves and writes the results in the layout of the benchmark', async () => {
    const records: BenchRecord[] = [];
    const out = join(folder, 'out');
    await benchNab((record) => records.push(record), { options: { data: folder, out }, note: () => undefined });
    const by = (name: string): number => records.find((record) => record.name === name)!.value;
    expect(by('null, standard, all')).toBe(0);
    expect(by('millrace, standard, all')).toBeGreaterThan(85);
    expect(by('millrace, standard, held-out, threshold of the development half')).toBeGreaterThan(85);
    expect(by('windowedGaussian, standard, all')).toBeGreaterThan(50);
    const file = join(out, 'results/millrace/realTweets/millrace_Twitter_volume_FB.csv');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('timestamp,value,anomaly_score,label');
    expect(lines.length).toBe(901);
    expect(lines.filter((line) => line.endsWith(',1')).length).toBe(91);
    for (const line of lines.slice(1)) expect(Number(line.split(',')[2])).toBeLessThanOrEqual(1);
  });

  it('says what it needs', async () => {
    for (const data of [undefined, join(folder, 'out')]) {
      const run = benchNab(() => undefined, { options: data === undefined ? {} : { data }, note: () => undefined });
      await expect(run).rejects.toMatchObject({ code: 'ERR_USAGE' });
    }
  });
});
