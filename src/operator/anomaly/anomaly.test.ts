import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, printed, RATE_HZ, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import { cos, log, sin } from '../../base/math.ts';
import type { Detection, Item } from '../../item/item.ts';
import { type AnomalyOptions, anomaly, CAUSES } from './index.ts';

const OPTIONS: AnomalyOptions = { width: 1, rateHz: 0 };

function gaussian(seed: number): () => number {
  const random = seeded(seed);
  return () => Math.sqrt(-2 * log(1 - random())) * cos(2 * Math.PI * random());
}
const series = (rows: number, f: (row: number) => number): Float32Array =>
  Float32Array.from({ length: rows }, (_, row) => f(row));
const detections = (items: readonly Item[], name: string): Detection[] =>
  items.filter((item): item is Detection => item.kind === 'detection' && item.name === name);
const run = (data: Float32Array, options: Partial<AnomalyOptions> = {}): Item[] => {
  const { width = 1 } = options;
  return runStage(anomaly({ ...OPTIONS, ...options }), [chunkOf(0, data, width), markOf('end', data.length / width)]);
};
const startsOf = (data: Float32Array, options?: Partial<AnomalyOptions>) =>
  detections(run(data, options), 'anomaly.start');

describe('anomaly obeys the laws of a stage', () => {
  const random = seeded(3);
  const broken = series(1200, (row) => (random() < 0.1 ? NaN : sin(row / 3) + random() + (row === 900 ? 40 : 0)));
  const items: Item[] = [
    chunkOf(0, broken.subarray(0, 400), 2),
    gapOf(200, 203),
    chunkOf(203, broken.subarray(400, 800), 2),
    gapOf(403, 420),
    gapOf(420, 900),
    chunkOf(900, broken.subarray(800), 2),
    markOf('end', 1100),
  ];
  const stage = anomaly({ width: 2, rateHz: RATE_HZ, readings: 'on', threshold: 0.5 });

  it('gives the same items for any chunking, byte for byte', () => {
    expect(detections(runStage(stage, items), 'anomaly.end').length).toBeGreaterThan(0);
    expectChunkInvariant(stage, items, { runs: 20 });
  });
  it('resumes from a snapshot anywhere, byte for byte', () => expectResumable(stage, items, { runs: 20 }));

  it('keeps its state size, and starts anew on a reset', () => {
    const stream = openStream(stage);
    const bytes = stream.stateBytes();
    const first = printed(stream.push(...items));
    stream.push(markOf('reset', 1100));
    expect(printed(stream.push(...items))).toEqual(first);
    expect(stream.stateBytes()).toBe(bytes);
    expect(bytes).toBeLessThan(10_000); // two columns
  });

  it('says the same of a gap in one piece or in many', () => {
    const split = items.flatMap((item) => (item.from === 420 ? [gapOf(420, 500), gapOf(500, 900)] : [item]));
    const heard = (list: readonly Item[]) => printed(runStage(stage, list).filter(({ kind }) => kind === 'detection'));
    expect(heard(split)).toEqual(heard(items));
  });
});

