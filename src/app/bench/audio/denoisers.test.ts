// What comes out lies row for row beside what went in, at every lag and rate.

import { expect, it } from 'vitest';
import { istft } from '../../../operator/istft/index.ts';
import { rehop } from '../../../operator/rehop/index.ts';
import { stft } from '../../../operator/stft/index.ts';
import { loadPipeline } from '../../../pipeline/connect.ts';
import { definePipeline } from '../../../pipeline/define-pipeline.ts';
import { siSdr } from '../../quality/si-sdr.ts';
import type { Peer } from '../peers/peer.ts';
import { noisyItself, ourDenoiser, peerDenoiser } from './denoisers.ts';

const rows = 8000;
/** Below 6 kHz, so that conversion to another rate and back keeps all of it. */
const x = Float32Array.from(
  { length: rows },
  (_, i) => 0.3 * Math.sin(0.02 * i + 3 * Math.sin(0.001 * i)) + 0.2 * Math.sin(1.7 * i),
);

/** Gives back what it got, `latencyRows` later. */
function delay(rateHz: number, frameRows: number, latencyRows: number): Peer {
  return {
    ...{ name: 'delay', rateHz, frameRows, latencyRows, answers: 'audio' },
    start() {
      let held = new Float32Array(latencyRows);
      return {
        process(frame) {
          const all = new Float32Array([...held, ...frame]);
          held = all.slice(frame.length);
          return all.slice(0, frame.length);
        },
        close: () => undefined,
      };
    },
  };
}

it('takes out exactly the lag that a peer declares', async () => {
  const { samples } = await peerDenoiser(delay(16_000, 128, 384)).clean(x);
  expect(samples).toEqual(x);
  const lying = await peerDenoiser({ ...delay(16_000, 128, 384), latencyRows: 383 }).clean(x);
  expect(siSdr(x, lying.samples)).toBeLessThan(20);
});

it('takes a peer of 48 kHz there and back without a shift, and says what conversion adds', async () => {
  const denoiser = peerDenoiser(delay(48_000, 480, 480));
  const { samples } = await denoiser.clean(x);
  expect(samples.length).toBe(rows);
  const middle = (all: Float32Array) => all.subarray(500, rows - 500);
  expect(siSdr(middle(x), middle(samples))).toBeGreaterThan(80);
  expect(denoiser.latencyMs()).toBe(20);
  expect(denoiser.conversionMs).toBeCloseTo(7.25, 9);
  expect(peerDenoiser(delay(16_000, 128, 384)).conversionMs).toBe(0);
});

it('puts rows of our own pipelines where they say they belong, and measures how old they are', async () => {
  const frames = { windowRows: 320, hopRows: 160, fftSize: 320, window: 'sqrt-hann', rateHz: 16_000 } as const;
  const pipeline = definePipeline({
    ...{ name: 'identity', summary: 'spectra and back', options: {} },
    input: { kind: 'audio', rateHz: 16_000, width: 1, hopRows: 160 },
    load: async () => undefined,
    modelIds: () => [],
    stages: () => [rehop({ hopRows: 160, width: 1, rateHz: 16_000 }), stft({ ...frames, tail: true }), istft(frames)],
  });
  const loaded = await loadPipeline(pipeline as never, {}, () => Promise.reject(new Error('no model is needed')));
  const denoiser = ourDenoiser({ name: 'identity', loaded });
  const { samples, us } = await denoiser.clean(x.subarray(0, rows - 37));
  expect(samples.length).toBe(rows - 37);
  expect(siSdr(x.subarray(0, rows - 37), samples)).toBeGreaterThan(90);
  expect(us).toBeGreaterThan(0);
  expect(denoiser.latencyMs()).toBe(20);
});

it('leaves the recording itself alone', async () => {
  expect((await noisyItself.clean(x)).samples).toBe(x);
});
