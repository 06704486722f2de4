// The speech-activity pipeline as a whole: equal to the training code, and lawful from end to end.

import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import vad from '../../pipelines/vad.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { readModelGolden } from '../helpers/golden-audio.ts';
import {
  expectAnyChunking,
  expectGapInPieces,
  expectResumesAnywhere,
  expectStreamsApart,
} from '../helpers/pipeline-laws.ts';
import { covers, runSession } from '../helpers/sessions.ts';

const open = (name: string) => openModel(join(ROOT, 'models', name));
const MONO = { rateHz: 16_000, width: 1 };

describe.each(['ssm', 'attention'])('vad with cell %s', (cell) => {
  let loaded: LoadedPipeline;
  let audio: Float32Array;
  beforeAll(async () => {
    loaded = await loadPipeline(vad, { cell }, open);
    audio = await bundledSpeech();
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
    const whole = await expectAnyChunking(loaded, piece);
    expect(covers(whole.outputs, piece.length)).toBe(true);
  });

  it('interleaves streams without letting them touch', () =>
    expectStreamsApart(loaded, [audio.slice(0, 9000), audio.slice(30_000, 41_000), audio.slice(60_000, 67_777)]));

  it('resumes from a snapshot at any row with the same digest, gaps and resampling included', async () => {
    const steps = [{ upTo: 4000 }, { upTo: 9000 }, { lost: 3000 }, { upTo: 15_000 }];
    const whole = await expectResumesAnywhere(loaded, audio.slice(20_000, 35_000), steps, { trials: 25 });
    expect(whole.gaps).toBe(1);
  });

  it('takes a gap in one piece or in many with the same digest', async () => {
    await expectGapInPieces(loaded, audio.slice(0, 5000), audio.slice(5000, 12_000));
  });
});
