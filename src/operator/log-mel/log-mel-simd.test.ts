// log-mel on the WebAssembly kernels and straight from hops: near the float64 rows, and under the same laws.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import { parseSafetensors } from '../../weights/safetensors.ts';
import { rehop } from '../rehop/rehop.ts';
import { stft } from '../stft/stft.ts';
import { logMel } from './log-mel.ts';
import { logMelHops } from './log-mel-hops.ts';

const mel = { sampleRateHz: 16000, fftSize: 512, bands: 40, lowHz: 20, highHz: 8000, floor: 1e-6 };
const frames = { windowRows: 400, hopRows: 160, fftSize: 512, window: 'hann' } as const;
const hops = rehop({ hopRows: 160, width: 1, rateHz: 16000 });
const apart = (with_: object) => [hops, stft({ ...frames, ...with_ }), logMel({ ...mel, ...with_ })];
const together = (with_: object) => [hops, logMelHops({ ...frames, ...mel, ...with_ })];

const signal = noise(2000, seeded(9));
const stream = [
  chunkOf(0, signal.subarray(0, 900)),
  gapOf(900, 1200),
  chunkOf(1200, signal.subarray(1200, 1500)),
  markOf('reset', 1500),
  chunkOf(1500, signal.subarray(1500)),
  markOf('end', 2000),
];
const worst = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((max, value, k) => Math.max(max, Math.abs(value - b[k]!)), 0);
};
const golden = parseSafetensors(readFileSync(new URL('../../../models/vad-ssm/golden.safetensors', import.meta.url)));

describe('logMelHops', () => {
  it('gives the items and the arenas of stft and logMel, to the bit', () => {
    for (const simd of [undefined, ...simds]) {
      expect(runStage(together({ simd }), stream)).toEqual(runStage(apart({ simd }), stream));
      const [a, b] = [openStream(together({ simd })), openStream(apart({ simd }))];
      for (const opened of [a, b]) opened.push(...stream.slice(0, 3));
      expect(a.snapshot()).toEqual(b.snapshot());
    }
  });
});

const simds = await availableSimd();
describe.each(simds)('log-mel on $numerics kernels', (simd) => {
  it('is within 3e-5 of the features that the model was trained on', () => {
    const features = golden.get('out.features')!.data as Float32Array;
    const input = [chunkOf(0, golden.get('in.audio')!.data as Float32Array)];
    expect(worst(rowsOf(runStage(together({ simd }), input)), features)).toBeLessThan(3e-5);
  });

  it('is within 1e-4 of the plain rows, other band counts and several rows a chunk included', () => {
    for (const bands of [1, 3, 23, 40, 80]) {
      const spectra = noise(3 * 514, seeded(bands));
      const item = { ...chunkOf(0, spectra, 514), to: 480 };
      const [near] = runStage(logMel({ ...mel, bands, simd }), [item]);
      const [plain] = runStage(logMel({ ...mel, bands }), [item]);
      expect(near).toMatchObject({ kind: 'chunk', from: 0, to: 480, rows: 3, width: bands });
      expect(worst(rowsOf([near!]), rowsOf([plain!]))).toBeLessThan(1e-4);
    }
  });

  it('gives the floor in silence, and the same for sound too quiet to hear', () => {
    for (const level of [0, 1e-30, 1e-39]) {
      const rows = rowsOf(runStage(together({ simd }), [chunkOf(0, new Float32Array(480).fill(level))]));
      expect(new Set(rows).size).toBe(1);
      expect(Math.abs(rows[0]! - Math.log(1e-6))).toBeLessThan(2e-6);
    }
  });

  it.each([apart, together])('gives the same items for any chunking, and resumes bitwise', (stages) => {
    expectChunkInvariant(stages({ simd }), stream, { runs: 60 });
    expectResumable(stages({ simd }), stream, { runs: 40 });
  });
});
