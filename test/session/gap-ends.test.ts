// A gap that ends between two rows of the pipeline: it takes the whole row, whose last source rows come only after it was
// declared. Whatever the rate and wherever it ends, results and gaps cover every row once, and one digest holds however the
// gap was cut up. So it is where a reset comes in the middle of such a row.

import { describe, expect, it } from 'vitest';
import { createOpenPipeline } from '../../src/app/open-pipeline.ts';
import { noise, seeded } from '../helpers/items.ts';
import { openSession } from '../helpers/sessions.ts';

const open = createOpenPipeline();
type Case = readonly [pipeline: string, options: Readonly<Record<string, string>>, rateHz: number];
const CASES: readonly Case[] = [
  ['vad', {}, 44_100],
  ['vad', {}, 48_000],
  ['denoise', { model: 'small' }, 44_100],
  ['denoise', { model: 'small' }, 48_000],
  ['denoise', { model: 'small' }, 24_000],
];
const HOPS_BEFORE = 3;
const HOPS_AFTER = 4;

/** Rows, a gap that ends at `end` and in pieces at `cuts`, and `after` rows. */
async function run([name, options, rateHz]: Case, end: number, after: number, cuts: number[] = []) {
  const loaded = await open(name, options);
  const hop = rateHz / 100;
  const { session, outputs } = openSession(loaded, { rateHz, width: 1 });
  const rows = noise((HOPS_BEFORE + HOPS_AFTER) * hop, seeded(2));
  session.rows(rows.subarray(0, HOPS_BEFORE * hop));
  for (const to of [...cuts, end]) session.gap(to - session.next, 'client');
  session.rows(rows.subarray(HOPS_BEFORE * hop, HOPS_BEFORE * hop + after));
  session.mark('end');
  await session.idle();
  const summary = session.summary();
  session.close();
  return { spans: outputs.map(({ item }) => [item.from, item.to]), outputs, summary };
}

const touching = (spans: number[][]): number[][] => spans.map(([, to], i) => [i === 0 ? 0 : spans[i - 1]![1]!, to!]);

describe.each(CASES)('%s %o at %i Hz', (...asked) => {
  const hop = asked[2] / 100;
  /** Over a hop, more densely near its end and where denoise, which lags, has its own. */
  const ends = Array.from({ length: hop }, (_, i) => 10 * hop + i).filter(
    (end) => end % 41 === 0 || end % hop > 0.85 * hop,
  );

  it('leaves no row out behind a gap, wherever it ends', async () => {
    for (const end of ends) {
      const { spans, summary } = await run(asked, end, HOPS_AFTER * hop);
      expect(spans).toEqual(touching(spans));
      expect(spans.at(-1)![1]).toBe(end + HOPS_AFTER * hop);
      expect(summary.gaps).toBe(1);
    }
  });

  it('leaves no row out when the stream ends a row or two later', async () => {
    for (const end of ends.filter((at) => at % hop > 0.85 * hop)) {
      for (const after of [0, 1, 2, 3]) {
        const { spans } = await run(asked, end, after);
        expect(spans).toEqual(touching(spans));
        expect(spans.at(-1)![1]).toBe(end + after);
      }
    }
  });

  it('leaves no row out behind a reset, wherever it comes', async () => {
    const loaded = await open(asked[0], asked[1]);
    for (const at of ends.map((end) => end - 5 * hop)) {
      const { session, outputs } = openSession(loaded, { rateHz: asked[2], width: 1 });
      session.rows(noise(at, seeded(3)));
      session.mark('reset');
      session.rows(noise(HOPS_AFTER * hop, seeded(4)));
      session.mark('end');
      await session.idle();
      const spans = outputs.map(({ item }) => [item.from, item.to]);
      expect(spans).toEqual(touching(spans));
      expect(spans.at(-1)![1]).toBe(at + HOPS_AFTER * hop);
      session.close();
    }
  });

  it('says the same however the gap was cut up', async () => {
    const end = 10 * hop + 5;
    const whole = await run(asked, end, HOPS_AFTER * hop);
    for (const cut of ends.map((at) => at - 4 * hop)) {
      expect((await run(asked, end, HOPS_AFTER * hop, [cut])).summary).toEqual(whole.summary);
    }
  });
});
