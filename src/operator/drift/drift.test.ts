// The health watch on made-up sensors: the laws, what each test finds and when, and how often it is wrong. The delays and rates
// printed in docs/anomaly.md are asserted here, with room.

import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import { cos, log, sin } from '../../base/math.ts';
import type { Detection, Item } from '../../item/item.ts';
import { makeStage } from '../make-stage.ts';
import { type DriftOptions, drift } from './index.ts';

const OPTIONS: DriftOptions = { width: 1, rateHz: 0 };

function gaussian(seed: number): () => number {
  const random = seeded(seed);
  return () => Math.sqrt(-2 * log(1 - random())) * cos(2 * Math.PI * random());
}
/** Noise whose neighbours go together as in most sensors. */
function coloured(seed: number, along = 0.8): () => number {
  const white = gaussian(seed);
  let x = 0;
  return () => {
    x = along * x + Math.sqrt(1 - along * along) * white();
    return x;
  };
}
const series = (rows: number, f: (row: number) => number): Float32Array =>
  Float32Array.from({ length: rows }, (_, row) => f(row));
const told = (items: readonly Item[]): Detection[] => items.filter((item) => item.kind === 'detection');
const run = (data: Float32Array, options: Partial<DriftOptions> = {}): Detection[] =>
  told(runStage(drift({ ...OPTIONS, ...options }), [chunkOf(0, data)]));
/** Rows until `kind` is told after `change`, of twenty sensors; Infinity: never. Sorted. */
const delays = (kind: string, change: number, make: (seed: number) => Float32Array): number[] =>
  Array.from({ length: 20 }, (_, seed) => {
    const found = run(make(seed + 1)).find(({ name, to }) => name === `drift.${kind}` && to > change);
    return found ? found.to - 1 - change : Infinity;
  }).sort((a, b) => a - b);
const median = (values: readonly number[]): number => values[values.length >> 1]!;

describe('drift obeys the laws of a stage', () => {
  const noise = gaussian(2);
  const data = series(3000, (row) => (row % 41 === 0 ? NaN : noise() + (row >= 1600 ? 8 : 0)));
  data.fill(3, 2500, 2700);
  const items: Item[] = [
    chunkOf(0, data.subarray(0, 1400), 2),
    gapOf(700, 720),
    chunkOf(720, data.subarray(1400), 2),
    markOf('end', 1520),
  ];
  const stage = drift({ width: 2, rateHz: 16_000, high: 10 });
  /** Rows are counted and not passed on, so that only results are compared. */
  const swallow = makeStage(() => ({ chunk: () => undefined }));

  it('gives the same results for any chunking, and resumes anywhere', () => {
    expect(told(runStage(stage, items)).length).toBeGreaterThan(2);
    expectChunkInvariant([stage, swallow], items, { runs: 40 });
    expectResumable([stage, swallow], items, { runs: 40 });
  });

  it('passes on every row once and in order, a result in front of the row that decided it', () => {
    const out = runStage(stage, items);
    expect(rowsOf(out)).toEqual(rowsOf(items));
    let at = 0;
    for (const item of out) {
      if (item.kind === 'detection') expect(item.to).toBe(at + 1);
      else {
        expect(item.from).toBe(at);
        at = item.to;
      }
    }
  });

  it('keeps its state size, and starts anew on a reset', () => {
    const stream = openStream([stage, swallow]);
    const bytes = stream.stateBytes();
    const first = stream.push(...items);
    stream.push(markOf('reset', 1520));
    expect(stream.push(...items)).toEqual(first);
    expect(bytes).toBeLessThan(2 * 400);
  });
});

