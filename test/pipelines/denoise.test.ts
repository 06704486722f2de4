// The denoising pipeline as a whole, with random weights: equal to its equations, lawful, and sound whatever comes. That its audio
// is in step with what came, at every rate: denoise-in-step.test.ts.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import denoise from '../../pipelines/denoise.ts';
import type { Cell } from '../../src/cell/cell.ts';
import { buildStack } from '../../src/pipeline/build-stack.ts';
import { loadPipeline } from '../../src/pipeline/connect.ts';
import type { Output } from '../../src/session/session-options.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { denoiseModel, TINY } from '../helpers/denoise-model.ts';
import { chunksOf, inStep, loadDenoiser, samplesOf, worst } from '../helpers/denoised.ts';
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

describe.each(['ssm', 'attention'])('denoise with cell %s', (cell) => {
  const model = denoiseModel(TINY, { cell });
  const piece = speech.subarray(0, 5700);
  const naive = naiveDenoise(piece, buildStack(model) as Cell, TINY.phaseBins, TINY.filtered);

  // Measured, in audio: plain 5e-8, portable 2e-6.
  it.each(['plain', ...numerics])('equals its equations in float64: %s', async (engine) => {
    const bound = engine === 'plain' ? 1e-5 : 1e-4;
    const loaded = await loadDenoiser({ cell, vad: 'on' }, {}, engine);
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
      ['sigmoid', 'none'].map(async (activation) =>
        runSession(await loadDenoiser({ cell }, { activation }), MONO, piece),
      ),
    );
    expect(worst(samplesOf(with_!.outputs), samplesOf(without!.outputs))).toBeLessThan(1e-6);
  });

  it('gives the same digest for 1,000 random chunkings', async () => {
    await expectAnyChunking(await loadDenoiser({ cell, vad: 'on' }), speech.subarray(0, 3300));
  });

  it.each([16_000, 44_100])(
    'resumes from a snapshot at any row, gaps and resets included, at %i Hz',
    async (rateHz) => {
      const steps: Step[] = [{ upTo: 4000 }, { lost: 1234 }, { upTo: 9000 }, 'reset', { upTo: 12_000 }];
      const check = (outputs: readonly Output[]): void => inStep(outputs, 13_234);
      const loaded = await loadDenoiser({ cell, vad: 'on' });
      await expectResumesAnywhere(loaded, speech.subarray(0, 12_000), steps, { trials: 20, rateHz, check });
    },
  );

  it('takes a gap in one piece or in many with the same digest', async () => {
    await expectGapInPieces(await loadDenoiser({ cell }), speech.slice(0, 5000), speech.slice(5000, 9000));
  });

  it('keeps streams apart', async () => {
    const pieces = [speech.slice(0, 4000), speech.slice(9000, 14_000), speech.slice(20_000, 25_555)];
    await expectStreamsApart(await loadDenoiser({ cell }), pieces);
  });
});

describe('denoise, whatever comes', () => {
  it.each(['plain', 'portable'])('stays finite and grows nothing: %s', async (engine) => {
    const loaded = await loadDenoiser({}, {}, engine);
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
    expect(chunksOf(outputs)).toHaveLength(600);
  });

  it('gives silence for two minutes of silence, and no burst behind it', async () => {
    const loaded = await loadDenoiser({ vad: 'on' });
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
    const { session, outputs } = openSession(await loadDenoiser({}, { head: 'identity' }), MONO);
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
    const late = chunksOf(outputs).filter(({ from }) => from >= 3680);
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
