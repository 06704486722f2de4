// Whole pipelines with the shipped weights, whatever comes: finite, no louder than what came, the same twice over; samples that
// are no numbers are gaps; minutes of silence stay silent, grow nothing and end without a burst. Nothing here knows the weights.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import denoise from '../../pipelines/denoise.ts';
import keyword from '../../pipelines/keyword.ts';
import listen from '../../pipelines/listen.ts';
import vad from '../../pipelines/vad.ts';
import voice from '../../pipelines/voice.ts';
import type { Snapshot } from '../../src/item/snapshot.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import type { Output } from '../../src/session/session-options.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { samplesOf } from '../helpers/denoised.ts';
import { noise, seeded } from '../helpers/items.ts';
import { feed, openSession, runSession } from '../helpers/sessions.ts';

const open = (name: string) => openModel(join(ROOT, 'models', name));
const MONO = { rateHz: 16_000, width: 1 };
/**
 * Peaks of what comes out against those of what came. Measured: 1.0 on speech, 1.5 on speech clipped to a square wave: where a
 * band is taken away its edges overshoot, by up to 2 where only they are left.
 */
const LOUDER_MAX = 2.5;

const speech = (await bundledSpeech()).subarray(30_000, 46_000); // a second of talk
const peakOf = (samples: ArrayLike<number>): number =>
  Array.from(samples).reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);
const scaled = (db: number): Float32Array => speech.map((x) => (x / peakOf(speech)) * 10 ** (db / 20));
const random = seeded(11);
const white = noise(16_000, random);
/** Four notes with overtones, struck anew each quarter of a second. */
const chords = Float32Array.from({ length: 48_000 }, (_, i) => {
  const at = i / 48_000;
  const root = [220, 174.6, 261.6, 196][Math.floor(4 * at)]!;
  const notes = [1, 1.26, 1.5, 2].flatMap((note) =>
    [1, 2, 3, 4].map((overtone) => [note * overtone, overtone] as const),
  );
  const sum = notes.reduce((y, [ratio, overtone]) => y + Math.sin(2 * Math.PI * root * ratio * at) / overtone, 0);
  return 0.1 * Math.exp(-3 * (at % 0.25)) * sum;
});
const SOUNDS: Readonly<Record<string, { readonly samples: Float32Array; readonly rateHz?: number }>> = {
  'full-scale white noise': { samples: white },
  'speech clipped to a square wave': { samples: speech.map((x) => (x < 0 ? -1 : 1)) },
  'nothing but an offset of 1': { samples: new Float32Array(16_000).fill(1) },
  'speech on an offset of 1': { samples: speech.map((x) => x + 1) },
  'speech at -30 dB': { samples: scaled(-30) },
  'speech at -60 dB': { samples: scaled(-60) },
  impulses: { samples: Float32Array.from({ length: 16_000 }, (_, i) => (i % 1600 === 0 ? 1 : 0)) },
  'music at 48 kHz': { samples: chords, rateHz: 48_000 },
};

const CASES: readonly (readonly [string, () => Promise<LoadedPipeline>])[] = [
  ['denoise, full', () => loadPipeline(denoise, { vad: 'on' }, open)],
  ['denoise, small', () => loadPipeline(denoise, { model: 'small' }, open)],
  ['vad', () => loadPipeline(vad, { segments: 'on' }, open)],
  ['vad, second edition', () => loadPipeline(vad, { edition: '2' }, open)],
  ['keyword', () => loadPipeline(keyword, { probabilities: 'on' }, open)],
  ['listen', () => loadPipeline(listen, { segments: 'readings' }, open)],
  ['voice', () => loadPipeline(voice, { model: 'small', segments: 'readings' }, open)],
];

const valuesOf = (outputs: readonly Output[]): number[] =>
  outputs.flatMap(({ item }) => (item.kind === 'detection' ? Object.values(item.values) : []));
const isProbability = (value: number): boolean => value >= 0 && value <= 1;

describe.each(CASES)('%s', (_name, load) => {
  it.each(Object.entries(SOUNDS))(
    'is finite, not louder and the same again: %s',
    async (_sound, { samples, rateHz }) => {
      const loaded = await load();
      const { outputs, summary } = await runSession(loaded, { ...MONO, ...(rateHz && { rateHz }) }, samples);
      const audio = samplesOf(outputs);
      expect(audio.length).toBe(loaded.pipeline.output === 'audio' ? samples.length : 0);
      expect(audio.every(Number.isFinite)).toBe(true);
      expect(peakOf(audio)).toBeLessThanOrEqual(LOUDER_MAX * peakOf(samples));
      expect(valuesOf(outputs).every(isProbability)).toBe(true);
      expect(outputs.every(({ item }) => item.kind !== 'gap')).toBe(true);
      expect((await runSession(loaded, { ...MONO, ...(rateHz && { rateHz }) }, samples)).summary).toEqual(summary);
    },
  );

  it.each([NaN, Infinity, -Infinity])('makes a gap of %d, and goes on', async (value) => {
    const bad = speech.slice();
    bad.fill(value, 5000, 5010);
    const { outputs } = await runSession(await load(), MONO, bad);
    const gaps = outputs.flatMap(({ item }) => (item.kind === 'gap' ? [item] : []));
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.every(({ why, from, to }) => why === 'fault' && from >= 4800 && to <= 5440)).toBe(true);
    expect(samplesOf(outputs).every(Number.isFinite)).toBe(true);
    expect(valuesOf(outputs).every(isProbability)).toBe(true);
    expect(outputs.at(-1)!.item.to).toBe(16_000);
  });
});

