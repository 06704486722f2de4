// Hops at one rate of a stream at another, for readings: each leaves with the message that completes it, lies where its sound lay,
// and obeys the laws, resets included.

import { describe, expect, it } from 'vitest';
import { eventfulStream } from '../../../test/helpers/eventful-stream.ts';
import { chunkOf, detectionOf, markOf, noise, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Chunk, Item } from '../../item/item.ts';
import { rehop } from '../rehop/rehop.ts';
import { filterFor } from './filter.ts';
import { oneWay } from './trips.ts';

const INSIDE_HZ = 16_000;
const HOP_ROWS = 160;
const RATES = [4000, 8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/** With hops between the two, as a pipeline has; the data of a hop stay as they are. */
function trip(rateHz: number, hopRows = HOP_ROWS) {
  const { there, placed } = oneWay(rateHz, INSIDE_HZ, hopRows, 1);
  return [there, rehop({ hopRows, width: 1, rateHz: INSIDE_HZ }), placed];
}
const chunks = (items: readonly Item[]): Chunk[] => items.flatMap((item) => (item.kind === 'chunk' ? [item] : []));
/** Milliseconds that the short filter looks ahead: 16 periods of the lower rate. */
const aheadMs = (rateHz: number): number => 16_000 / Math.min(rateHz, INSIDE_HZ);

describe('one way', () => {
  it.each(RATES)('lets a hop go with each message of as long, one look-ahead behind it: %i Hz', (rateHz) => {
    const stream = openStream(trip(rateHz));
    const edge = (message: number): number => Math.round((message * rateHz) / 100);
    for (let message = 1; message <= 40; message++) {
      const [from, to] = [edge(message - 1), edge(message)];
      const out = stream.push(chunkOf(from, noise(to - from, seeded(message)), 1, rateHz));
      // 11,025 and 22,050 Hz have no whole row at the ends of every 10 ms: there a hop may come with the next message.
      if (rateHz % 100 === 0) expect(out).toHaveLength(1);
      if (out.length === 0) continue;
      const behindMs = 1000 * (to / rateHz - out.at(-1)!.to / INSIDE_HZ);
      expect(behindMs).toBeGreaterThanOrEqual(aheadMs(rateHz) - 0.3); // a row or two
      expect(behindMs).toBeLessThanOrEqual(aheadMs(rateHz) + 0.6 + (rateHz % 100 === 0 ? 0 : 10));
    }
  });

  it.each(RATES)('has an impulse where it was: %i Hz', (rateHz) => {
    const sound = new Float32Array(Math.round(rateHz / 4));
    const at = Math.round(sound.length / 3);
    sound[at] = 1;
    let best = { row: 0, value: 0 };
    for (const { to, rows, data } of chunks(runStage(trip(rateHz), [chunkOf(0, sound, 1, rateHz)]))) {
      for (const [i, value] of data.entries()) {
        if (Math.abs(value) > Math.abs(best.value)) best = { row: to - rows + i, value };
      }
    }
    expect(Math.abs(best.row / INSIDE_HZ - at / rateHz)).toBeLessThanOrEqual(0.5 / Math.min(rateHz, INSIDE_HZ));
  });

  it('hears a row in its own hop and, across an edge, one look-ahead to both sides', () => {
    const heard = (row: number): unknown => {
      const sound = new Float32Array(9600);
      sound[row] = 1;
      const hops = chunks(runStage(trip(48_000), [chunkOf(0, sound, 1, 48_000)]));
      return hops.filter(({ data }) => data.some((x) => x !== 0)).map(({ from, to }) => [from, to]);
    };
    expect(heard(4000)).toEqual([[1264, 1424]]);
    expect(heard(4799)).toEqual([[1584, 1744]]); // 1599.7 at 16 kHz: heard from 1584 on
    expect(heard(4796)).toEqual([
      [1424, 1584],
      [1584, 1744],
    ]);
  });

  it('begins no hop in front of the stream, however short hops are', () => {
    for (const hopRows of [1, 7, 16, 24, 160, 512]) {
      const out = runStage(trip(48_000, hopRows), [
        chunkOf(0, noise(4800, seeded(1)), 1, 48_000),
        markOf('end', 4800, 48_000),
      ]);
      let next = 0;
      for (const item of chunks(out)) {
        expect([item.from, item.to > item.from]).toEqual([next, true]);
        next = item.to;
      }
      expect(next).toBe(1600);
    }
  });

  it('holds back as little after a reset, wherever it comes, and begins there', () => {
    const stream = openStream(trip(48_000));
    stream.push(chunkOf(0, noise(1234, seeded(1)), 1, 48_000));
    const reset = stream.push(markOf('reset', 1234, 48_000), markOf('reset', 1234, 48_000));
    expect(reset.at(-1)).toMatchObject({ kind: 'mark', from: 412, to: 412, pts: 25_708 });
    for (let message = 1; message <= 5; message++) {
      const from = 1234 + (message - 1) * 480;
      const [hop] = chunks(stream.push(chunkOf(from, noise(480, seeded(message)), 1, 48_000)));
      if (message === 1) expect(hop!.from).toBe(412);
      expect(Math.abs(from + 480 - 48 - 3 * hop!.to)).toBeLessThanOrEqual(3);
    }
  });

  it('puts what is told to the rows that it is about, and nothing in front of the stream', () => {
    const leadRows = Math.floor(filterFor(48_000, INSIDE_HZ, 'short').taps / 2 / 3);
    const { placed } = oneWay(48_000, INSIDE_HZ, HOP_ROWS, 1);
    const told = [detectionOf('vad', 0, 160, { speech: 1 }), detectionOf('vad', 160, 320, { speech: 0 })];
    expect(runStage(placed, told)).toMatchObject([
      { from: 0, to: 160 - leadRows, pts: 0 },
      { from: 160 - leadRows, to: 320 - leadRows, pts: 9000 },
    ]);
  });

  it.each(RATES)('covers the stream once, whatever comes: %i Hz', (rateHz) => {
    const row = (at: number): number => Math.ceil((at * INSIDE_HZ) / rateHz);
    let next = 0;
    for (const item of runStage(trip(rateHz), eventfulStream(rateHz, 20))) {
      if (item.kind === 'mark' && item.what === 'flush') continue; // does not wait for what is held back
      expect(item.from).toBe(next);
      next = item.to;
      if (item.kind === 'mark') expect([2900, 4800, 6100].map(row)).toContain(next);
    }
    expect(next).toBe(row(6100));
  });

  const rateHz = 44_100;
  it('gives the same items for any chunking', () =>
    expectChunkInvariant(trip(rateHz), eventfulStream(rateHz, 20), { rateHz, runs: 100 }));
  it('resumes bitwise from a snapshot anywhere', () =>
    expectResumable(trip(rateHz), eventfulStream(rateHz, 20), { rateHz, runs: 60 }));
});
