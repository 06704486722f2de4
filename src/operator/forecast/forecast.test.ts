import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, printed, RATE_HZ, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import { cos, log, sin } from '../../base/math.ts';
import type { Forecast, Item } from '../../item/item.ts';
import { type ForecastOptions, forecast } from './index.ts';

const CELLS = ['ssm', 'attention'] as const;
const SMALL: ForecastOptions = { width: 1, horizon: 4, seasonRows: 6, coverage: 0.9, cell: 'ssm', rateHz: RATE_HZ };
const DAILY: ForecastOptions = { ...SMALL, horizon: 24, seasonRows: 24 };

const wave = (row: number, season = 24): number =>
  sin((2 * Math.PI * row) / season) + 0.4 * cos((4 * Math.PI * row) / season);
const series = (rows: number, f: (row: number) => number): Float32Array =>
  Float32Array.from({ length: rows }, (_, row) => f(row));
function gaussian(seed: number): () => number {
  const random = seeded(seed);
  return () => Math.sqrt(-2 * log(1 - random())) * cos(2 * Math.PI * random());
}
function forecasts(options: ForecastOptions, data: ArrayLike<number>): Forecast[] {
  const items = runStage(forecast(options), [chunkOf(0, data, options.width)]);
  expect(items.length).toBe(data.length / options.width);
  return items as Forecast[];
}
const allFinite = (items: readonly Forecast[]): boolean =>
  items.every(({ mean, lower, upper }) => [mean, lower, upper].every((view) => view.every(Number.isFinite)));
/** The numbers of results, without their place and time. */
const numbers = (items: readonly Item[]): unknown[] =>
  items.flatMap((item) => (item.kind === 'forecast' ? [item.mean, item.lower, item.upper, item.anomaly] : []));

describe.each(CELLS)('the forecaster with %s', (cell) => {
  const random = seeded(3);
  const broken = series(180, (row) => (random() < 0.1 ? NaN : wave(row, 6) + random()));
  const items: Item[] = [
    chunkOf(0, broken.subarray(0, 100), 2),
    gapOf(50, 53),
    chunkOf(53, broken.subarray(100, 140), 2),
    gapOf(73, 90),
    gapOf(90, 300),
    chunkOf(300, broken.subarray(140), 2),
    markOf('end', 320),
  ];
  const stage = forecast({ ...SMALL, width: 2, cell });

  it('gives the same items for any chunking, byte for byte', () => expectChunkInvariant(stage, items, { runs: 60 }));
  it('resumes from a snapshot anywhere, byte for byte', () => expectResumable(stage, items, { runs: 60 }));

  it('emits one item per row, gaps and marks in place', () => {
    const out = runStage(stage, items);
    expect(out.filter(({ kind }) => kind === 'forecast').length).toBe(90);
    expect(out.filter(({ kind }) => kind !== 'forecast')).toEqual(items.filter(({ kind }) => kind !== 'chunk'));
    let at = 0;
    for (const item of out) {
      expect(item.from).toBe(at);
      at = item.to;
    }
  });

  it('learns a season without being told anything but its length', () => {
    const out = forecasts(
      { ...DAILY, cell },
      series(24 * 40, (row) => 20 + 5 * wave(row)),
    );
    for (const item of out.slice(-48)) {
      for (let j = 0; j < 24; j++) expect(Math.abs(item.mean[j]! - (20 + 5 * wave(item.to + j)))).toBeLessThan(0.25);
    }
  });

  it('keeps its state size, and starts anew on a reset', () => {
    const stream = openStream(stage);
    const bytes = stream.stateBytes();
    const first = numbers(stream.push(...items));
    stream.push(markOf('reset', 320));
    expect(numbers(stream.push(...items))).toEqual(first);
    expect(stream.stateBytes()).toBe(bytes);
  });

  it('stays finite on signals that break naive arithmetic', () => {
    const noise = seeded(5);
    const signals: Record<string, (row: number) => number> = {
      zero: () => 0,
      constant: () => 101_325,
      huge: (row) => 1e30 * wave(row),
      tiny: (row) => 1e-38 * wave(row),
      extreme: (row) => (row % 2 === 0 ? 3.4e38 : -3.4e38),
      step: (row) => (row < 700 ? 0.001 * noise() : 1e6),
      spike: (row) => (row === 700 ? 1e30 : wave(row)),
      binary: (row) => (row % 50 === 0 ? 1 : 0),
      'mostly missing': (row) => (row > 0 && noise() < 0.95 ? NaN : wave(row)),
      dead: (row) => (row > 300 && row < 1200 ? NaN : wave(row)),
    };
    for (const [name, signal] of Object.entries(signals)) {
      const out = forecasts({ ...SMALL, cell }, series(1500, signal));
      expect(allFinite(out.slice(1)), name).toBe(true);
    }
  });

  it('keeps a constant, however large', () => {
    for (const value of [0, -7, 101_325]) {
      const out = forecasts(
        { ...SMALL, cell },
        series(300, () => value),
      );
      expect(out.every(({ mean }) => mean.every((v) => v === Math.fround(value)))).toBe(true);
      expect(out.slice(1).every(({ anomaly }) => anomaly[0] === 0)).toBe(true);
    }
  });
});

