import { describe, expect, it } from 'vitest';
import {
  chunkOf,
  cutRandomly,
  detectionOf,
  gapOf,
  markOf,
  noise,
  rowsOf,
  seeded,
} from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import { filterFor } from './filter.ts';
import { resample } from './resample.ts';

const RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000];
const sine = (rows: number, hz: number, rateHz: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hz * n) / rateHz));
const convert = (x: Float32Array, fromHz: number, toHz: number): Float32Array =>
  rowsOf(runStage(resample({ fromHz, toHz, width: 1 }), [chunkOf(0, x, 1, fromHz), markOf('end', x.length, fromHz)]));

/** Energy of y over its middle, and of its difference to `ideal` there, in dB of the former. */
function errorDb(y: Float32Array, ideal: Float32Array): number {
  let signal = 0;
  let error = 0;
  for (let n = 400; n < y.length - 400; n++) {
    signal += ideal[n]! ** 2;
    error += (y[n]! - ideal[n]!) ** 2;
  }
  return 10 * Math.log10(error / signal);
}
const levelDb = (y: Float32Array): number =>
  10 * Math.log10(y.slice(400, -400).reduce((sum, v) => sum + v * v, 0) / (y.length - 800) / 0.125);

const random = seeded(4);
const noiseAt = (from: number, to: number, width = 1): Item =>
  chunkOf(from, noise((to - from) * width, random), width, 44100);
const stream: Item[] = [
  noiseAt(0, 1000),
  gapOf(1000, 1001, 'lost', 44100),
  noiseAt(1001, 1500),
  gapOf(1500, 1510, 'lost', 44100),
  gapOf(1510, 1603, 'shed', 44100),
  noiseAt(1603, 1610),
  markOf('flush', 1610, 44100),
  detectionOf('concealed', 1500, 1510, { rows: 10 }, 44100),
  gapOf(1610, 4000, 'late', 44100),
  noiseAt(4000, 5001),
  markOf('reset', 5001, 44100),
  noiseAt(5001, 6500),
  markOf('end', 6500, 44100),
];

