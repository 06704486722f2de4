// The anomaly pipeline as a whole: lawful from end to end, with holes in the rows and the health watch on; and as a command.

import { beforeAll, describe, expect, it } from 'vitest';
import anomaly from '../../pipelines/anomaly.ts';
import { alarmLine } from '../../src/app/run/alarm-line.ts';
import type { Detection } from '../../src/item/item.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { seeded } from '../helpers/items.ts';
import { feed, openSession, randomCuts, runSession } from '../helpers/sessions.ts';

const ROWS = 1100;
const source = { rateHz: 0, width: 2 };
let loaded: LoadedPipeline;
let data: Float32Array;
beforeAll(async () => {
  const noModel = () => Promise.reject(new Error('anomaly needs no model'));
  loaded = await loadPipeline(anomaly, { health: 'on' }, noModel);
  const random = seeded(2);
  data = Float32Array.from({ length: 2 * ROWS }, (_, i) => (random() < 0.02 ? Number.NaN : random() + (i % 2) * 5));
  for (let row = 700; row < 715; row++) data[2 * row + 1] = 30;
  data.fill(0.5, 1600, 1800); // both columns stand still
});

describe('anomaly', () => {
  it('says what it found, and the same for every chunking', async () => {
    const whole = await runSession(loaded, source, data);
    const found = whole.outputs.flatMap(({ item }) => (item.kind === 'detection' ? [item] : []));
    const start = found.find(({ name, from }) => name === 'anomaly.start' && from >= 700)!;
    expect(start).toMatchObject({ from: 700, values: { column: 1, value: 30 } });
    expect(start.to).toBeLessThan(705);
    expect(found.some(({ name, values }) => name === 'drift.stuck' && values.on === 1)).toBe(true);
    const random = seeded(4);
    for (let i = 0; i < 30; i++) {
      const { summary } = await runSession(loaded, source, data, randomCuts(ROWS, 1 + i, random));
      expect(summary, `chunking ${i}`).toEqual(whole.summary);
    }
  });

  it('goes on from a snapshot at any row', async () => {
    const whole = await runSession(loaded, source, data);
    const random = seeded(5);
    for (let i = 0; i < 20; i++) {
      const cut = 1 + Math.floor(random() * (ROWS - 2));
      const first = openSession(loaded, source);
      await feed(first.session, data.slice(0, 2 * cut), 2);
      const { session } = openSession(loaded, source, { snapshot: structuredClone(first.session.snapshot()) });
      await feed(session, data.slice(2 * cut), 2);
      session.mark('end');
      await session.idle();
      expect(session.summary(), `cut at ${cut}`).toEqual(whole.summary);
    }
  });

  it('tells what lies outside of low and high, and refuses a range without room', async () => {
    const noModel = () => Promise.reject(new Error('anomaly needs no model'));
    const bounded = await loadPipeline(anomaly, { health: 'on', low: -1, high: 20 }, noModel);
    const { outputs } = await runSession(bounded, source, data);
    const range = outputs.flatMap(({ item }) =>
      item.kind === 'detection' && item.name === 'drift.range' ? [item] : [],
    );
    expect(range.map(({ from, values }) => [from, values.column, values.on])).toEqual([
      [700, 1, 1],
      [715, 1, 0],
    ]);
    await expect(loadPipeline(anomaly, { low: 2, high: 2 }, noModel)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
    });
  });

  it('tells a person when, where, what, and what was expected', () => {
    const values = { score: 3.456, column: 1, cause: 0, value: 30, expected: 5.5, lower: 5, upper: 6 };
    const start: Detection = { kind: 'detection', name: 'anomaly.start', from: 10, to: 12, pts: 0 as never, values };
    const names = ['flow', 'heat'];
    expect(alarmLine(start, { rateHz: 0, names })).toBe(
      'row 10  anomaly in heat, score 3.46: its level; 30 where 5 .. 6 was expected (5.5)',
    );
    const noon = new Date(2024, 1, 29, 12, 0, 5).getTime() * 1000;
    expect(alarmLine({ ...start, pts: noon as never }, { rateHz: 1, names })).toMatch(
      /^2024-02-29 12:00:05 {2}anomaly/,
    );
    const end = { ...start, name: 'anomaly.end', to: 40, values: { ...values, peak: 3 } };
    expect(alarmLine(end, { rateHz: 0, names: [] })).toBe(
      'row 10  ends after 30 rows, worst 3 rows in: score 3.46, 30',
    );
    const stuck = { ...start, name: 'drift.stuck', values: { column: 0, value: 1, on: 1 } };
    expect(alarmLine(stuck, { rateHz: 0, names })).toBe('row 10  flow: stuck begins');
    expect(alarmLine({ ...start, name: 'vad' }, { rateHz: 0, names })).toBeUndefined();
  });
});
