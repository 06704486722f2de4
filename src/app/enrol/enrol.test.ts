// From recordings to words that are heard: on made-up words, since no recording of a real one may lie here.

import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../../../test/helpers/items.ts';
import { feed, openSession, randomCuts, runSession } from '../../../test/helpers/sessions.ts';
import { addEnrol } from '../commands/enrol.ts';
import { createOpenPipeline, openPipelineOrFile } from '../open-pipeline.ts';

const RATE_HZ = 16_000;
const MONO = { rateHz: RATE_HZ, width: 1 };
let folder: string;
let words: string;

/** A voice of harmonics whose two formants move from vowel to vowel, a little different every time. */
function spoken(vowels: readonly (readonly [number, number])[], seed: number, rateHz = RATE_HZ): Float32Array {
  const random = seeded(seed);
  const pitch = 110 + 60 * random();
  const rows = Math.round(rateHz * vowels.length * (0.16 + 0.04 * random()));
  const gain = 0.02 + 0.04 * random();
  return Float32Array.from({ length: rows }, (_, i) => {
    const at = Math.min((vowels.length * i) / rows, vowels.length - 1e-6);
    const [here, next] = [vowels[Math.floor(at)]!, vowels[Math.min(Math.floor(at) + 1, vowels.length - 1)]!];
    const formant = (k: 0 | 1): number => here[k] + (next[k] - here[k]) * (at % 1);
    let sum = 0;
    for (let h = 1; h * pitch < 4000; h++) {
      const near = (k: 0 | 1): number => Math.exp(-(((h * pitch - formant(k)) / 180) ** 2));
      sum += (near(0) + 0.6 * near(1) + 0.01) * Math.sin((2 * Math.PI * h * pitch * i) / rateHz);
    }
    const edge = Math.min(1, i / 400, (rows - i) / 400);
    return gain * edge * sum + 0.0005 * (2 * random() - 1);
  });
}
const WEEAH: [number, number][] = [
  [300, 2300],
  [300, 2300],
  [700, 1200],
  [750, 1200],
];
const OOAY: [number, number][] = [
  [320, 800],
  [500, 1000],
  [450, 1900],
  [400, 2000],
];

function wav(samples: Float32Array, rateHz: number): Buffer {
  const bytes = Buffer.alloc(44 + 2 * samples.length);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 2 * samples.length, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rateHz, 24);
  bytes.writeUInt32LE(2 * rateHz, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * samples.length, 40);
  for (const [i, x] of samples.entries()) bytes.writeInt16LE(Math.round(32_767 * x), 44 + 2 * i);
  return bytes;
}

const enrol = (...args: string[]): Promise<unknown> => {
  const program = new Command().exitOverride();
  addEnrol(program);
  return program.parseAsync(['node', 'millrace', 'enrol', ...args]);
};

/** Both words, and the first again, a second apart. */
function sentence(): Float32Array {
  const parts = [spoken(WEEAH, 50), spoken(OOAY, 51), spoken(WEEAH, 52)];
  const whole = new Float32Array(RATE_HZ * 6);
  for (const [k, part] of parts.entries()) whole.set(part, RATE_HZ * (1 + 1.5 * k));
  return whole;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-enrol-'));
  words = join(folder, 'words.json');
  for (let k = 0; k < 8; k++) {
    const rateHz = k % 2 === 0 ? RATE_HZ : 22_050;
    await writeFile(join(folder, `${k}.wav`), wav(spoken(WEEAH, k, rateHz), rateHz));
  }
  await enrol('weeah', '--from', folder, '--out', words);
});
afterAll(() => rm(folder, { recursive: true }));