describe('drift finds', () => {
  it('a sensor that is stuck, and that it moves again', () => {
    const noise = gaussian(3);
    const data = series(1000, noise);
    data.fill(data[499]!, 500, 600);
    const stuck = run(data).filter(({ name }) => name === 'drift.stuck');
    expect(stuck.map(({ from, to, values }) => [from, to, values.on])).toEqual([
      [499, 559, 1],
      [499, 601, 0],
    ]);
  });

  it('no stuck sensor where values have always stood still for long', () => {
    const steps = series(4000, (row) => Math.floor(row / 50) % 3);
    expect(run(steps).filter(({ name }) => name === 'drift.stuck')).toEqual([]);
  });

  it('values that the sensor cannot measure, once', () => {
    const noise = gaussian(4);
    const data = series(300, (row) => (row >= 100 && row < 120 ? 500 : 20 + noise()));
    const range = run(data, { low: -40, high: 125 }).filter(({ name }) => name === 'drift.range');
    expect(range.map(({ from, values }) => [from, values.on])).toEqual([
      [100, 1],
      [120, 0],
    ]);
  });

  it('a new level: two deviations within 60 rows, both ways, also where neighbours go together', () => {
    for (const shift of [2, -2]) {
      const white = delays('level', 2000, (seed) => {
        const noise = gaussian(seed);
        return series(2500, (row) => noise() + (row >= 2000 ? shift : 0));
      });
      expect(white[18]).toBeLessThan(60);
    }
    const along = delays('level', 2000, (seed) => {
      const noise = coloured(seed);
      return series(4000, (row) => noise() + (row >= 2000 ? 4 : 0));
    });
    expect(median(along)).toBeLessThan(200);
  });

  it('says since when, and which way', () => {
    const noise = gaussian(6);
    const [change] = run(series(2500, (row) => noise() - (row >= 2000 ? 3 : 0))).filter(
      ({ name }) => name === 'drift.level',
    );
    expect(Math.abs(change!.from - 2000)).toBeLessThan(8);
    expect(change!.values.direction).toBe(-1);
    expect(change!.values.delay).toBe(change!.to - 1 - change!.from);
  });

  it('a new spread: twice the deviation within 100 rows (some of it is taken for a new level), half of it within 200', () => {
    const spread = (factor: number) =>
      delays('spread', 2000, (seed) => {
        const noise = gaussian(seed);
        return series(3000, (row) => noise() * (row >= 2000 ? factor : 1));
      });
    expect(spread(2)[16]).toBeLessThan(100);
    expect(median(spread(0.5))).toBeLessThan(200);
  });

  it('a new frequency: three times as fast within 200 rows, level and spread as before', () => {
    const rate = delays('rate', 2000, (seed) => {
      const noise = gaussian(seed);
      return series(3000, (row) => 3 * sin(row < 2000 ? row / 10 : (row - 2000) / 3) + 0.2 * noise());
    });
    expect(median(rate)).toBeLessThan(200);
  });

  it('a mean that creeps away: one deviation in a thousand rows, before it has gone four', () => {
    const trend = delays('trend', 6000, (seed) => {
      const noise = coloured(seed);
      return series(12_000, (row) => noise() + Math.max(row - 6000, 0) / 1000);
    });
    expect(median(trend)).toBeLessThan(4000);
  });
});

describe('drift is seldom wrong', () => {
  const ROWS = 100_000;
  const falseAlarms = (f: (row: number) => number): number => run(series(ROWS, f)).length;
  it('on white noise, on noise that goes together, on a noisy day-like wave: at most 3 in 100,000 rows', () => {
    const [white, along, wave] = [gaussian(11), coloured(12), gaussian(13)];
    expect(falseAlarms(() => 10 + white())).toBeLessThanOrEqual(3);
    expect(falseAlarms(() => -5 + 0.01 * along())).toBeLessThanOrEqual(3);
    expect(falseAlarms((row) => 20 + 5 * sin((2 * Math.PI * row) / 288) + wave())).toBeLessThanOrEqual(3);
  });
  it('never on a constant, whole numbers or a clean wave', () => {
    const random = seeded(14);
    expect(run(series(50, () => 7))).toEqual([]);
    expect(falseAlarms(() => Math.floor(4 * random()))).toBeLessThanOrEqual(3);
    expect(run(series(20_000, (row) => sin(row / 9))).length).toBeLessThanOrEqual(1);
  });
});
