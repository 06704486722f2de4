// There and back again with hops in between: the latency that the header promises, what the short filter lets through, sound on
// the rows that it came on, and the laws, resets included.

import { describe, expect, it } from 'vitest';
import { eventfulStream } from '../../../test/helpers/eventful-stream.ts';
import { chunkOf, detectionOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import { makeStage } from '../make-stage.ts';
import { rehop } from '../rehop/rehop.ts';
import { filterFor } from './filter.ts';
import { resample } from './resample.ts';
import { roundTrip } from './trips.ts';

const INSIDE_HZ = 16_000;
const HOP_ROWS = 160;
const RATES = [8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000];

/** With hops of 10 ms between the two, as a pipeline has. */
function trip(rateHz: number) {
  const { there, back } = roundTrip(rateHz, INSIDE_HZ, HOP_ROWS);
  return [there, rehop({ hopRows: HOP_ROWS, width: 1, rateHz: INSIDE_HZ }), unpad, back];
}
/** As istft does with the last hop. */
const unpad = makeStage((_, emit) => ({
  chunk: (item) => emit({ ...item, rows: item.to - item.from, data: item.data.subarray(0, item.to - item.from) }),
}));
const sine = (rows: number, hz: number, rateHz: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hz * n) / rateHz));
const sent = (x: Float32Array, rateHz: number): Item[] => [chunkOf(0, x, 1, rateHz), markOf('end', x.length, rateHz)];
/** Of the middle, against that of a sine of 0.5. */
const levelDb = (y: Float32Array): number => {
  const middle = y.subarray(y.length >> 2, (3 * y.length) >> 2);
  return 10 * Math.log10(middle.reduce((sum, v) => sum + v * v, 0) / middle.length / 0.125);
};
const errorDb = (y: Float32Array, ideal: Float32Array): number => levelDb(y.map((v, n) => v - ideal[n]!));
const short = (x: Float32Array, fromHz: number, toHz: number): Float32Array =>
  rowsOf(runStage(resample({ fromHz, toHz, width: 1, reach: 'short' }), sent(x, fromHz)));

describe('the short filter', () => {
  it.each(RATES)('keeps tones up to 0.425 of the lower rate within -70 dB, in place: %i Hz', (rateHz) => {
    const lower = Math.min(rateHz, INSIDE_HZ);
    for (const share of [0.05, 0.2, 0.425]) {
      const hz = share * lower;
      const there = short(sine(rateHz, hz, rateHz), rateHz, INSIDE_HZ);
      expect(errorDb(there, sine(INSIDE_HZ, hz, INSIDE_HZ))).toBeLessThan(-70);
      const back = short(sine(INSIDE_HZ, hz, INSIDE_HZ), INSIDE_HZ, rateHz);
      expect(errorDb(back, sine(rateHz, hz, rateHz))).toBeLessThan(-70);
    }
  });

  it.each([22_050, 24_000, 32_000, 44_100, 48_000])('folds back as little as it says, from %i Hz', (rateHz) => {
    const folded = (hz: number): number => levelDb(short(sine(rateHz, hz, rateHz), rateHz, INSIDE_HZ));
    expect(folded(8050)).toBeLessThan(-6);
    expect(folded(8800)).toBeLessThan(-31);
    for (const hz of [9200, 10_000, 10_900]) expect(folded(hz)).toBeLessThan(-75);
  });

  it.each([24_000, 44_100, 48_000])('leaves no images above 9.2 kHz on the way to %i Hz', (rateHz) => {
    // A tone at 6.8 kHz has its first image at 9.2 kHz.
    const hz = 6800;
    expect(errorDb(short(sine(INSIDE_HZ, hz, INSIDE_HZ), INSIDE_HZ, rateHz), sine(rateHz, hz, rateHz))).toBeLessThan(
      -70,
    );
  });

  it('looks 16 periods of the lower rate ahead and behind, and no further', () => {
    for (const rateHz of RATES) {
      const { taps } = filterFor(rateHz, INSIDE_HZ, 'short');
      const impulse = new Float32Array(3000);
      impulse[1500] = 1;
      const y = short(impulse, rateHz, INSIDE_HZ);
      const at = (1500 * INSIDE_HZ) / rateHz;
      const reach = ((taps / 2) * INSIDE_HZ) / rateHz;
      const periods = (16 * INSIDE_HZ) / Math.min(rateHz, INSIDE_HZ);
      expect(reach).toBeLessThan(periods + 2);
      const [loudest] = [...y.entries()].reduce((a, b) => (Math.abs(b[1]) > Math.abs(a[1]) ? b : a));
      expect(Math.abs(loudest - at)).toBeLessThan(1); // no delay: it stands where it was
      for (const [row, value] of y.entries()) if (Math.abs(row - at) > reach) expect(value).toBe(0);
    }
  });
});

