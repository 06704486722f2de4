// What the denoising pipeline gives back, with random weights: audio in step with what came at every rate, no later than it says,
// and as much of it as was asked for. That it is equal to its equations: denoise.test.ts.

import { describe, expect, it } from 'vitest';
import { siSdr } from '../../src/app/quality/si-sdr.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { chunksOf, inStep, loadDenoiser, samplesOf, worst } from '../helpers/denoised.ts';
import { noise, seeded } from '../helpers/items.ts';
import { feed, openSession, runSession } from '../helpers/sessions.ts';

const MONO = { rateHz: 16_000, width: 1 };

/** Two seconds. */
const speech = (await bundledSpeech()).subarray(30_000, 62_000);

/** dB of what lies along `wanted` over what does not. */
const likeness = (found: readonly number[], wanted: Float32Array): number => siSdr(wanted, Float32Array.from(found));

describe('denoise, audio in step with what came', () => {
  // Measured: plain 153 dB, portable 138 dB.
  it.each(['plain', 'portable'])('gives the input back for gain 1 and no filter: %s', async (engine) => {
    const loaded = await loadDenoiser({}, { head: 'identity' }, engine);
    const { outputs } = await runSession(loaded, MONO, speech.subarray(0, 8001));
    inStep(outputs, 8001);
    expect(likeness(samplesOf(outputs), speech.subarray(0, 8001))).toBeGreaterThan(80);
  });

  it('gives the input back for strength 0, and half of the way for .5', async () => {
    const run = async (strength: number) =>
      samplesOf((await runSession(await loadDenoiser({ strength }), MONO, speech)).outputs);
    const [none, half, all] = await Promise.all([0, 0.5, 1].map(run));
    expect(likeness(none!, speech)).toBeGreaterThan(80);
    expect(
      worst(
        half!,
        all!.map((x, i) => (x + speech[i]!) / 2),
      ),
    ).toBeLessThan(1e-5);
  });

  it('takes no more than max_attenuation out of a bin', async () => {
    const energy = (samples: readonly number[]): number => samples.reduce((sum, x) => sum + x * x, 0);
    const silent = { head: 'silent' };
    const run = async (max_attenuation: number) =>
      samplesOf((await runSession(await loadDenoiser({ max_attenuation }, silent), MONO, speech)).outputs);
    const whole = energy([...speech]);
    expect(energy(await run(100)) / whole).toBeLessThan(1e-8);
    for (const attenuation of [0, 6, 20]) {
      expect(10 * Math.log10(energy(await run(attenuation)) / whole)).toBeCloseTo(-attenuation, 2);
    }
  });

  it.each([8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])(
    'gives as many samples as came, in step, at %i Hz',
    async (rateHz) => {
      const loaded = await loadDenoiser({}, { head: 'identity' });
      const tone = Float32Array.from({ length: rateHz }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 700 * i) / rateHz));
      const end = Math.round(rateHz / 100) * 20;
      for (const rows of [1, 2, 159, 160, 161, end - 1, end, end + 1, 6007]) {
        const { outputs } = await runSession(loaded, { rateHz, width: 1 }, tone.slice(0, rows));
        inStep(outputs, rows);
      }
      const { outputs } = await runSession(loaded, { rateHz, width: 1 }, tone);
      inStep(outputs, rateHz);
      // The ends ring: a tone that begins at once is not band-limited.
      const middle = [Math.floor(rateHz / 4), Math.floor((rateHz * 3) / 4)] as const;
      expect(likeness(samplesOf(outputs).slice(...middle), tone.slice(...middle))).toBeGreaterThan(60);
    },
  );

  // A window of 20 ms, and what two resamplers look ahead: 2 x 1 ms, at 8 kHz 2 x 2 ms. In messages of 10 ms.
  it.each([
    [8000, 24],
    [16_000, 20],
    [24_000, 22],
    [44_100, 22],
    [48_000, 22],
  ])('is late by no more than it says: at %i Hz by %i ms', async (rateHz, ms) => {
    const { session, outputs } = openSession(await loadDenoiser(), { rateHz, width: 1 });
    const rows = rateHz / 100;
    let heard = 0;
    for (let hop = 1; hop <= 20; hop++) {
      await feed(session, noise(rows, seeded(hop)), 1);
      const to = outputs.at(-1)?.item.to ?? 0;
      // The oldest row of this message is what was not yet heard before it.
      if (to > heard) expect(hop * rows - heard).toBeLessThanOrEqual((rateHz * ms) / 1000 + 1);
      if (hop > 2) expect(to - heard).toBeGreaterThanOrEqual(Math.floor(rows)); // and none waits for another
      heard = to;
    }
  });

  it('declares what did not come, and goes on with the loudness that it knew', async () => {
    const { session, outputs } = openSession(await loadDenoiser({}, { head: 'identity' }), MONO);
    await feed(session, speech.slice(0, 1600), 1);
    session.gap(1600, 'lost');
    await feed(session, speech.slice(3200, 6400), 1);
    session.mark('end');
    await session.idle();
    inStep(outputs, 6400);
    expect(outputs.filter(({ item }) => item.kind === 'gap').map(({ item }) => [item.from, item.to])).toEqual([
      [1600, 3200],
    ]);
    // Up to a hop before the gap, and from its end on, samples are whole: a frame lost only fades.
    const after = chunksOf(outputs).filter(({ from }) => from >= 3200);
    expect(
      worst(
        after.flatMap(({ data }) => [...data]),
        speech.slice(3200, 6400),
      ),
    ).toBeLessThan(1e-6);
  });
});
