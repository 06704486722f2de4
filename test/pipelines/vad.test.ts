// The speech-activity pipeline as a whole: equal to the training code, and lawful from end to end.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import vad from '../../pipelines/vad.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { readModelGolden } from '../helpers/golden-audio.ts';
import { seeded } from '../helpers/items.ts';
import { covers, feed, openSession, randomCuts, runSession } from '../helpers/sessions.ts';

const open = (name: string) => openModel(join(ROOT, 'models', name));
const MONO = { rateHz: 16_000, width: 1 };

/** The bundled recording's samples: 16-bit mono behind a plain 44-byte header. */
async function recording(): Promise<Float32Array> {
  const bytes = await readFile(join(ROOT, 'assets/speech-in-noise.wav'));
  const data = bytes.buffer.slice(bytes.byteOffset + 44, bytes.byteOffset + bytes.length - (bytes.length % 2));
  return Float32Array.from(new Int16Array(data), (value) => value / 32_768);
}

describe.each(['ssm', 'attention'])('vad with cell %s', (cell) => {
  let loaded: LoadedPipeline;
  let audio: Float32Array;
  beforeAll(async () => {
    loaded = await loadPipeline(vad, { cell }, open);
    audio = await recording();
  });

  it.each(['1', '2'])('equals the training code within 1e-4 on its golden audio, edition %s', async (edition) => {
    const golden = await readModelGolden(`vad${edition === '2' ? '2' : ''}-${cell}`);
    const trained = await loadPipeline(vad, { cell, edition }, open);
    const { outputs } = await runSession(trained, MONO, Float32Array.from(golden('in.audio')));
    const wanted = golden('f64/out.logits').map((logit) => 1 / (1 + Math.exp(-logit)));
    expect(outputs.length).toBe(wanted.length);
    const worst = outputs.reduce((max, { item }, hop) => {
      if (item.kind !== 'detection') throw new Error('a gap where a reading should be');
      return Math.max(max, Math.abs(item.values.speech! - wanted[hop]!));
    }, 0);
    expect(worst).toBeLessThan(1e-4);
  });

  it('gives the same digest for 1,000 random chunkings of a real recording', async () => {
    const piece = audio.slice(16_000, 19_300);
    const whole = await runSession(loaded, MONO, piece);
    const random = seeded(7);
    for (let i = 0; i < 1000; i++) {
      const { summary } = await runSession(loaded, MONO, piece, randomCuts(piece.length, 1 + (i % 30), random));
      if (summary.digest !== whole.summary.digest) expect(summary, `chunking ${i}`).toEqual(whole.summary);
    }
    expect(covers(whole.outputs, piece.length)).toBe(true);
  });

  it('interleaves streams without letting them touch', async () => {
    const pieces = [audio.slice(0, 9000), audio.slice(30_000, 41_000), audio.slice(60_000, 67_777)];
    const alone = await Promise.all(pieces.map((piece) => runSession(loaded, MONO, piece)));
    const together = pieces.map(() => openSession(loaded, MONO));
    for (let at = 0; at < 11_000; at += 333) {
      for (const [i, { session }] of together.entries()) await feed(session, pieces[i]!.slice(at, at + 333), 1);
    }
    for (const [i, { session }] of together.entries()) {
      session.mark('end');
      await session.idle();
      expect(session.summary()).toEqual(alone[i]!.summary);
    }
  });

  it('resumes from a snapshot at any row with the same digest, gaps and resampling included', async () => {
    const source = { rateHz: 44_100, width: 1 };
    const piece = audio.slice(20_000, 35_000);
    const drive = async (splitAt: number | undefined) => {
      let { session } = openSession(loaded, source);
      const parts: [number, number][] = [
        [0, 4000],
        [4000, 9000],
        [9000, 15_000],
      ];
      for (const [from, to] of parts) {
        const middle = splitAt !== undefined && splitAt > from && splitAt < to ? splitAt : to;
        await feed(session, piece.slice(from, middle), 1);
        if (middle < to) {
          const snapshot = structuredClone(session.snapshot());
          session.close();
          session = openSession(loaded, source, { snapshot }).session;
          await feed(session, piece.slice(middle, to), 1);
        }
        if (to === 9000) session.gap(3000, 'lost');
      }
      session.mark('end');
      await session.idle();
      return session.summary();
    };
    const whole = await drive(undefined);
    expect(whole.gaps).toBe(1);
    const random = seeded(3);
    for (let i = 0; i < 25; i++) expect(await drive(1 + Math.floor(random() * 14_998))).toEqual(whole);
  });

  it('takes a gap in one piece or in many with the same digest', async () => {
    const drive = async (lengths: readonly number[]) => {
      const { session } = openSession(loaded, MONO);
      await feed(session, audio.slice(0, 5000), 1);
      for (const rows of lengths) session.gap(rows, 'client');
      await feed(session, audio.slice(5000, 12_000), 1);
      session.mark('end');
      await session.idle();
      return session.summary();
    };
    expect(await drive([100, 1, 899, 4000])).toEqual(await drive([5000]));
  });
});
