import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Chunk, Item } from '../../item/item.ts';
import { levelSpectrum } from './level-spectrum.ts';

const SPAN = 160;
const SHAPE = { bins: 9, phaseBins: 5, levelKeep: 0.99, levelFloor: 1e-7, powerFloor: 1e-6, compression: 0.3 };
const WIDTH = 18 + 9 + 10;
const [random, levels] = [seeded(4), [1, 0.01, 30, 1e-9, 0]];
const spectra = Array.from({ length: 20 }, (_, t) => noise(18, random).map((x) => x * levels[t % 5]!));

/** Spectra first .. first + count - 1 as one chunk. */
function chunk(first: number, ...rows: readonly Float32Array[]): Chunk {
  const made = chunkOf(
    0,
    rows.flatMap((row) => [...row]),
    18,
  );
  return { ...made, from: first * SPAN, to: (first + rows.length) * SPAN, pts: gapOf(first * SPAN, first * SPAN).pts };
}
const each = (rows: readonly Float32Array[]): Item[] => rows.map((row, t) => chunk(t, row));

describe.each([{ simd: undefined }, ...(await availableSimd()).map((simd) => ({ simd }))])(
  'levelSpectrum, $simd.numerics',
  ({ simd }) => {
    const stage = levelSpectrum({ ...SHAPE, spanRows: SPAN, rateHz: 16_000, simd });
    const features = (items: readonly Item[]): Float32Array[] =>
      items.flatMap((item) =>
        item.kind !== 'chunk'
          ? []
          : Array.from({ length: item.rows }, (_, t) => item.data.slice(t * WIDTH + 18, (t + 1) * WIDTH)),
      );

    it('puts features beside each spectrum, as their equations say', () => {
      const items = runStage(stage, each(spectra));
      let [m, c] = [0, 0];
      items.forEach((item, t) => {
        if (item.kind !== 'chunk') throw new Error('a chunk gives a chunk');
        expect(item.data.subarray(0, 18)).toEqual(spectra[t]);
        const power = Array.from({ length: 9 }, (_, k) => spectra[t]![2 * k]! ** 2 + spectra[t]![2 * k + 1]! ** 2);
        m = 0.99 * m + 0.01 * (power.reduce((a, b) => a + b) / 9);
        c = 0.99 * c + 0.01;
        const level = m / c + 1e-7;
        const relative = power.map((p) => p / level + 1e-6);
        const part = (at: number): number[] =>
          relative.slice(0, 5).map((p, k) => (spectra[t]![2 * k + at]! / Math.sqrt(level)) * p ** -0.35);
        const wanted = [...relative.map(Math.log), ...part(0), ...part(1)];
        for (const [i, value] of wanted.entries()) expect(item.data[18 + i]).toBeCloseTo(value, 4);
      });
    });

    it('gives the same rows however they come together', () => {
      const together = rowsOf(runStage(stage, [chunk(0, ...spectra.slice(0, 16)), chunk(16, ...spectra.slice(16))]));
      expect(together).toEqual(rowsOf(runStage(stage, each(spectra))));
    });

    it('sees the same at any loudness, once the floors are far below', () => {
      const [quiet, loud] = [1, 1000].map((gain) =>
        features(runStage(stage, each(spectra.slice(0, 3).map((row) => row.map((x) => x * gain))))),
      );
      for (const [t, row] of quiet!.entries()) {
        for (const [i, value] of row.entries()) expect(loud![t]![i]).toBeCloseTo(value, 2);
      }
    });

    it('keeps its level over a gap, loses it at a reset, and goes on from a snapshot', () => {
      const first = openStream(stage);
      first.push(...each(spectra.slice(0, 10)));
      const saved = first.snapshot();
      const next = chunk(10, spectra[10]!);
      const straight = features(first.push(next));
      const resumed = openStream(stage, saved);
      expect(features(resumed.push(gapOf(10 * SPAN, 99 * SPAN), { ...next, from: 99 * SPAN, to: 100 * SPAN }))).toEqual(
        straight,
      );
      const anew = openStream(stage, saved).push(markOf('reset', 10 * SPAN), next);
      expect(features(anew)).toEqual(features(runStage(stage, [next])));
      expect(features(openStream(stage, saved).push(markOf('flush', 10 * SPAN), next))).toEqual(straight);
      expect(first.stateBytes()).toBe(16);
    });

    it.each([NaN, Infinity, 1e20])('declares a spectrum with %d a fault, which leaves no trace', (value) => {
      const bad = spectra[3]!.map((x, i) => (i === 7 ? value : x));
      const items = runStage(stage, [chunk(0, spectra[0]!, bad, spectra[2]!), { ...chunk(3, bad), to: 3 * SPAN }]);
      expect(items.map(({ kind, from, to }) => [kind, from, to])).toEqual([
        ['chunk', 0, SPAN],
        ['gap', SPAN, 2 * SPAN],
        ['chunk', 2 * SPAN, 3 * SPAN],
      ]);
      expect(features(items)).toEqual(features(runStage(stage, [chunk(0, spectra[0]!, spectra[2]!)])));
    });

    it('stays finite through minutes of silence, and hears what comes then', () => {
      const stream = openStream(stage);
      const silence = new Float32Array(18);
      stream.push(chunk(0, spectra[0]!));
      for (let t = 1; t < 20_000; t += 1000) stream.push(chunk(t, ...new Array<Float32Array>(1000).fill(silence)));
      const [m, c] = new Float64Array(stream.snapshot().get('level')!.buffer);
      expect([m, Math.round(c! * 1e9) / 1e9]).toEqual([0, 1]);
      const row = features(stream.push(chunk(20_001, spectra[0]!)))[0]!;
      expect(row.every(Number.isFinite)).toBe(true);
    });
  },
);