describe('the regression', () => {
  // A period of 17 in a season of 24: neither the profile nor the last value knows what comes, only the regression does.
  const f = (row: number): number => (row < 48 ? 0 : 5 * wave(row, 17));

  it('learns what no profile holds, also behind a silent beginning, a hole and missing values', () => {
    const random = seeded(23);
    const signals: Record<string, (row: number) => number> = {
      silence: f,
      hole: (row) => (row > 700 && row < 800 ? NaN : f(row)),
      'missing values': (row) => (row < 1500 && random() < 0.05 ? NaN : f(row)),
    };
    for (const [name, signal] of Object.entries(signals)) {
      const out = forecasts({ ...DAILY, horizon: 6 }, series(4000, signal)).slice(-100);
      expect(Math.max(...out.map(({ mean, to }) => Math.abs(mean[5]! - f(to + 5)))), name).toBeLessThan(0.75);
    }
  });
});

it('keeps so little of a column that a thousand of them fit into 120 MB beside Node', () => {
  const bytes = (options: ForecastOptions): number => openStream(forecast(options)).stateBytes();
  expect(bytes(DAILY)).toBeLessThan(33_100); // docs/adr/0019
  expect(bytes({ ...DAILY, size: 'small' })).toBeLessThan(18_800);
});

describe('the first rows', () => {
  it('are forecast by the last value, with an interval from the second on that is wide and holds', () => {
    const random = gaussian(7);
    let level = 50;
    const data = series(60, () => (level += random()));
    const out = forecasts(DAILY, data);
    expect(Array.from(out[0]!.mean)).toEqual(Array.from(out[0]!.mean, () => data[0]));
    expect(out[0]!.lower.every(Number.isNaN)).toBe(true);
    expect(out[0]!.anomaly[0]).toBeNaN();
    expect(allFinite(out.slice(1))).toBe(true);
    let hits = 0;
    for (let row = 2; row < 50; row++) {
      if (data[row + 1]! >= out[row]!.lower[0]! && data[row + 1]! <= out[row]!.upper[0]!) hits++;
      expect(Math.abs(out[row]!.mean[0]! - data[row]!)).toBeLessThan(4);
    }
    expect(hits).toBeGreaterThan(40);
  });

  it('of a column wait for its first value, whatever the others do', () => {
    const data = series(400, (i) => (i % 2 === 0 ? wave(i) : i < 200 ? NaN : wave(i + 3)));
    const out = forecasts({ ...SMALL, width: 2 }, data);
    // Of a column beside one that never has any.
    const alone = forecasts(
      { ...SMALL, width: 2 },
      data.map((value, i) => (i % 2 === 0 ? value : NaN)),
    );
    out.forEach(({ mean, anomaly }, row) => {
      // From then on the columns learn from each other.
      if (2 * row + 1 < 200) expect(Array.from(mean)).toEqual(Array.from(alone[row]!.mean));
      if (2 * row + 1 < 200) expect(anomaly[0]).toEqual(alone[row]!.anomaly[0]);
      expect(Number.isNaN(mean[1])).toBe(2 * row + 1 < 200);
    });
  });
});

describe('intervals', () => {
  it.each([0.8, 0.9, 0.95])('hold %f of the values at every horizon, though the noise changes its size', (coverage) => {
    const random = gaussian(11);
    const rows = 6000;
    const data = series(rows, (row) => wave(row) + random() * (row % 2000 < 1000 ? 0.2 : 0.6));
    const out = forecasts({ ...DAILY, horizon: 6, coverage }, data);
    for (const j of [0, 2, 5]) {
      let hits = 0;
      for (let row = 500; row < rows - 6; row++) {
        const value = data[row + 1 + j]!;
        if (value >= out[row]!.lower[j]! && value <= out[row]!.upper[j]!) hits++;
      }
      expect(Math.abs(hits / (rows - 506) - coverage)).toBeLessThan(0.015);
    }
  });
});

