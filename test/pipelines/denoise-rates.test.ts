// Denoising at rates other than the model's: the same bytes however rows come, an impulse at its place, and nothing of what lies
// above the band that the header names.

import { describe, expect, it } from 'vitest';
import { loadDenoiser, samplesOf } from '../helpers/denoised.ts';
import { noise, seeded } from '../helpers/items.ts';
import { covers, feed, openSession, randomCuts, runSession } from '../helpers/sessions.ts';

const RATES = [8000, 11_025, 24_000, 44_100, 48_000];
const load = (head: string) => loadDenoiser({ vad: 'on' }, { head });

describe.each(RATES)('denoise at %i Hz', (rateHz) => {
  const mono = { rateHz, width: 1 };

  it('gives the same digest for 150 random chunkings, a gap and a reset among them', async () => {
    const loaded = await load('random');
    const sound = noise(Math.round(rateHz / 4), seeded(rateHz));
    const [lost, again] = [Math.round(rateHz / 17), Math.round(rateHz / 9)]; // between rows of the model's grid
    const run = async (cuts: readonly number[]): Promise<string> => {
      const { session, outputs } = openSession(loaded, mono);
      const upTo = async (from: number, to: number): Promise<void> => {
        const inside = cuts.filter((cut) => cut > from && cut < to).map((cut) => cut - from);
        await feed(session, sound.slice(from, to), 1, inside);
      };
      await upTo(0, lost);
      session.gap(333, 'lost');
      await upTo(lost, again);
      session.mark('reset');
      if (cuts.length % 2 === 0) await session.idle(); // the reset before the next rows have come, or behind them
      await upTo(again, sound.length);
      session.mark('end');
      await session.idle();
      const audio = outputs.filter(({ item }) => item.kind !== 'detection');
      expect(covers(audio, sound.length + 333)).toBe(true);
      return session.summary().digest;
    };
    const whole = await run([]);
    const random = seeded(3);
    for (let i = 0; i < 150; i++) expect(await run(randomCuts(sound.length, 1 + (i % 20), random))).toBe(whole);
  });

  it('has an impulse where it was, and gives it symmetrical', async () => {
    const rows = Math.round(rateHz / 4);
    const impulse = new Float32Array(rows);
    const at = Math.round(rows / 2);
    impulse[at] = 1;
    const y = samplesOf((await runSession(await load('identity'), mono, impulse)).outputs);
    const loudest = y.reduce((best, x, i) => (Math.abs(x) > Math.abs(y[best]!) ? i : best), 0);
    expect(loudest).toBe(at);
    // Its own weight to both sides: no delay of a part of a row either, but for what folds back, which is not symmetrical.
    const centre = y.reduce((sum, x, i) => sum + x * x * (i - at), 0) / y.reduce((sum, x) => sum + x * x, 0);
    expect(Math.abs(centre)).toBeLessThan(0.4);
  });

  it.runIf(rateHz > 16_000)('gives nothing back of a tone above 9.2 kHz, nor of its fold', async () => {
    const tone = Float32Array.from({ length: rateHz / 2 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 9500 * i) / rateHz));
    const y = samplesOf((await runSession(await load('identity'), mono, tone)).outputs).slice(rateHz / 8, -rateHz / 8);
    const level = 10 * Math.log10(y.reduce((sum, x) => sum + x * x, 0) / y.length / 0.125);
    expect(level).toBeLessThan(-70);
  });
});
