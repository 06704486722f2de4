// How old a sound is when it has been answered, by the stream's rate: what docs/audio.md says, measured on whole pipelines, by the
// places of their results and by an impulse that is heard or not.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import denoise from '../../pipelines/denoise.ts';
import keyword from '../../pipelines/keyword.ts';
import listen from '../../pipelines/listen.ts';
import vad from '../../pipelines/vad.ts';
import voice from '../../pipelines/voice.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/pipeline/connect.ts';
import type { Output } from '../../src/session/session-options.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { loadDenoiser } from '../helpers/denoised.ts';
import { noise, seeded } from '../helpers/items.ts';
import { feed, openSession } from '../helpers/sessions.ts';

const open = (name: string) => openModel(join(ROOT, 'models', name));
const small = { model: 'small' };
const PIPELINES: Readonly<Record<string, () => Promise<LoadedPipeline>>> = {
  vad: () => loadPipeline(vad, {}, open),
  keyword: () => loadPipeline(keyword, { probabilities: 'on' }, open),
  listen: () => loadPipeline(listen, { segments: 'readings' }, open),
  denoise: () => loadPipeline(denoise, { ...small, vad: 'on' }, open),
  voice: () => loadPipeline(voice, { ...small, segments: 'readings' }, open),
};

/** ms of the oldest row that comes out with a message, of results of a kind. @param waits some messages bring none */
async function oldestMs(
  loaded: LoadedPipeline,
  rateHz: number,
  messageMs: number,
  kind: string,
  waits = false,
): Promise<number> {
  const { session, outputs } = openSession(loaded, { rateHz, width: 1 });
  const rows = Math.round((rateHz * messageMs) / 1000);
  const sound = noise(rows, seeded(1));
  let oldest = 0;
  for (let message = 1; message <= 30; message++) {
    await feed(session, sound, 1);
    const ages = outputs.flatMap(({ item }) => (item.kind === kind ? [message * rows - item.from] : []));
    // Nothing waits for another message; audio waits for the hop after it.
    if (!waits && (message > 1 || kind === 'detection')) expect(ages.length).toBeGreaterThan(0);
    oldest = Math.max(oldest, ...ages);
    outputs.length = 0;
  }
  session.close();
  return (1000 * oldest) / rateHz;
}

interface Line {
  readonly messageMs: number;
  readonly kind: string;
  readonly pipelines: readonly string[];
  readonly told: readonly number[];
}