describe('anomaly tells', () => {
  const noise = gaussian(1);
  const quiet = series(3000, () => 10 + noise());

  it('nothing of plain noise, a constant, or a clean wave', () => {
    for (const data of [series(3000, () => 7), series(3000, (row) => sin(row / 7)), series(3000, () => 0)]) {
      expect(startsOf(data)).toEqual([]);
    }
    // While little is known much is new: some alarms in the first thousands of rows, hardly any later.
    expect(startsOf(quiet).length).toBeLessThanOrEqual(6);
    const long = startsOf(series(30_000, () => noise()));
    expect(long.filter(({ from }) => from > 10_000).length).toBeLessThanOrEqual(4);
  });

  it('a sensor that stands still for the first time, though its value is a usual one', () => {
    const random = seeded(6);
    const uniform = series(3000, (row) => (row >= 2000 && row < 2100 ? 0.5 : random()));
    const stuck = startsOf(uniform, { threshold: 0.5 }).filter(({ to }) => to > 2000);
    expect(stuck[0]!.to).toBeLessThan(2030);
    expect(CAUSES[stuck[0]!.values.cause!]).toBe('still');
  });

  it('where a level shifts, at once, with what was expected', () => {
    const [alarm, ...more] = startsOf(quiet.map((x, row) => (row >= 2000 ? x + 12 : x))).filter(({ to }) => to > 2000);
    expect(alarm!.from).toBeGreaterThanOrEqual(1995);
    expect(alarm!.to).toBeLessThan(2010);
    const { value, expected, lower, upper, score, column } = alarm!.values;
    expect(score).toBeGreaterThan(1);
    expect(column).toBe(0);
    expect(value).toBeGreaterThan(upper!);
    expect(Math.abs(expected! - 10)).toBeLessThan(14);
    expect(lower).toBeLessThan(upper!);
    expect(more.length).toBeLessThanOrEqual(2);
  });

  it('a shift that comes after a reading of 1e30, and that reading too', () => {
    const glitch = quiet.map((x, row) => (row === 1000 ? 1e30 : row >= 2000 ? x + 12 : x));
    const alarms = startsOf(glitch);
    expect(alarms.some(({ from, to }) => from === 1000 && to === 1001)).toBe(true);
    expect(alarms.some(({ from, to }) => from === 2000 && to < 2010)).toBe(true);
  });

  it('which column it was, and when it was worst', () => {
    const two = series(6000, (i) => (i % 2 === 0 ? quiet[i >> 1]! : cos(i / 9)));
    for (let row = 2000; row < 2012; row++) two[2 * row + 1] = 6;
    const end = detections(run(two, { width: 2 }), 'anomaly.end').find(({ from }) => from >= 2000)!;
    expect(end.values.column).toBe(1);
    expect(end.from).toBeLessThan(2004);
    expect(end.from + end.values.peak!).toBeLessThan(end.to);
    expect(CAUSES[end.values.cause!]).toBeDefined();
  });

  it('a change of variance and of frequency, not of level', () => {
    const wilder = quiet.map((x, row) => (row >= 2000 ? 10 + 5 * (x - 10) : x));
    const spread = startsOf(wilder).find(({ to }) => to > 2000)!;
    expect(spread.to).toBeLessThan(2100);
    const small = gaussian(4);
    const faster = series(3000, (row) => sin(row < 2000 ? row / 10 : row) + 0.05 * small());
    const rate = startsOf(faster).find(({ to }) => to > 2000)!;
    expect(rate.to).toBeLessThan(2100);
    expect(['rate', 'error', 'drift']).toContain(CAUSES[rate.values.cause!]);
  });

  it('a day that is not like the others, by the times of the rows', () => {
    const minute = 15 * 60e6;
    const small = gaussian(5);
    const daily = series(96 * 14, (row) => (row % 96 > 36 && row % 96 < 72 ? 20 : 0) + 0.3 * small());
    for (let row = 96 * 11 + 37; row < 96 * 11 + 72; row++) daily[row] = 0.3 * small(); // the twelfth stays quiet
    const timed: Item = { ...chunkOf(0, daily), times: Float64Array.from(daily, (_, row) => row * minute) };
    const items = runStage(anomaly(OPTIONS), [timed, markOf('end', daily.length)]);
    const alarm = detections(items, 'anomaly.start').find(({ to }) => to > 96 * 11)!;
    expect(alarm.to).toBeLessThan(96 * 11 + 60);
    expect(alarm.pts).toBe(alarm.from * minute);
  });

  it('less and less of what comes again and again', () => {
    const recurring = quiet.map((x, row) => (row > 500 && row % 600 < 3 ? x + 30 : x));
    const long = series(9000, (row) => recurring[row % 3000]! + 0.01 * noise());
    const alarms = detections(run(long, { readings: 'on' }), 'anomaly').filter(({ values }) => values.alarm! > 0.5);
    const worst = (from: number, to: number) =>
      Math.max(...alarms.filter((a) => a.from >= from && a.from < to).map(({ values }) => values.alarm!), 0);
    expect(worst(7000, 9000)).toBeLessThan(worst(500, 1300) / 2);
  });

  it('more only when it is worse, for some rows after an alarm', () => {
    const bursts = quiet.map((x, row) => (row >= 2000 && row % 20 === 0 && row < 2200 ? x + 30 : x));
    expect(startsOf(bursts).filter(({ to }) => to > 2000).length).toBeLessThanOrEqual(3);
  });

  it('nothing that is not finite, whatever comes', () => {
    const random = seeded(7);
    const wild = series(4000, (row) => [1e38, -1e38, 1e-40, 0, NaN, Infinity, random()][(row * 31 + (row >> 5)) % 7]!);
    for (const { values } of [...detections(run(wild, { readings: 'on' }), 'anomaly'), ...startsOf(wild)]) {
      for (const [name, value] of Object.entries(values)) expect(Number.isFinite(value), `${name} ${value}`).toBe(true);
    }
  });
});
