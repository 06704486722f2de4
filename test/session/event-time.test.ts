// Rows of a sensor that bring their own times, at the door: a row that is not behind the one before it is declared as late,
// and no state sees it, however the rows were cut into messages and wherever the stream was stopped and taken up again.

import { beforeAll, describe, expect, it } from 'vitest';
import forecast from '../../pipelines/forecast.ts';
import { streamId } from '../../src/base/units.ts';
import type { Snapshot } from '../../src/item/snapshot.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { Session } from '../../src/session/session.ts';
import type { Output } from '../../src/session/session-options.ts';

let loaded: LoadedPipeline;
beforeAll(async () => {
  loaded = await loadPipeline(forecast, { horizon: 2, season: 4 }, () => Promise.reject(new Error('no model needed')));
});

interface Row {
  readonly time: number;
  readonly value: number;
}
const MINUTE = 60e6;
const row = (minute: number, value = minute % 5): Row => ({ time: 1.7e15 + minute * MINUTE, value });
const minutes = (from: number, to: number): Row[] => Array.from({ length: to - from }, (_, i) => row(from + i));

async function run(messages: readonly (readonly Row[])[], snapshot?: Snapshot) {
  const outputs: Output['item'][] = [];
  let faults = 0;
  const session = new Session({
    id: streamId('t'),
    loaded,
    source: { rateHz: 0, width: 1 },
    clock: { now: () => 0 as never },
    onOutput: ({ item }) => outputs.push(item),
    onFault: (rows) => {
      faults += rows;
    },
    ...(snapshot ? { snapshot } : {}),
  });
  for (const rows of messages) {
    session.rows(
      Float32Array.from(rows, ({ value }) => value),
      Float64Array.from(rows, ({ time }) => time),
    );
    await session.idle();
  }
  const result = { outputs, faults, summary: session.summary(), snapshot: session.snapshot() };
  session.close();
  return result;
}
/** What the forecasts say, without their places in the stream. */
const said = (outputs: readonly Output['item'][]) =>
  outputs.flatMap((item) =>
    item.kind === 'forecast' ? [[item.pts, ...item.mean, ...item.lower, ...item.anomaly]] : [],
  );

describe('event time at the door', () => {
  it('declares late rows and repeated ones, and forecasts as if they had not come', async () => {
    const clean = await run([minutes(0, 40)]);
    const messy = [...minutes(0, 20), row(12, 99), row(19, 99), ...minutes(20, 30), row(3, 99), ...minutes(30, 40)];
    const dirty = await run([messy]);
    expect(said(dirty.outputs)).toEqual(said(clean.outputs));
    const gaps = dirty.outputs.filter(({ kind }) => kind === 'gap');
    expect(gaps).toMatchObject([
      { from: 20, to: 22, why: 'late' },
      { from: 32, to: 33, why: 'late' },
    ]);
    expect(dirty.summary.gaps).toBe(2);
    expect(dirty.faults).toBe(0);
  });

  it('decides alike however rows are cut into messages, and over a stop', async () => {
    const rows = [
      ...minutes(0, 9),
      row(4, 50),
      row(8, 50),
      ...minutes(9, 15),
      row(15, Number.POSITIVE_INFINITY),
      row(14),
      row(16),
    ];
    const whole = await run([rows]);
    expect((await run(rows.map((one) => [one]))).summary).toEqual(whole.summary);
    for (const cut of [9, 10, 15, 17]) {
      const first = await run([rows.slice(0, cut)]);
      const second = await run([rows.slice(cut)], first.snapshot);
      expect(second.summary).toEqual(whole.summary);
    }
    expect(whole.faults).toBe(1);
  });

  it('takes a long gap in time as one step: one result, and the same work as a short one', async () => {
    const year = 365 * 24 * 60;
    const { outputs } = await run([[...minutes(0, 30), ...minutes(year, year + 5)]]);
    expect(outputs).toHaveLength(35);
    expect(
      said(outputs)
        .flat()
        .every((value) => value - value === 0 || Number.isNaN(value)),
    ).toBe(true);
  });

  it('counts no row late behind a reset', async () => {
    const session = new Session({
      id: streamId('t'),
      loaded,
      source: { rateHz: 0, width: 1 },
      clock: { now: () => 0 as never },
      onOutput: ({ item }) => expect(item.kind).toBe('forecast'),
    });
    session.rows(Float32Array.of(1, 2), Float64Array.of(20, 30));
    session.mark('reset');
    session.rows(Float32Array.of(1, 2), Float64Array.of(1, 2));
    await session.idle();
    expect(session.summary().results).toBe(4);
    session.close();
  });
});