describe('resample', () => {
  it.each(RATES)('keeps a 1 kHz tone from %i Hz to 16 kHz within -90 dB, in place', (rateHz) => {
    const y = convert(sine(rateHz, 1000, rateHz), rateHz, 16000);
    expect(y).toHaveLength(16000);
    const db = errorDb(y, sine(16000, 1000, 16000));
    expect(db).toBeLessThan(-90);
  });

  it.each([
    [16000, 44100],
    [16000, 48000],
    [16000, 8000],
    [11025, 44100],
  ])('keeps tones up to 0.45 of the lower rate from %i to %i Hz', (fromHz, toHz) => {
    for (const share of [0.1, 0.3, 0.45]) {
      const hz = share * Math.min(fromHz, toHz);
      const db = errorDb(convert(sine(fromHz, hz, fromHz), fromHz, toHz), sine(toHz, hz, toHz));
      expect(db).toBeLessThan(-90);
    }
  });

  it.each([22050, 24000, 32000, 44100, 48000])('lets nothing above 8 kHz fold back from %i Hz', (rateHz) => {
    for (const hz of [8050, 9000, 10900]) {
      const db = levelDb(convert(sine(rateHz, hz, rateHz), rateHz, 16000));
      expect(db).toBeLessThan(-90);
    }
  });

  it('keeps a constant exactly, away from the ends', () => {
    const y = convert(new Float32Array(4410).fill(0.25), 44100, 16000).slice(100, -100);
    for (const value of y) expect(Math.abs(value - 0.25)).toBeLessThan(1e-6);
  });

  it('gives ceil(N * to / from) rows for any N', () => {
    for (const [fromHz, toHz] of [
      [44100, 16000],
      [8000, 16000],
      [16000, 11025],
      [48000, 16000],
    ] as const) {
      for (const n of [1, 2, 3, 159, 160, 441, 1000]) {
        const items = [chunkOf(0, noise(n, random), 1, fromHz), markOf('end', n, fromHz)];
        const out = runStage(resample({ fromHz, toHz, width: 1 }), items);
        const rows = Math.ceil((n * toHz) / fromHz);
        expect(rowsOf(out)).toHaveLength(rows);
        expect(out.at(-1)).toMatchObject({ kind: 'mark', what: 'end', from: rows, to: rows });
      }
    }
  });

  it('does nothing at equal rates', () => {
    const items = [chunkOf(3, [1, 2, 3]), gapOf(6, 9), markOf('end', 9)];
    const out = runStage(resample({ fromHz: 16000, toHz: 16000, width: 1 }), items);
    expect(out.every((item, k) => item === items[k])).toBe(true);
  });

  it('treats channels alike and apart', () => {
    const [left, right] = [noise(1000, random), noise(1000, random)];
    const both = Float32Array.from({ length: 2000 }, (_, k) => (k % 2 ? right : left)[k >> 1]!);
    const items = [chunkOf(0, both, 2, 44100), markOf('end', 1000, 44100)];
    const y = rowsOf(runStage(resample({ fromHz: 44100, toHz: 16000, width: 2 }), items));
    expect(y.filter((_, k) => k % 2 === 0)).toEqual(convert(left, 44100, 16000));
    expect(y.filter((_, k) => k % 2 === 1)).toEqual(convert(right, 44100, 16000));
  });

  it('covers the output grid exactly once, in order, and declares every lost row', () => {
    for (const [fromHz, toHz] of [
      [44100, 16000],
      [8000, 16000],
    ] as const) {
      const stage = resample({ fromHz, toHz, width: 1 });
      const random = seeded(8);
      for (let run = 0; run < 100; run++) {
        const items: Item[] = [];
        let at = 0;
        for (let k = 0; k < 10; k++) {
          const to = at + 1 + Math.floor(random() * (random() < 0.3 ? 5 : 400));
          items.push(random() < 0.4 ? gapOf(at, to, 'lost', fromHz) : chunkOf(at, noise(to - at, random), 1, fromHz));
          at = to;
        }
        const out = runStage(stage, [...items, markOf('end', at, fromHz)]);
        let next = 0;
        for (const item of out) {
          expect(item.from).toBe(next);
          next = item.to;
        }
        expect(next).toBe(Math.ceil((at * toHz) / fromHz));
        for (const gap of items.filter((item) => item.kind === 'gap')) {
          const [from, to] = [(gap.from * toHz) / fromHz, (gap.to * toHz) / fromHz];
          const declared = out.filter((item) => item.kind === 'gap' && item.from < to && item.to > from);
          expect(declared.length).toBeGreaterThan(0);
        }
      }
    }
  });

  it('hears nothing across a gap but zeros', () => {
    const x = noise(2000, random);
    const holed = x.slice();
    holed.fill(0, 800, 1200);
    const stage = resample({ fromHz: 32000, toHz: 16000, width: 1 });
    const cut = runStage(stage, [
      chunkOf(0, x.subarray(0, 800), 1, 32000),
      gapOf(800, 1200, 'lost', 32000),
      chunkOf(1200, x.subarray(1200), 1, 32000),
      markOf('end', 2000, 32000),
    ]);
    const whole = convert(holed, 32000, 16000);
    expect(rowsOf(cut)).toEqual(Float32Array.from([...whole.slice(0, 400), ...whole.slice(600)]));
  });

  const stage = resample({ fromHz: 44100, toHz: 16000, width: 1 });
  it('gives the same items for any chunking', () => expectChunkInvariant(stage, stream, { rateHz: 44100 }));
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(stage, stream, { rateHz: 44100 }));

  it('keeps two streams of one stage apart', () => {
    const pieces = [1, 2].map((seed) => cutRandomly(stream, seeded(seed), 44100));
    const [first, second] = [openStream(stage), openStream(stage)];
    const out: [Item[], Item[]] = [[], []];
    for (let k = 0; k < Math.max(...pieces.map((items) => items.length)); k++) {
      if (pieces[0]![k]) out[0].push(...first.push(pieces[0]![k]!));
      if (pieces[1]![k]) out[1].push(...second.push(pieces[1]![k]!));
    }
    expect(out[0]).toEqual(runStage(stage, stream));
    expect(out[1]).toEqual(out[0]);
  });

  it('refuses absurd ratios, and keeps the usual filters', () => {
    const unsupported = expect.objectContaining({ code: 'ERR_FORMAT_UNSUPPORTED' });
    expect(() => resample({ fromHz: 44101, toHz: 16000, width: 1 })).toThrow(unsupported);
    expect(() => resample({ fromHz: 100, toHz: 16000, width: 1 })).toThrow(unsupported);
    expect(() => resample({ fromHz: 0, toHz: 16000, width: 1 })).toThrow(unsupported);
    expect(filterFor(48000, 16000)).toBe(filterFor(24000, 8000));
  });
});