describe('the anomaly score', () => {
  const random = gaussian(13);
  const clean = series(4000, (row) => wave(row) + 0.1 * random());

  it('passes 1 on few ordinary rows and on every fault of ten deviations', () => {
    const faulty = clean.slice();
    const faults = [1500, 2100, 2777, 3333];
    for (const row of faults) faulty[row]! += 1;
    const out = forecasts({ ...DAILY, horizon: 2 }, faulty);
    for (const row of faults) expect(out[row]!.anomaly[0]).toBeGreaterThan(1);
    const alarms = out.slice(1000).filter(({ anomaly }, i) => anomaly[0]! >= 1 && !faults.includes(i + 1000)).length;
    expect(alarms).toBeLessThan(25);
  });

  it('sees a spike that the memories do not: forecasts after it are as if it had not been', () => {
    const spiked = clean.slice();
    spiked[2000] = 1e9;
    const [plain, out] = [clean, spiked].map((data) => forecasts({ ...DAILY, horizon: 2 }, data));
    expect(out![2000]!.anomaly[0]).toBe(1000);
    for (let row = 2030; row < 2060; row++)
      expect(Math.abs(out![row]!.mean[0]! - plain![row]!.mean[0]!)).toBeLessThan(0.6);
  });

  it('has no value where the row has none', () => {
    const out = forecasts(
      SMALL,
      series(100, (row) => (row === 50 ? NaN : wave(row))),
    );
    expect([out[49]!.anomaly[0], out[51]!.anomaly[0]].every((v) => v! >= 0)).toBe(true);
    expect(out[50]!.anomaly[0]).toBeNaN();
  });
});

describe('time', () => {
  const HOUR = 3.6e9;
  const random = seeded(17);
  const data = series(200, (row) => wave(row, 6) + 0.1 * random());
  const withTimes = (times: (row: number) => number, from = 0, to = 200): Item => ({
    ...chunkOf(from, data.subarray(from, to)),
    times: Float64Array.from({ length: to - from }, (_, i) => times(from + i)),
  });
  const run = (...items: Item[]): Item[] => runStage(forecast(SMALL), items);

  it('that is even, or even but for a jitter of 2 %, is the same as none', () => {
    const plain = numbers(run(chunkOf(0, data)));
    expect(numbers(run(withTimes((row) => row * HOUR)))).toEqual(plain);
    expect(numbers(run(withTimes((row) => (row + (row % 3) * 0.01) * HOUR)))).toEqual(plain);
  });

  it('that jumps over five rows is the same as a gap of five rows, in one piece or in two', () => {
    const gap = numbers(run(chunkOf(0, data.subarray(0, 100)), gapOf(100, 105), chunkOf(105, data.subarray(100))));
    const jump = numbers(run(withTimes((row) => (row < 100 ? row : row + 5) * HOUR)));
    const pieces = numbers(
      run(chunkOf(0, data.subarray(0, 100)), gapOf(100, 102), gapOf(102, 105), chunkOf(105, data.subarray(100))),
    );
    expect(jump).toEqual(gap);
    expect(pieces).toEqual(gap);
  });

  it('keeps the season in phase over a gap of any length', () => {
    const f = (row: number): number => 5 * wave(row, 6);
    for (const length of [1, 40, 1_000_003]) {
      const after = 200 + length;
      const out = run(
        chunkOf(0, series(200, f)),
        gapOf(200, after),
        chunkOf(
          after,
          series(30, (row) => f(after + row)),
        ),
      ).slice(-6) as Forecast[];
      for (const item of out) expect(Math.abs(item.mean[0]! - f(item.to))).toBeLessThan(1.5);
    }
  });

  it('is reported as it came: the row number over the rate, or the sender’s own', () => {
    const out = run(
      withTimes((row) => 1e15 + row * 1000, 0, 5),
      chunkOf(5, data.subarray(5, 8)),
    );
    expect(out.map(({ pts }) => pts)).toEqual([0, 1, 2, 3, 4].map((row) => 1e15 + row * 1000).concat([313, 375, 438]));
  });

  it('is cut anywhere without a change when rows bring their own', () => {
    const irregular = (row: number): number => (row + 0.4 * sin(row) + (row > 120 ? 7 : 0)) * HOUR;
    const whole = printed(run(withTimes(irregular)));
    for (const cut of [1, 37, 121, 199]) {
      expect(printed(run(withTimes(irregular, 0, cut), withTimes(irregular, cut)))).toEqual(whole);
    }
  });
});

it('does not depend on the unit: a signal a million times larger has forecasts a million times larger', () => {
  const random = gaussian(19);
  const data = series(600, (row) => wave(row) + 0.2 * random());
  const [small, large] = [data, data.map((v) => v * 1048576)].map((x) => forecasts({ ...DAILY, horizon: 3 }, x));
  small!.forEach(({ mean, upper }, row) => {
    for (const j of [0, 2]) {
      expect(Math.abs(large![row]!.mean[j]! / 1048576 - mean[j]!)).toBeLessThan(1e-5);
      if (row > 0) expect(Math.abs(large![row]!.upper[j]! / 1048576 - upper[j]!)).toBeLessThan(1e-4);
    }
  });
});
