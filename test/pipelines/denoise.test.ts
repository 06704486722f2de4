// The denoising pipeline as a whole, with random weights: equal to its equations, audio in step with what came, and lawful.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import denoise from '../../pipelines/denoise.ts';
import type { Cell } from '../../src/cell/cell.ts';
import type { Chunk } from '../../src/item/item.ts';
import { buildStack } from '../../src/pipeline/build-stack.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { loadEngine } from '../../src/pipeline/engine.ts';
import type { Output } from '../../src/session/session-options.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { denoiseModel, TINY } from '../helpers/denoise-model.ts';
import { availableSimd } from '../helpers/fenced.ts';
import { noise, seeded } from '../helpers/items.ts';
import { naiveDenoise } from '../helpers/naive-denoise.ts';
import {
  expectAnyChunking,
  expectGapInPieces,
  expectResumesAnywhere,
  expectStreamsApart,
  type Step,
} from '../helpers/pipeline-laws.ts';
import { feed, openSession, runSession } from '../helpers/sessions.ts';

const numerics = (await availableSimd()).map(({ numerics }) => numerics);
const MONO = { rateHz: 16_000, width: 1 };

/** Two seconds. */
const speech = (await bundledSpeech()).subarray(30_000, 62_000);

const load = async (options: object = {}, model: object = {}, engine = 'portable'): Promise<LoadedPipeline> =>
  loadPipeline(
    denoise,
    { ...options },
    async (name) => denoiseModel(TINY, { cell: name.split('-').at(-1)!, ...model }),
    await loadEngine(engine),
  );

const chunks = (outputs: readonly Output[]): Chunk[] =>
  outputs.flatMap(({ item }) => (item.kind === 'chunk' ? [item] : []));
const samplesOf = (outputs: readonly Output[]): number[] => chunks(outputs).flatMap(({ data }) => [...data]);
const worst = (a: readonly number[], b: ArrayLike<number>): number =>
  a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i]!)), 0);

/** dB of what lies along `wanted` over what does not. */
function siSdr(found: readonly number[], wanted: ArrayLike<number>): number {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((s, x, i) => s + x * b[i]!, 0);
  const along = dot(found, wanted) / dot(wanted, wanted);
  const error = found.map((x, i) => x - along * wanted[i]!);
  return 10 * Math.log10((along * along * dot(wanted, wanted)) / dot(error, error));
}

/** Results and gaps of audio stand side by side, each sample at its place. */
function inStep(outputs: readonly Output[], rows: number): void {
  let at = 0;
  for (const { item } of outputs) {
    if (item.kind !== 'chunk' && item.kind !== 'gap') continue;
    expect(item.from).toBe(at);
    if (item.kind === 'chunk') expect(item.data.length).toBe(item.to - item.from);
    at = item.to;
  }
  expect(at).toBe(rows);
}

describe.each(['ssm', 'attention'])('denoise with cell %s', (cell) => {
  const model = denoiseModel(TINY, { cell });
  const piece = speech.subarray(0, 5700);
  const naive = naiveDenoise(piece, buildStack(model) as Cell, TINY.phaseBins, TINY.filtered);

  // Measured, in audio: plain 5e-8, portable 2e-6.
  it.each(['plain', ...numerics])('equals its equations in float64: %s', async (engine) => {
    const bound = engine === 'plain' ? 1e-5 : 1e-4;
    const loaded = await load({ cell, vad: 'on' }, {}, engine);
    const { outputs } = await runSession(loaded, MONO, piece);
    inStep(outputs, piece.length);
    expect(worst(samplesOf(outputs), naive.audio)).toBeLessThan(bound);
    const readings = outputs.flatMap(({ item }) => (item.kind === 'detection' ? [item] : []));
    expect(readings.map(({ from, to }) => [from, to])).toEqual(
      naive.speech.map((_, hop) => [160 * hop, Math.min(160 * (hop + 1), piece.length)]),
    );
    expect(
      worst(
        readings.map(({ values }) => values.speech!),
        naive.speech,
      ),
    ).toBeLessThan(bound);
  });

  it('takes a head before or behind its sigmoid', async () => {
    const [with_, without] = await Promise.all(
      ['sigmoid', 'none'].map(async (activation) => runSession(await load({ cell }, { activation }), MONO, piece)),
    );
    expect(worst(samplesOf(with_!.outputs), samplesOf(without!.outputs))).toBeLessThan(1e-6);
  });

  it('gives the same digest for 1,000 random chunkings', async () => {
    await expectAnyChunking(await load({ cell, vad: 'on' }), speech.subarray(0, 3300));
  });

  it.each([16_000, 44_100])(
    'resumes from a snapshot at any row, gaps and resets included, at %i Hz',
    async (rateHz) => {
      const steps: Step[] = [{ upTo: 4000 }, { lost: 1234 }, { upTo: 9000 }, 'reset', { upTo: 12_000 }];
      const check = (outputs: readonly Output[]): void => inStep(outputs, 13_234);
      const loaded = await load({ cell, vad: 'on' });
      await expectResumesAnywhere(loaded, speech.subarray(0, 12_000), steps, { trials: 20, rateHz, check });
    },
  );

  it('takes a gap in one piece or in many with the same digest', async () => {
    await expectGapInPieces(await load({ cell }), speech.slice(0, 5000), speech.slice(5000, 9000));
  });

  it('keeps streams apart', async () => {
    const pieces = [speech.slice(0, 4000), speech.slice(9000, 14_000), speech.slice(20_000, 25_555)];
    await expectStreamsApart(await load({ cell }), pieces);
  });
});

