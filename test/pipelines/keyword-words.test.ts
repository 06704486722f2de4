// The bundled words through the keyword pipeline: all that were said, in order, where they were said, and nothing else.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import keyword from '../../pipelines/keyword.ts';
import { loadPipeline } from '../../src/pipeline/connect.ts';
import { loadEngine } from '../../src/pipeline/engine.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { bundledSpeech, bundledWords } from '../helpers/bundled-recording.ts';
import { runSession } from '../helpers/sessions.ts';

const { speech, words } = await bundledWords();

interface Found {
  readonly word: string;
  readonly from: number;
  readonly to: number;
  readonly score: number;
}

/** @param rateHz a multiple of 16 kHz: each sample so often */
async function find(options: object, { engine = 'portable', rateHz = 16_000, heard = speech } = {}): Promise<Found[]> {
  const open = (name: string) => openModel(join(ROOT, 'models', name));
  const loaded = await loadPipeline(keyword, { ...options }, open, await loadEngine(engine));
  const times = rateHz / 16_000;
  const sound = Float32Array.from({ length: times * heard.length }, (_, i) => heard[Math.floor(i / times)]!);
  const { outputs } = await runSession(loaded, { rateHz, width: 1 }, sound, everyTenSeconds(sound.length, rateHz));
  return outputs.flatMap(({ item }) =>
    item.kind === 'detection'
      ? {
          word: item.name.replace('keyword.', ''),
          from: item.from / rateHz,
          to: item.to / rateHz,
          score: item.values.score!,
        }
      : [],
  );
}
/** A session takes half a minute at once, and no more. */
const everyTenSeconds = (rows: number, rateHz: number): number[] =>
  Array.from({ length: Math.floor((rows - 1) / (10 * rateHz)) }, (_, i) => 10 * rateHz * (i + 1));
const named = (found: readonly { word: string }[]): string[] => found.map(({ word }) => word);

describe.each(['ssm', 'attention'])('the bundled words with cell %s', (cell) => {
  it.each([
    ['plain', 16_000],
    ['portable', 16_000],
    ['portable', 48_000],
  ])('are found in order, where they lie, and nothing else: %s at %i Hz', async (engine, rateHz) => {
    const found = await find({ cell }, { engine, rateHz });
    expect(named(found)).toEqual(['alexa', 'four', 'computer']);
    for (const [index, { from, to, score }] of found.entries()) {
      const said = words[index]!;
      expect(Math.abs(to - said.to), said.word).toBeLessThan(0.25);
      expect(Math.abs(from - said.from), said.word).toBeLessThan(0.1);
      expect(score, said.word).toBeGreaterThan(0.7);
    }
  });

  // Spotters that had learned from short scenes alone heard next to nothing after a minute of other speech.
  it('are heard in the fourth minute as in the first', async () => {
    const other = await bundledSpeech();
    const round = new Float32Array(speech.length + other.length);
    round.set(speech);
    round.set(other, speech.length);
    const rounds = 12;
    const heard = Float32Array.from({ length: rounds * round.length }, (_, i) => round[i % round.length]!);
    const found = await find({ cell }, { heard });
    expect(named(found)).toEqual(Array.from({ length: rounds }, () => ['alexa', 'four', 'computer']).flat());
    for (const [i, { score }] of found.slice(-3).entries()) expect(score).toBeCloseTo(found[3 + i]!.score, 1);
  });

  it('are found when listened for: one of them, or those of a group', async () => {
    expect(named(await find({ cell, words: 'wake' }))).toEqual(['alexa', 'computer']);
    expect(named(await find({ cell, words: 'four' }))).toEqual(['four']);
    expect(await find({ cell, words: 'jarvis' })).toEqual([]);
    expect(await find({ cell, threshold: 1 })).toEqual([]);
  });
});