/** Of silence, in virtual time, and when states are looked at. */
const SECONDS = 120;
const LOOK_SECONDS = 30;
const QUIET: typeof CASES = [
  ['denoise, full', () => loadPipeline(denoise, { vad: 'on' }, open)],
  ['denoise, small', () => loadPipeline(denoise, { model: 'small', vad: 'on' }, open)],
  ['vad', () => loadPipeline(vad, { segments: 'on' }, open)],
  ['vad, second edition', () => loadPipeline(vad, { edition: '2', segments: 'on' }, open)],
  ['keyword', () => loadPipeline(keyword, {}, open)],
  ['listen', () => loadPipeline(listen, { segments: 'readings' }, open)],
  ['voice', () => loadPipeline(voice, { model: 'small', segments: 'readings' }, open)],
];
/** The states of the models in it, float32 all of them. */
const statesOf = ({ slots }: Snapshot): Float32Array[] =>
  ['stack', 'keyword'].flatMap((slot) => (slots[slot] ? [new Float32Array(slots[slot].slice().buffer)] : []));
const farthest = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  Math.max(...a.map((state, k) => state.reduce((far, x, i) => Math.max(far, Math.abs(x - b[k]![i]!)), 0)));
const isSegmentOrWord = ({ item }: Output): boolean => item.kind === 'detection' && item.name !== 'vad';

describe.each(QUIET)('%s, after minutes of silence', (_name, load) => {
  it('has been silent, is as large as before, and begins without a burst', async () => {
    const loaded = await load();
    const { session, outputs } = openSession(loaded, MONO);
    await feed(session, speech, 1);
    const bytes = Object.values(session.snapshot().slots).reduce((sum, slot) => sum + slot.length, 0);
    const looks: Float32Array[][] = [];
    for (let second = 0; second < SECONDS; second++) {
      await feed(session, new Float32Array(16_000), 1);
      if (second === 0) outputs.length = 0; // the end of the speech is in it
      expect(samplesOf(outputs).every((x) => x === 0)).toBe(true);
      if (second > 0) expect(valuesOf(outputs).every((value) => value < 0.5)).toBe(true);
      expect(outputs.some(isSegmentOrWord)).toBe(false);
      outputs.length = 0;
      if ((second + 1) % LOOK_SECONDS === 0) looks.push(statesOf(session.snapshot()));
    }
    // An hour without an hour: states settle, each half minute by less than the one before (measured: half of it), so that all that
    // come move them by less than nine times the last.
    const [, second, third, fourth] = looks;
    expect(farthest(fourth!, third!)).toBeLessThanOrEqual(0.9 * farthest(third!, second!) + 1e-4);
    expect(looks.flat().every((state) => state.every(Number.isFinite))).toBe(true);
    expect(Object.values(session.snapshot().slots).reduce((sum, slot) => sum + slot.length, 0)).toBe(bytes);
    await feed(session, speech.slice(0, 1600 + 320), 1);
    const first = samplesOf(outputs).slice(-1600 - 160);
    expect(first.every(Number.isFinite)).toBe(true);
    expect(peakOf(first)).toBeLessThanOrEqual(LOUDER_MAX * peakOf(speech.subarray(0, 1920)));
    expect(valuesOf(outputs).every(isProbability)).toBe(true);
  });

  it('is silent again behind half a minute of full-scale noise on an offset, whose answers do not grow', async () => {
    const loaded = await load();
    const { session, outputs } = openSession(loaded, MONO);
    const loud = white.map((x) => Math.min(1, Math.max(-1, x + 0.5)));
    for (let second = 0; second < 30; second++) {
      await feed(session, loud, 1);
      expect(samplesOf(outputs).every((x) => Math.abs(x) <= LOUDER_MAX)).toBe(true);
      expect(valuesOf(outputs).every(isProbability)).toBe(true);
      outputs.length = 0;
    }
    await feed(session, new Float32Array(32_000), 1);
    outputs.length = 0;
    await feed(session, new Float32Array(16_000), 1);
    expect(samplesOf(outputs).every((x) => x === 0)).toBe(true);
    expect(valuesOf(outputs).every((value) => value < 0.5)).toBe(true);
    expect(outputs.some(isSegmentOrWord)).toBe(false);
  });
});
