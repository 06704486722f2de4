// A session on a small real pipeline: rehop, then a leaky energy whose state lives in the stream's arena.

import { beforeAll, describe, expect, it } from 'vitest';
import { f32 } from '../../src/cell/state.ts';
import { detect } from '../../src/operator/detect/index.ts';
import { makeStage } from '../../src/operator/make-stage.ts';
import { rehop } from '../../src/operator/rehop/index.ts';
import type { Stage } from '../../src/operator/stage.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { definePipeline } from '../../src/pipeline/define-pipeline.ts';
import { noise, seeded } from '../helpers/items.ts';
import { covers, feed, openSession, randomCuts, runSession } from '../helpers/sessions.ts';

const leakyEnergy: Stage = makeStage((context, emit) => {
  const { at } = context.state('energy', { energy: f32(1) }, (state) => state.at.energy.fill(0));
  return {
    chunk(hop) {
      const power = hop.data.reduce((sum, x) => sum + x * x, 0) / hop.rows;
      at.energy[0] = 0.9 * at.energy[0]! + 0.1 * power;
      emit({ ...hop, rows: 1, width: 1, data: at.energy.slice() });
    },
  };
});

const level = definePipeline<undefined>({
  name: 'level',
  summary: 'leaky energy of each hop',
  input: { kind: 'audio', rateHz: 16_000, width: 1, hopRows: 160 },
  options: {},
  load: async () => undefined,
  modelIds: () => [],
  stages: () => [
    rehop({ hopRows: 160, width: 1, rateHz: 16_000 }),
    leakyEnergy,
    detect({ name: 'level', values: ['energy'], spanRows: 160, rateHz: 16_000 }),
  ],
});

let loaded: LoadedPipeline;
beforeAll(async () => {
  loaded = await loadPipeline(level, {}, () => Promise.reject(new Error('no model needed')));
});

const MONO = { rateHz: 16_000, width: 1 };
const samples = (count: number, seed = 1) => noise(count, seeded(seed));

