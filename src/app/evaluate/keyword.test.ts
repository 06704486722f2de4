import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runSession } from '../../../test/helpers/sessions.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { ASSETS } from '../paths.ts';
import { openSource } from '../source/open-source.ts';
import { scene, wholeSource } from './keyword-clips.ts';
import { decisionsAt, probabilitiesOf } from './keyword-decisions.ts';

const SETTINGS = { spanHops: 12, settleHops: 8, refractoryHops: 20 };
const MONO = { rateHz: 16_000, width: 1 };

it('decides as the pipeline does, at any threshold', async () => {
  const speech = await wholeSource(await openSource(join(ASSETS, 'words.wav')));
  const probabilities = await probabilitiesOf(await openPipelineOrFile('keyword', { probabilities: 'on' }), speech);
  for (const threshold of [0.01, 0.3, 0.95]) {
    const { outputs } = await runSession(await openPipelineOrFile('keyword', { threshold }), MONO, speech);
    const said = outputs.map(({ item }) => (item.kind === 'detection' ? [item.name, item.values.score] : []));
    const again = decisionsAt(probabilities, threshold, SETTINGS);
    expect(again.length).toBeGreaterThan(0);
    expect(again.map(({ word, score }) => [`keyword.${word}`, Math.fround(score)])).toEqual(said);
  }
});

it('mixes noise so far below the louder half of a clip, the same for the same seed', () => {
  const clip = Float32Array.from({ length: 16_000 }, (_, i) => (i < 8000 ? 0 : 0.1 * Math.sin(i)));
  const noise = Float32Array.from({ length: 48_000 }, (_, i) => 0.3 * Math.sin(1.7 * i));
  const power = (x: Float32Array): number => x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const mix = scene(clip, [noise], 10, 3);
  expect(mix).toHaveLength(32_000);
  expect(10 * Math.log10(power(clip.subarray(8000)) / power(mix.subarray(0, 8000)))).toBeCloseTo(10, 0);
  expect(scene(clip, [noise], 10, 3)).toEqual(mix);
  expect(scene(clip, [noise], 10, 4)).not.toEqual(mix);
  expect(scene(clip, [noise], undefined, 3).subarray(8000, 24_000)).toEqual(clip);
});