describe('millrace enrol', () => {
  it('makes a word that is heard where it is said, and no other in its place', async () => {
    const { outputs } = await runSession(await openPipelineOrFile(words, {}), MONO, sentence());
    const found = outputs.flatMap(({ item }) => (item.kind === 'detection' ? [item] : []));
    expect(found.map(({ name }) => name)).toEqual(['keyword.weeah', 'keyword.weeah']);
    for (const [k, start] of [1, 4].entries()) {
      expect(Math.abs(found[k]!.from / RATE_HZ - start)).toBeLessThan(0.15);
      expect(Math.abs(found[k]!.to / RATE_HZ - (start + 0.7))).toBeLessThan(0.4);
    }
  });

  it('listens for the trained words as well when asked to', async () => {
    const loaded = await openPipelineOrFile(words, { enrolled: 'on', words: 'wake', probabilities: 'on' });
    const { outputs } = await runSession(loaded, MONO, new Float32Array(160));
    expect(Object.keys((outputs[0]!.item as { values: object }).values)).toHaveLength(9);
  });

  it('obeys the laws: any chunking, and a snapshot anywhere with a gap', async () => {
    const loaded = await openPipelineOrFile(words, { probabilities: 'on' });
    const piece = sentence().slice(14_000, 40_000);
    const whole = await runSession(loaded, MONO, piece.slice(0, 5000));
    const random = seeded(4);
    for (let i = 0; i < 100; i++) {
      const { summary } = await runSession(loaded, MONO, piece.slice(0, 5000), randomCuts(5000, 1 + (i % 30), random));
      expect(summary).toEqual(whole.summary);
    }
    const drive = async (split?: number) => {
      let { session } = openSession(loaded, MONO);
      await feed(session, piece.slice(0, 9000), 1);
      session.gap(1000, 'lost');
      await feed(session, piece.slice(9000, split ?? 9000), 1);
      if (split) {
        const snapshot = structuredClone(session.snapshot());
        session.close();
        session = openSession(loaded, MONO, { snapshot }).session;
      }
      await feed(session, piece.slice(split ?? 9000), 1);
      session.mark('end');
      await session.idle();
      return session.summary();
    };
    const one = await drive();
    for (const split of [9001, 9160, 15_000, 21_234]) expect(await drive(split)).toEqual(one);
  });

  it('adds a word to a file that has others, and replaces one of its name', async () => {
    const [file, few] = [join(folder, 'both.json'), join(folder, 'few')];
    await mkdir(few);
    for (let k = 0; k < 5; k++) await copyFile(join(folder, `${k}.wav`), join(few, `${k}.wav`));
    for (const word of ['first', 'second', 'first']) await enrol(word, '--from', few, '--out', file);
    const { outputs } = await runSession(
      await openPipelineOrFile(file, { probabilities: 'on' }),
      MONO,
      new Float32Array(160),
    );
    expect(Object.keys((outputs[0]!.item as { values: object }).values)).toEqual(['second', 'first']);
  });

  it('says what is wrong: too few recordings, a name that cannot be, words of another model', async () => {
    const wrong = (code: string) => expect.objectContaining({ code });
    await expect(enrol('x', '--from', join(folder, 'none'))).rejects.toEqual(wrong('ERR_USAGE'));
    await expect(enrol('two words', '--from', folder)).rejects.toEqual(wrong('ERR_USAGE'));
    await expect(enrol('x', '--from', folder, '--out', words, '--cell', 'attention')).rejects.toEqual(
      wrong('ERR_USAGE'),
    );
    await expect(openPipelineOrFile(words, { cell: 'attention' })).rejects.toEqual(wrong('ERR_CONFIG_INVALID'));
    const broken = join(folder, 'broken.json');
    await writeFile(broken, JSON.stringify({ millrace: { task: 'enrolled-words', mean: [1], deviation: [0] } }));
    await expect(openPipelineOrFile(broken, {})).rejects.toEqual(wrong('ERR_CONFIG_INVALID'));
  });

  it('lets no client of a server name a file', async () => {
    await expect(createOpenPipeline()(words, {})).rejects.toMatchObject({ code: 'ERR_PIPELINE_UNKNOWN' });
  });
});
