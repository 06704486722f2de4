// Speech segments and keywords of one stream: to the bit what vad and keyword say of it, and lawful together.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import keyword from '../../pipelines/keyword.ts';
import listen from '../../pipelines/listen.ts';
import vad from '../../pipelines/vad.ts';
import type { ResultItem } from '../../src/item/item.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import type { Pipeline } from '../../src/pipeline/define-pipeline.ts';
import { loadEngine } from '../../src/pipeline/engine.ts';
import type { Output } from '../../src/session/session-options.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import {
  expectAnyChunking,
  expectGapInPieces,
  expectResumesAnywhere,
  expectStreamsApart,
  type Step,
} from '../helpers/pipeline-laws.ts';
import { feed, openSession, runSession } from '../helpers/sessions.ts';

const open = (name: string) => openModel(join(ROOT, 'models', name));
const loadAny = async <M>(pipeline: Pipeline<M>, options: object, engine = 'portable') =>
  loadPipeline(pipeline as Pipeline, { ...options }, open, await loadEngine(engine));
const load = (options: object = {}, engine?: string) => loadAny(listen, options, engine);
const MONO = { rateHz: 16_000, width: 1 };
/** So low that other speech has words in it. */
const EAGER = { keyword_threshold: 1e-4 };

const speech = await bundledSpeech();

const results = (outputs: readonly Output[]): ResultItem[] =>
  outputs.flatMap(({ item }) => (item.kind === 'gap' ? [] : [item]));
const called = (outputs: readonly Output[], prefix: string): ResultItem[] =>
  results(outputs).filter((item) => item.kind === 'detection' && item.name.startsWith(prefix));
const gaps = (outputs: readonly Output[]) => outputs.flatMap(({ item }) => (item.kind === 'gap' ? [item] : []));

/** At 32 kHz, with rows that do not come, a reset inside a hop and samples that are no numbers. */
async function eventful(loaded: LoadedPipeline): Promise<readonly Output[]> {
  const { session, outputs } = openSession(loaded, { rateHz: 32_000, width: 1 });
  const sound = Float32Array.from({ length: 128_000 }, (_, i) => speech[20_000 + (i >> 1)]!);
  sound.fill(Number.NaN, 100_000, 100_100);
  await feed(session, sound.slice(0, 48_000), 1);
  session.gap(6000, 'lost');
  await feed(session, sound.slice(48_000, 82_003), 1);
  session.mark('reset');
  await feed(session, sound.slice(82_003), 1);
  session.mark('end');
  await session.idle();
  return outputs;
}

describe.each(['ssm', 'attention'])('listen with cell %s', (cell) => {
  it.each(['plain', 'portable'])("gives vad's segments and keyword's words, to the bit: %s", async (engine) => {
    const sound = engine === 'plain' ? speech.slice(88_000, 128_000) : speech;
    const { outputs } = await runSession(await load({ cell, segments: 'readings' }, engine), MONO, sound);
    const segments = await runSession(await loadAny(vad, { cell, segments: 'on' }, engine), MONO, sound);
    expect(called(outputs, 'vad')).toEqual(results(segments.outputs));
    expect(called(outputs, 'vad.').length).toBeGreaterThan(0);
    const words = await runSession(await loadAny(keyword, { cell }, engine), MONO, sound);
    expect(called(outputs, 'keyword')).toEqual(results(words.outputs));
    expect(outputs.map(({ seq }) => seq)).toEqual([...outputs.keys()]);
  });

  it('gives them at other rates, around gaps, faults and a reset as well', async () => {
    const outputs = await eventful(await load({ cell, ...EAGER, segments: 'readings' }));
    const segments = await eventful(await loadAny(vad, { cell, segments: 'on' }));
    expect(called(outputs, 'vad')).toEqual(results(segments));
    expect(gaps(outputs)).toEqual(gaps(segments));
    expect(new Set(gaps(outputs).map(({ why }) => why))).toEqual(new Set(['lost', 'client', 'fault']));
    const words = results(await eventful(await loadAny(keyword, { cell, threshold: EAGER.keyword_threshold })));
    expect(words.length).toBeGreaterThan(0);
    expect(called(outputs, 'keyword')).toEqual(words);
  });

  it('gives the same digest for 1,000 random chunkings', async () => {
    const loaded = await load({ cell, keyword_threshold: 1e-7, segments: 'readings' });
    const { outputs } = await expectAnyChunking(loaded, speech.slice(40_000, 43_000));
    const names = called(outputs, '').map((item) => item.kind === 'detection' && item.name.replace(/\..*/, ''));
    expect(names.slice(1, -1)).toContain('keyword'); // between readings, whose order is at stake
  });

  it('interleaves streams without letting them touch', async () => {
    const pieces = [speech.slice(0, 9000), speech.slice(30_000, 41_000), speech.slice(60_000, 67_777)];
    await expectStreamsApart(await load({ cell, ...EAGER, segments: 'readings' }), pieces);
  });

  it('resumes at any row, gaps, resets and resampling included', async () => {
    const steps: Step[] = [{ upTo: 24_000 }, { lost: 3000 }, { upTo: 42_000 }, 'reset', { upTo: 60_000 }];
    await expectResumesAnywhere(await load({ cell, ...EAGER }), speech.slice(20_000, 80_000), steps, { trials: 8 });
  });

  it('takes a gap in one piece or in many with the same digest', async () => {
    await expectGapInPieces(await load({ cell, ...EAGER }), speech.slice(20_000, 45_000), speech.slice(45_000, 70_000));
  });
});

describe('listen, its options', () => {
  it('gives segments alone, or the readings as well, and a keyword in front of what it was decided by', async () => {
    const run = async (options: object) => (await runSession(await load(options), MONO, speech)).outputs;
    const [segments, readings] = [await run(EAGER), await run({ ...EAGER, segments: 'readings' })];
    const isReading = ({ item }: Output): boolean => item.kind === 'detection' && item.name === 'vad';
    expect(segments.filter(isReading)).toEqual([]);
    expect(results(segments)).toEqual(results(readings.filter((output) => !isReading(output))));
    expect(readings.filter(isReading)).toHaveLength(1200);
    const word = readings.findIndex(({ item }) => item.kind === 'detection' && item.name.startsWith('keyword.'));
    const next = readings.slice(word).find(isReading)!;
    expect(next.item.to - readings[word]!.item.to).toBeGreaterThan(0);
    expect(next.item.to - readings[word]!.item.to).toBeLessThanOrEqual(0.4 * 16_000); // what the dialects of /compat wait for
  });

  it("takes keyword's words and vad's editions", async () => {
    const wake = await runSession(await load({ words: 'wake' }), MONO, speech);
    expect(called(wake.outputs, 'keyword')).toEqual([]);
    const { outputs } = await runSession(await load({ edition: '2' }), MONO, speech);
    const second = await runSession(await loadAny(vad, { edition: '2', segments: 'on' }), MONO, speech);
    expect(called(outputs, 'vad')).toEqual(called(second.outputs, 'vad.'));
  });

  it('says that it does not run where models answer later', async () => {
    const { openEngine } = await import('../../src/app/open-engine.ts');
    await expect(loadPipeline(listen, {}, open, await openEngine('onnx'))).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
    });
  });
});