/** | 10 ms | readings of `vad`, `listen` | 12 | 10 | 11 | 11 | 11 |, under | messages | ... | 8 kHz | 16 kHz | ... | */
const text = readFileSync(join(ROOT, 'docs/audio.md'), 'utf8');
const rates = [...text.matchAll(/ ([\d.]+) kHz (?=\|)/g)].map(([, kHz]) => Math.round(1000 * Number(kHz)));
const lines: Line[] = [...text.matchAll(/^\| (\d+) ms \| (audio|readings) of ([^|]+)\|([\d |]+)\|$/gm)].map(
  ([, ms, what, names, told]) => ({
    messageMs: Number(ms),
    kind: what === 'audio' ? 'chunk' : 'detection',
    pipelines: [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    told: told!.split('|').map(Number),
  }),
);

describe('docs/audio.md', () => {
  it('has a table of latencies', () => {
    expect(rates).toEqual([8000, 16_000, 24_000, 44_100, 48_000]);
    expect(lines.map(({ pipelines }) => pipelines.length)).toEqual([5, 2, 5, 2]);
  });

  it.each(lines)('says how old the oldest row is, with messages of $messageMs ms: $kind', async (line) => {
    for (const name of line.pipelines) {
      const loaded = await PIPELINES[name]!();
      const measured: number[] = [];
      for (const rateHz of rates) measured.push(await oldestMs(loaded, rateHz, line.messageMs, line.kind));
      for (const [i, ms] of measured.entries()) expect(Math.abs(ms - line.told[i]!), `${name} ${ms}`).toBeLessThan(0.2);
    }
  });
});

it("has a hop wait for no more than the message that fills it: a browser's 128 samples at 48 kHz", async () => {
  const oldest = await oldestMs(await PIPELINES.vad!(), 48_000, 128 / 48, 'detection', true);
  expect(oldest).toBeGreaterThan(11);
  expect(oldest).toBeLessThan(11 + 128 / 48);
});

/** ms that the short filter looks ahead. */
const aheadMs = (rateHz: number): number => (rateHz === 16_000 ? 0 : 16_000 / Math.min(rateHz, 16_000));

/** Results of a message, as text: what one stream says and the other does not. */
const said = (outputs: readonly Output[]): string[] =>
  outputs.map(({ item: { from, to, ...item } }) =>
    JSON.stringify([from, to, item.kind === 'detection' ? item.values : item.kind === 'chunk' ? [...item.data] : 0]),
  );

describe.each([8000, 16_000, 24_000, 44_100, 48_000])('an impulse at %i Hz', (rateHz) => {
  const rows = rateHz / 100;

  /** How long after an impulse in row `at`, in ms, the first result comes that knows of it, and that result's place. */
  async function heard(loaded: LoadedPipeline, at: number): Promise<{ readonly ms: number; readonly item: Output }> {
    const [quiet, struck] = [openSession(loaded, { rateHz, width: 1 }), openSession(loaded, { rateHz, width: 1 })];
    for (let message = 1; message <= 40; message++) {
      const sound = noise(rows, seeded(message)).map((x) => 0.01 * x);
      await feed(quiet.session, sound, 1);
      const other = sound.slice();
      if (at >= (message - 1) * rows && at < message * rows) other[at - (message - 1) * rows] = 1;
      await feed(struck.session, other, 1);
      const [before, after] = [said(quiet.outputs), said(struck.outputs)];
      const first = after.findIndex((one, i) => one !== before[i]);
      if (first >= 0) return { ms: (1000 * (message * rows - at)) / rateHz, item: struck.outputs[first]! };
      quiet.outputs.length = struck.outputs.length = 0;
    }
    throw new Error('nobody heard it');
  }
  /** Rows at all places of a message, its first and its last among them. */
  const PLACES = [0, 1, Math.floor(rows / 3), rows - 60, rows - 20, rows - 1].map((row) => 10 * rows + Math.floor(row));

  it('is in a reading by one hop and one look-ahead later, and in none that lies before it', async () => {
    const loaded = await PIPELINES.vad!();
    for (const at of PLACES) {
      const { ms, item } = await heard(loaded, at);
      expect(ms).toBeLessThanOrEqual(10 + aheadMs(rateHz) + 0.1);
      expect(item.item.to).toBeGreaterThan(at - Math.ceil((2.1 * aheadMs(rateHz) * rateHz) / 1000)); // the filter rings before it
      expect(item.item.from).toBeLessThanOrEqual(at);
    }
  });

  it('comes out of denoise 20 ms and two look-aheads later at most', async () => {
    const loaded = await loadDenoiser({}, { head: 'identity' });
    for (const at of PLACES) {
      const { session, outputs } = openSession(loaded, { rateHz, width: 1 });
      const sound = new Float32Array(20 * rows);
      sound[at] = 1;
      let ms = Infinity;
      for (let message = 1; message <= 20; message++) {
        await feed(session, sound.slice((message - 1) * rows, message * rows), 1);
        const found = outputs.some(
          ({ item }) =>
            item.kind === 'chunk' && item.from <= at && item.to > at && Math.abs(item.data[at - item.from]!) > 0.2,
        );
        if (found) ms = Math.min(ms, (1000 * (message * rows - at)) / rateHz);
      }
      expect(ms).toBeLessThanOrEqual(20 + 2 * aheadMs(rateHz) + 0.1);
      session.close();
    }
  });
});
