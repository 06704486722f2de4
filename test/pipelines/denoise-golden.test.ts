// The shipped denoisers against the training code: the same audio out, and the same probability of speech.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import denoise from '../../pipelines/denoise.ts';
import { loadPipeline } from '../../src/pipeline/connect.ts';
import { loadEngine } from '../../src/pipeline/engine.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { readModelGolden } from '../helpers/golden-audio.ts';
import { runSession } from '../helpers/sessions.ts';

/** Measured: below 5e-6, of full scale and of a probability. */
const BOUND = 1e-4;

describe.each(['full', 'small'])('denoise %s', (model) => {
  it.each(['ssm', 'attention'])('equals the training code within 1e-4, plain and portable: %s', async (cell) => {
    const golden = await readModelGolden(`denoise-${model === 'small' ? 'small-' : ''}${cell}`);
    const [audio, logits] = [golden('out.audio'), golden('out.logits')];
    const hops = golden('in.audio').length / 160;
    const speech = Array.from({ length: hops }, (_, hop) => {
      const logit = logits[(hop + 1) * (logits.length / hops) - 1]!;
      return 1 / (1 + Math.exp(-logit));
    });
    for (const engine of ['plain', 'portable']) {
      const open = (name: string) => openModel(join(ROOT, 'models', name));
      const loaded = await loadPipeline(denoise, { model, cell, vad: 'on' }, open, await loadEngine(engine));
      const { outputs } = await runSession(loaded, { rateHz: 16_000, width: 1 }, Float32Array.from(golden('in.audio')));
      const samples = outputs.flatMap(({ item }) => (item.kind === 'chunk' ? [...item.data] : []));
      const readings = outputs.flatMap(({ item }) => (item.kind === 'detection' ? [item.values.speech!] : []));
      // The training code stops a hop before its input ends: it has no frame behind the end.
      expect([samples.length, audio.length]).toEqual([hops * 160, (hops - 1) * 160]);
      expect(Math.max(...audio.map((x, i) => Math.abs(x - samples[i]!)))).toBeLessThan(BOUND);
      expect(Math.max(...speech.map((p, i) => Math.abs(p - readings[i]!)))).toBeLessThan(BOUND);
    }
  });
});