describe('a session', () => {
  it.each([8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])(
    'covers every row of the sender exactly once at %i Hz, in any chunking, with the same digest',
    async (rateHz) => {
      const data = samples(rateHz + 777);
      const whole = await runSession(loaded, { rateHz, width: 1 }, data);
      expect(covers(whole.outputs, data.length)).toBe(true);
      const random = seeded(rateHz);
      for (let i = 0; i < 10; i++) {
        const cut = await runSession(loaded, { rateHz, width: 1 }, data, randomCuts(data.length, 40, random));
        expect(cut.summary).toEqual(whole.summary);
      }
    },
  );

  it('numbers results densely and leaves gaps without a number', async () => {
    const { session, outputs } = openSession(loaded, MONO);
    await feed(session, samples(480), 1);
    session.gap(160, 'client');
    await feed(session, samples(320), 1);
    session.mark('end');
    await session.idle();
    expect(outputs.map(({ seq }) => seq)).toEqual([0, 1, 2, -1, 3, 4]);
    expect(outputs[3]!.item).toMatchObject({ kind: 'gap', from: 480, to: 640, why: 'client' });
    expect(session.summary()).toMatchObject({ offset: 960, results: 5, gaps: 1 });
    expect(session.ended).toBe(true);
  });

  it('turns NaN and Infinity into a fault gap of exactly their rows before the stages see them', async () => {
    const data = samples(1600);
    data[500] = Number.NaN;
    data[501] = Number.POSITIVE_INFINITY;
    let refused = 0;
    const { session, outputs } = openSession(loaded, MONO, { onFault: (rows) => (refused += rows) });
    await feed(session, data, 1, [501]);
    session.mark('end');
    await session.idle();
    expect(refused).toBe(2);
    expect(covers(outputs, 1600)).toBe(true);
    expect(outputs.filter(({ item }) => item.kind === 'gap').map(({ item }) => [item.from, item.to])).toEqual([
      [480, 640],
    ]);
  });

  it('snapshots mid-hop and goes on in another session with the same digest', async () => {
    const source = { rateHz: 44_100, width: 2 };
    const data = samples(2 * 30_000);
    const whole = await runSession(loaded, source, data);
    const random = seeded(5);
    for (let i = 0; i < 20; i++) {
      const at = Math.floor(random() * 30_000);
      const first = openSession(loaded, source);
      await feed(first.session, data.slice(0, 2 * at), 2);
      const second = openSession(loaded, source, { snapshot: structuredClone(first.session.snapshot()) });
      expect(second.session.next).toBe(at);
      await feed(second.session, data.slice(2 * at), 2);
      second.session.mark('end');
      await second.session.idle();
      expect(second.session.summary()).toEqual(whole.summary);
    }
  });

  it('refuses a snapshot of another format, and one that lacks a slot', async () => {
    const { session } = openSession(loaded, MONO);
    const snapshot = session.snapshot();
    expect(() => openSession(loaded, { rateHz: 8000, width: 1 }, { snapshot })).toThrow(
      expect.objectContaining({ code: 'ERR_STATE_MODEL' }),
    );
    expect(() => openSession(loaded, MONO, { snapshot: { ...snapshot, slots: {} } })).toThrow(
      expect.objectContaining({ code: 'ERR_STATE_LAYOUT' }),
    );
  });

  it('refuses a broken row whole and keeps what it had', () => {
    const { session } = openSession(loaded, { rateHz: 16_000, width: 2 });
    session.rows(samples(320));
    expect(() => session.rows(samples(3))).toThrow(expect.objectContaining({ code: 'ERR_PARTIAL_SAMPLE' }));
    expect(session.next).toBe(160);
  });

  it.each([
    { rateHz: 100, width: 1 },
    { rateHz: 16_000.5, width: 1 },
    { rateHz: 16_000, width: 0 },
    { rateHz: 16_000, width: 99 },
  ])('refuses the format %o', (source) => {
    expect(() => openSession(loaded, source)).toThrow(expect.objectContaining({ code: 'ERR_FORMAT_UNSUPPORTED' }));
  });
});

describe('the door, when more comes than fits', () => {
  it('block: throws ERR_CREDIT_OVERRUN and keeps what it accepted', async () => {
    const { session, outputs } = openSession(loaded, MONO, { inboxRowsMax: 320 });
    session.rows(samples(320));
    expect(() => session.rows(samples(160))).toThrow(expect.objectContaining({ code: 'ERR_CREDIT_OVERRUN' }));
    session.mark('end');
    await session.idle();
    expect(covers(outputs, 320)).toBe(true);
    expect(outputs.every(({ item }) => item.kind === 'detection')).toBe(true);
  });

  it('drop_oldest: an overload that lasts is one gap, and the newest rows are kept', async () => {
    const { session, outputs } = openSession(loaded, MONO, { inboxRowsMax: 320, policy: 'drop_oldest' });
    for (let i = 0; i < 50; i++) session.rows(samples(160));
    session.mark('end');
    await session.idle();
    expect(covers(outputs, 8000)).toBe(true);
    expect(outputs.map(({ item }) => [item.kind, item.from, item.to])).toEqual([
      ['gap', 0, 7680],
      ['detection', 7680, 7840],
      ['detection', 7840, 8000],
    ]);
  });

  it('drop_oldest and reject: declare what was shed, and still cover every row', async () => {
    for (const [policy, shed] of [
      ['drop_oldest', [0, 320]],
      ['reject', [320, 640]],
    ] as const) {
      const { session, outputs } = openSession(loaded, MONO, { inboxRowsMax: 320, policy });
      session.rows(samples(320));
      session.rows(samples(320));
      session.mark('end');
      await session.idle();
      expect(covers(outputs, 640)).toBe(true);
      expect(outputs.filter(({ item }) => item.kind === 'gap').map(({ item }) => [item.from, item.to])).toEqual([shed]);
    }
  });
});