describe('there and back', () => {
  it.each(RATES)('gives tones back on the rows that they came on: %i Hz', (rateHz) => {
    const x = sine(rateHz, 1234, rateHz);
    const out = runStage(trip(rateHz), sent(x, rateHz));
    const y = rowsOf(out).subarray(0, rateHz); // up to a row too many: session/source-grid.ts
    expect(errorDb(y, x)).toBeLessThan(-70);
    expect(Math.abs(y[0]! - x[0]!)).toBeLessThan(0.03); // from the very first row: a sine that begins at once is not band-limited
    let next = 0;
    for (const item of out) {
      expect(item.from).toBe(next);
      next = item.to;
    }
  });

  // In rows of the source, of 10 ms messages: behind a message there is all up to two look-aheads before its end.
  it.each([
    [8000, 2 * 16],
    [24_000, 2 * 24],
    [32_000, 2 * 32],
    [44_100, 2 * 44.1],
    [48_000, 2 * 48],
  ])('holds back no more than the look-ahead of two filters: %i Hz', (rateHz, held) => {
    const stream = openStream(trip(rateHz));
    const rows = rateHz / 100;
    let known = 0;
    for (let message = 1; message <= 30; message++) {
      const out = stream.push(chunkOf((message - 1) * rows, noise(rows, seeded(message)), 1, rateHz));
      expect(out.filter(({ kind }) => kind === 'chunk')).toHaveLength(1);
      known = out.at(-1)!.to;
      expect(message * rows - known).toBeGreaterThanOrEqual(Math.floor(held));
      expect(message * rows - known).toBeLessThanOrEqual(Math.ceil(held) + 1);
    }
  });

  it('holds back as little after a reset, wherever it comes', () => {
    const stream = openStream(trip(48_000));
    stream.push(chunkOf(0, noise(1234, seeded(1)), 1, 48_000), markOf('reset', 1234, 48_000));
    stream.push(markOf('reset', 1234, 48_000));
    for (let message = 1; message <= 5; message++) {
      const from = 1234 + (message - 1) * 480;
      const out = stream.push(chunkOf(from, noise(480, seeded(message)), 1, 48_000));
      // A row of 16 kHz is three: the hops begin with the first one of these behind the reset.
      expect(Math.abs(from + 480 - 96 - out.at(-1)!.to)).toBeLessThanOrEqual(3);
    }
  });

  it('brings detections and gaps back to where they belong', () => {
    const say: Item = detectionOf('vad', 16, 176, { speech: 1 });
    const { there, back } = roundTrip(48_000, INSIDE_HZ, HOP_ROWS);
    const [said] = runStage(back, [detectionOf('vad', 0, 160, { speech: 1 }), say]);
    expect(said).toMatchObject({ from: 0, to: 432 });
    expect(runStage(back, [say])).toMatchObject([{ from: 0, to: 480 }]);
    const x = noise(4800, seeded(3));
    const out = runStage(
      [there, back],
      [
        chunkOf(0, x.subarray(0, 1500), 1, 48_000),
        gapOf(1500, 2100, 'lost', 48_000),
        chunkOf(2100, x.subarray(2100), 1, 48_000),
        markOf('end', 4800, 48_000),
      ],
    );
    expect(out.filter(({ kind }) => kind === 'gap').map(({ from, to }) => [from, to])).toEqual([[1500, 2100]]);
  });

  const rateHz = 44_100;
  const stream = eventfulStream(rateHz);

  it('covers the source once, whatever comes', () => {
    for (const rate of RATES) {
      // A gap ends on a whole row of the grid inside, up to a row too far; the session cuts it where the rows that came end.
      const ends = [2900, 4800, 4800, 6100];
      let next = 0;
      for (const item of runStage(trip(rate), eventfulStream(rate))) {
        if (item.kind === 'mark' && item.what === 'flush') continue; // does not wait for what is held back
        expect(item.from).toBe(next);
        next = Math.min(item.to, ends[0]!);
        if (item.kind === 'mark') ends.shift();
      }
      expect(next).toBe(6100);
    }
  });
  it('gives the same items for any chunking', () => expectChunkInvariant(trip(rateHz), stream, { rateHz, runs: 100 }));
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(trip(rateHz), stream, { rateHz, runs: 60 }));
});
