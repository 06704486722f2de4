// Clean audio, segments and keywords of one stream: each as its own pipeline gives it, and lawful together.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import denoise from '../../pipelines/denoise.ts';
import keyword from '../../pipelines/keyword.ts';
import voice from '../../pipelines/voice.ts';
import type { Detection } from '../../src/item/item.ts';
import { loadPipeline } from '../../src/pipeline/connect.ts';
import { loadEngine } from '../../src/pipeline/engine.ts';
import type { Output } from '../../src/session/session-options.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { expectAnyChunking, expectGapInPieces, expectResumesAnywhere, type Step } from '../helpers/pipeline-laws.ts';
import { runSession } from '../helpers/sessions.ts';

const open = (name: string) => openModel(join(ROOT, 'models', name));
const load = async (options: object = {}, engine = 'portable') =>
  loadPipeline(voice, { model: 'small', ...options }, open, await loadEngine(engine));
const MONO = { rateHz: 16_000, width: 1 };
/** So low that other speech has words in it. */
const EAGER = { keyword_threshold: 1e-4 };

const speech = await bundledSpeech();
/** [[from, to] s, ...] of the two sentences. */
const TRUTH = JSON.parse(await readFile(join(ROOT, 'assets/speech-in-noise.json'), 'utf8')) as [number, number][];

const audioOf = (outputs: readonly Output[]): number[] =>
  outputs.flatMap(({ item }) => (item.kind === 'chunk' ? [...item.data] : []));
const detections = (outputs: readonly Output[], prefix: string): Detection[] =>
  outputs.flatMap(({ item }) => (item.kind === 'detection' && item.name.startsWith(prefix) ? [item] : []));

describe.each(['ssm', 'attention'])('voice with cell %s', (cell) => {
  it.each(['plain', 'portable'])("gives denoise's audio and keyword's words, to the bit: %s", async (name) => {
    const engine = await loadEngine(name);
    const piece = speech.slice(20_000, 84_000);
    const { outputs } = await runSession(await load({ cell, ...EAGER }, name), MONO, piece);
    const clean = await loadPipeline(denoise, { cell, model: 'small' }, open, engine);
    expect(audioOf(outputs)).toEqual(audioOf((await runSession(clean, MONO, piece)).outputs));
    const words = await loadPipeline(keyword, { cell, threshold: EAGER.keyword_threshold }, open, engine);
    const alone = detections((await runSession(words, MONO, piece)).outputs, 'keyword');
    expect(alone.length).toBeGreaterThan(0);
    expect(detections(outputs, 'keyword')).toEqual(alone);
    expect(outputs.filter(({ seq }) => seq >= 0).map(({ seq }) => seq)).toEqual([...outputs.keys()]);
  });

  it.each(['own', 'trunk'])('finds the sentences, by the detector: %s', async (detector) => {
    const { outputs } = await runSession(await load({ cell, detector, model: 'full' }), MONO, speech);
    const [starts, ends] = ['vad.start', 'vad.end'].map((name) => detections(outputs, name));
    expect(starts!.length).toBe(ends!.length);
    expect(detections(outputs, 'vad').length).toBe(starts!.length + ends!.length); // no readings
    for (const [from, to] of TRUTH) {
      expect(Math.min(...starts!.map((start) => Math.abs(start.from / 16_000 - from)))).toBeLessThan(0.4);
      expect(Math.min(...ends!.map((end) => Math.abs(end.to / 16_000 - to)))).toBeLessThan(0.6);
    }
  });

  it('gives the same digest for 1,000 random chunkings', async () => {
    const loaded = await load({ cell, ...EAGER, segments: 'readings' });
    await expectAnyChunking(loaded, speech.slice(40_000, 43_300));
  });

  it.each(['own', 'trunk'])('resumes at any row, gaps, resets and resampling included: %s', async (detector) => {
    const steps: Step[] = [{ upTo: 24_000 }, { lost: 3000 }, { upTo: 42_000 }, 'reset', { upTo: 60_000 }];
    const loaded = await load({ cell, ...EAGER, detector });
    await expectResumesAnywhere(loaded, speech.slice(20_000, 80_000), steps, { trials: 8 });
  });

  it('takes a gap in one piece or in many with the same digest', async () => {
    const loaded = await load({ cell, ...EAGER });
    await expectGapInPieces(loaded, speech.slice(20_000, 45_000), speech.slice(45_000, 70_000));
  });

  it('keeps its audio in step and finite over samples that are no numbers', async () => {
    const sound = speech.slice(20_000, 36_000);
    sound.fill(Number.NaN, 5000, 5100);
    const { outputs } = await runSession(await load({ cell }), MONO, sound);
    let at = 0;
    for (const { item } of outputs) {
      if (item.kind !== 'chunk' && item.kind !== 'gap') continue;
      expect(item.from).toBe(at);
      at = item.to;
    }
    expect(at).toBe(16_000);
    expect(audioOf(outputs).every(Number.isFinite)).toBe(true);
  });
});

describe('voice, its options', () => {
  it('places everything on the rows of the sender, whatever its rate', async () => {
    const at16 = await runSession(await load(EAGER), MONO, speech.slice(16_000, 80_000));
    const doubled = Float32Array.from({ length: 128_000 }, (_, i) => speech[16_000 + (i >> 1)]!);
    const at32 = await runSession(await load(EAGER), { rateHz: 32_000, width: 1 }, doubled);
    const [a, b] = [at16, at32].map(({ outputs }) => detections(outputs, 'vad.start')[0]!);
    expect(Math.abs(b!.from - 2 * a!.from)).toBeLessThan(0.1 * 32_000);
    expect(audioOf(at32.outputs)).toHaveLength(128_000);
  });

  it('leaves segments out, or gives the readings as well', async () => {
    const run = async (segments: string) =>
      detections((await runSession(await load({ segments }), MONO, speech.slice(0, 48_000))).outputs, 'vad');
    expect(await run('off')).toEqual([]);
    const readings = (await run('readings')).filter(({ name }) => name === 'vad');
    expect(readings).toHaveLength(300);
  });

  it('says that it does not run where models answer later', async () => {
    const { openEngine } = await import('../../src/app/open-engine.ts');
    await expect(loadPipeline(voice, {}, open, await openEngine('onnx'))).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
    });
  });
});
