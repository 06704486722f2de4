// The forecasting pipeline as a whole, on the bundled weather with holes cut into it: lawful from end to end.

import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import forecast from '../../pipelines/forecast.ts';
import { openSource } from '../../src/app/source/open-source.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { ROOT } from '../arch/imports.ts';
import { seeded } from '../helpers/items.ts';
import { covers, feed, openSession, randomCuts, runSession } from '../helpers/sessions.ts';

const noModel = () => Promise.reject(new Error('forecast needs no model'));
let weather: Float32Array;
let width: number;
beforeAll(async () => {
  const source = await openSource(join(ROOT, 'assets/sensor.csv'));
  const blocks: number[] = [];
  for await (const { rows } of source.blocks()) blocks.push(...rows);
  width = source.width;
  weather = Float32Array.from(blocks);
  const random = seeded(2);
  for (let i = 0; i < 60; i++) weather[Math.floor(random() * weather.length)] = Number.NaN;
});

describe.each(['ssm', 'attention'])('forecast with cell %s', (cell) => {
  let loaded: LoadedPipeline;
  beforeAll(async () => {
    loaded = await loadPipeline(forecast, { cell, horizon: 5, season: 7 }, noModel);
  });
  const source = () => ({ rateHz: 0, width });
  const rows = (from: number, to: number) => weather.slice(from * width, to * width);

  it('answers every row once and gives the same digest for 1,000 random chunkings', async () => {
    const piece = rows(0, 60);
    const whole = await runSession(loaded, source(), piece);
    expect(covers(whole.outputs, 60)).toBe(true);
    expect(whole.summary).toMatchObject({ offset: 60, results: 60, gaps: 0 });
    const random = seeded(4);
    for (let i = 0; i < 1000; i++) {
      const { summary } = await runSession(loaded, source(), piece, randomCuts(60, 1 + (i % 20), random));
      if (summary.digest !== whole.summary.digest) expect(summary, `chunking ${i}`).toEqual(whole.summary);
    }
  });

  it('interleaves streams without letting them touch', async () => {
    const pieces = [rows(0, 150), rows(500, 650), rows(900, 1050)];
    const alone = await Promise.all(pieces.map((piece) => runSession(loaded, source(), piece)));
    const together = pieces.map(() => openSession(loaded, source()));
    for (let at = 0; at < 150; at += 7) {
      for (const [i, { session }] of together.entries()) {
        await feed(session, pieces[i]!.slice(at * width, (at + 7) * width), width);
      }
    }
    for (const [i, { session }] of together.entries()) {
      session.mark('end');
      await session.idle();
      expect(session.summary()).toEqual(alone[i]!.summary);
    }
  });

  it('resumes from a snapshot at any row with the same digest, gaps included', async () => {
    const drive = async (splitAt?: number) => {
      let { session } = openSession(loaded, source());
      for (const [from, to] of [
        [0, 120],
        [120, 300],
      ] as const) {
        const middle = splitAt !== undefined && splitAt > from && splitAt < to ? splitAt : to;
        await feed(session, rows(from, middle), width);
        if (middle < to) {
          const snapshot = structuredClone(session.snapshot());
          session.close();
          session = openSession(loaded, source(), { snapshot }).session;
          await feed(session, rows(middle, to), width);
        }
        if (to === 120) session.gap(9, 'lost');
      }
      session.mark('end');
      await session.idle();
      return session.summary();
    };
    const whole = await drive();
    expect(whole).toMatchObject({ offset: 309, results: 300, gaps: 1 });
    const random = seeded(6);
    for (let i = 0; i < 20; i++) expect(await drive(1 + Math.floor(random() * 298))).toEqual(whole);
  });

  it('learns: a week ahead it beats the last value on the second half of the series', async () => {
    const wide = await loadPipeline(forecast, { cell, horizon: 7, season: 7 }, noModel);
    const { outputs } = await runSession(wide, source(), weather);
    const total = weather.length / width;
    let ours = 0;
    let naive = 0;
    for (const { item } of outputs) {
      if (item.kind !== 'forecast' || item.from < total / 2 || item.from + 7 >= total) continue;
      const truth = weather[(item.from + 7) * width]!;
      const last = weather[item.from * width]!;
      if (Number.isNaN(truth) || Number.isNaN(last)) continue;
      const error = item.mean[6 * width]! - truth;
      ours += error * error;
      naive += (last - truth) * (last - truth);
    }
    expect(ours).toBeLessThan(naive);
  });
});