describe('denoise, audio in step with what came', () => {
  // Measured: plain 153 dB, portable 138 dB.
  it.each(['plain', 'portable'])('gives the input back for gain 1 and no filter: %s', async (engine) => {
    const loaded = await load({}, { head: 'identity' }, engine);
    const { outputs } = await runSession(loaded, MONO, speech.subarray(0, 8001));
    inStep(outputs, 8001);
    expect(siSdr(samplesOf(outputs), speech.subarray(0, 8001))).toBeGreaterThan(80);
  });

  it('gives the input back for strength 0, and half of the way for .5', async () => {
    const run = async (strength: number) =>
      samplesOf((await runSession(await load({ strength }), MONO, speech)).outputs);
    const [none, half, all] = await Promise.all([0, 0.5, 1].map(run));
    expect(siSdr(none!, speech)).toBeGreaterThan(80);
    expect(
      worst(
        half!,
        all!.map((x, i) => (x + speech[i]!) / 2),
      ),
    ).toBeLessThan(1e-5);
  });

  it('takes no more than max_attenuation out of a bin', async () => {
    const energy = (samples: readonly number[]): number => samples.reduce((sum, x) => sum + x * x, 0);
    const silent = { head: 'silent' };
    const run = async (max_attenuation: number) =>
      samplesOf((await runSession(await load({ max_attenuation }, silent), MONO, speech)).outputs);
    const whole = energy([...speech]);
    expect(energy(await run(100)) / whole).toBeLessThan(1e-8);
    for (const attenuation of [0, 6, 20]) {
      expect(10 * Math.log10(energy(await run(attenuation)) / whole)).toBeCloseTo(-attenuation, 2);
    }
  });

  it.each([8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])(
    'gives as many samples as came, in step, at %i Hz',
    async (rateHz) => {
      const loaded = await load({}, { head: 'identity' });
      const tone = Float32Array.from({ length: rateHz }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 700 * i) / rateHz));
      const end = Math.round(rateHz / 100) * 20;
      for (const rows of [1, 2, 159, 160, 161, end - 1, end, end + 1, 6007]) {
        const { outputs } = await runSession(loaded, { rateHz, width: 1 }, tone.slice(0, rows));
        inStep(outputs, rows);
      }
      const { outputs } = await runSession(loaded, { rateHz, width: 1 }, tone);
      inStep(outputs, rateHz);
      // The ends ring: a tone that begins at once is not band-limited.
      const middle = [Math.floor(rateHz / 4), Math.floor((rateHz * 3) / 4)] as const;
      expect(siSdr(samplesOf(outputs).slice(...middle), tone.slice(...middle))).toBeGreaterThan(60);
    },
  );

  // A window of 20 ms, and what two resamplers look ahead: 2 x 1 ms, at 8 kHz 2 x 2 ms. In messages of 10 ms.
  it.each([
    [8000, 24],
    [16_000, 20],
    [24_000, 22],
    [44_100, 22],
    [48_000, 22],
  ])('is late by no more than it says: at %i Hz by %i ms', async (rateHz, ms) => {
    const { session, outputs } = openSession(await load(), { rateHz, width: 1 });
    const rows = rateHz / 100;
    let heard = 0;
    for (let hop = 1; hop <= 20; hop++) {
      await feed(session, noise(rows, seeded(hop)), 1);
      const to = outputs.at(-1)?.item.to ?? 0;
      // The oldest row of this message is what was not yet heard before it.
      if (to > heard) expect(hop * rows - heard).toBeLessThanOrEqual((rateHz * ms) / 1000 + 1);
      if (hop > 2) expect(to - heard).toBeGreaterThanOrEqual(Math.floor(rows)); // and none waits for another
      heard = to;
    }
  });

  it('declares what did not come, and goes on with the loudness that it knew', async () => {
    const { session, outputs } = openSession(await load({}, { head: 'identity' }), MONO);
    await feed(session, speech.slice(0, 1600), 1);
    session.gap(1600, 'lost');
    await feed(session, speech.slice(3200, 6400), 1);
    session.mark('end');
    await session.idle();
    inStep(outputs, 6400);
    expect(outputs.filter(({ item }) => item.kind === 'gap').map(({ item }) => [item.from, item.to])).toEqual([
      [1600, 3200],
    ]);
    // Up to a hop before the gap, and from its end on, samples are whole: a frame lost only fades.
    const after = chunks(outputs).filter(({ from }) => from >= 3200);
    expect(
      worst(
        after.flatMap(({ data }) => [...data]),
        speech.slice(3200, 6400),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('denoise, whatever comes', () => {
  it.each(['plain', 'portable'])('stays finite and grows nothing: %s', async (engine) => {
    const loaded = await load({}, {}, engine);
    const hour = new Float32Array(16_000);
    const loud = noise(16_000, seeded(1)).map(Math.sign);
    const kinds = [
      hour,
      loud,
      new Float32Array(16_000).fill(1),
      hour,
      noise(16_000, seeded(2)).map((x) => x * 1e-20),
      loud,
    ];
    const { session, outputs } = openSession(loaded, MONO);
    const size = session.stateBytes;
    for (const kind of kinds) await feed(session, kind, 1);
    expect(session.stateBytes).toBe(size);
    session.mark('end');
    await session.idle();
    inStep(outputs, 96_000);
    expect(samplesOf(outputs).every(Number.isFinite)).toBe(true);
    expect(chunks(outputs)).toHaveLength(600);
  });

  it('gives silence for two minutes of silence, and no burst behind it', async () => {
    const loaded = await load({ vad: 'on' });
    const { session, outputs } = openSession(loaded, MONO);
    for (let second = 0; second < 120; second++) {
      await feed(session, new Float32Array(16_000), 1);
      expect(samplesOf(outputs.splice(0)).every((x) => x === 0)).toBe(true);
    }
    await feed(session, speech.slice(0, 4000), 1);
    const peak = (samples: readonly number[]): number => Math.max(...samples.map(Math.abs));
    const fresh = await runSession(loaded, MONO, speech.slice(0, 4000));
    expect(peak(samplesOf(outputs))).toBeLessThan(2 * peak(samplesOf(fresh.outputs)));
  });

  it.each([NaN, Infinity, 3e38])('survives %d: a gap, and sound again behind it', async (value) => {
    const { session, outputs } = openSession(await load({}, { head: 'identity' }), MONO);
    const bad = speech.slice(0, 8000);
    bad[3333] = value;
    await feed(session, bad, 1);
    session.mark('end');
    await session.idle();
    inStep(outputs, 8000);
    expect(samplesOf(outputs).every(Number.isFinite)).toBe(true);
    expect(
      outputs.filter(({ item }) => item.kind === 'gap').every(({ item }) => item.from >= 3200 && item.to <= 3680),
    ).toBe(true);
    expect(outputs.some(({ item }) => item.kind === 'gap')).toBe(true);
    const late = chunks(outputs).filter(({ from }) => from >= 3680);
    expect(
      worst(
        late.flatMap(({ data }) => [...data]),
        speech.slice(3680, 8000),
      ),
    ).toBeLessThan(1e-6);
  });

  it('says which folder is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
    const loading = loadPipeline(denoise, { model: 'small' }, (name) => openModel(join(folder, name)));
    await expect(loading).rejects.toMatchObject({
      code: 'ERR_WEIGHTS_MISSING',
      message: expect.stringContaining(join(folder, 'denoise-small-ssm')),
    });
    await rm(folder, { recursive: true });
  });

  it('names the field of a config that does not fit', async () => {
    const model = denoiseModel(TINY);
    const millrace = model.config.millrace as Record<string, object>;
    const opened = (changed: object) =>
      loadPipeline(denoise, {}, async () => ({
        ...model,
        config: { ...model.config, millrace: { ...millrace, ...changed } },
      }));
    const wrong = { code: 'ERR_CONFIG_INVALID' };
    const field = (name: string) => ({ ...wrong, message: expect.stringContaining(name) });
    await expect(opened({ frontend: { ...millrace.frontend, hop: 128 } })).rejects.toMatchObject(field('frontend.hop'));
    await expect(opened({ heads: { ...millrace.heads, gain: [0, 160] } })).rejects.toMatchObject(field('heads.gain'));
    await expect(opened({ task: 'vad' })).rejects.toMatchObject(field('task'));
  });
});
