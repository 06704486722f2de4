import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import { chunkOf, gapOf, markOf, noise, printed, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Chunk, Item } from '../../item/item.ts';
import { spectralFilter } from './spectral-filter.ts';

const SPAN = 160;
const [BINS, FILTERED, TAPS] = [6, 3, 3];
const PART = TAPS * FILTERED;
const heads = {
  width: BINS + 2 * PART + 1,
  gain: 0,
  filterRe: BINS,
  filterIm: BINS + PART,
  speech: BINS + 2 * PART,
  activated: true,
};
const shape = { bins: BINS, filtered: FILTERED, taps: TAPS, span: 2, least: 0, strength: 1, heads };
const grid = { spanRows: SPAN, rateHz: 16_000 };
const WIDTH = 2 * BINS + heads.width;
const random = seeded(5);
const rows = Array.from({ length: 12 }, () => [
  ...noise(2 * BINS, random),
  ...noise(heads.width, random).map((x) => 0.5 + x / 2),
]);

function chunk(first: number, ...some: readonly number[][]): Chunk {
  const from = first * SPAN;
  return { ...chunkOf(0, some.flat(), WIDTH), from, to: from + some.length * SPAN, pts: gapOf(from, from).pts };
}
/** What the equations give for row t when the hops before it were these. */
function wanted(row: readonly number[], before: readonly (readonly number[] | undefined)[]): number[] {
  const y: number[] = [];
  const head = (at: number): number => row[2 * BINS + at]!;
  for (let k = 0; k < BINS; k++) {
    let [re, im] = [head(k) * row[2 * k]!, head(k) * row[2 * k + 1]!];
    for (let tap = 0; k < FILTERED && tap < TAPS; tap++) {
      const past = tap === 0 ? row : before[tap - 1];
      if (!past) continue;
      const a = 4 * head(BINS + tap * FILTERED + k) - 2;
      const c = 4 * head(BINS + PART + tap * FILTERED + k) - 2;
      re += a * past[2 * k]! - c * past[2 * k + 1]!;
      im += a * past[2 * k + 1]! + c * past[2 * k]!;
    }
    y.push(re, im);
  }
  return y;
}

describe.each([{ simd: undefined }, ...(await availableSimd()).map((simd) => ({ simd }))])(
  'spectralFilter, $simd.numerics',
  ({ simd }) => {
    const stage = spectralFilter({ ...grid, ...shape, detection: 'vad', simd });
    const near = (items: readonly Item[], values: readonly number[]): void => {
      const found = rowsOf(items);
      expect(found).toHaveLength(values.length);
      for (const [i, value] of values.entries()) expect(found[i]).toBeCloseTo(value, 4);
    };

    it('gives each row through its gain and its filter, behind a reading of speech', () => {
      const items = runStage(stage, [chunk(0, ...rows.slice(0, 5)), chunk(5, rows[5]!)]);
      near(
        items,
        rows.slice(0, 6).flatMap((row, t) => wanted(row, [rows[t - 1], rows[t - 2]])),
      );
      expect(items.map(({ kind, from, to }) => [kind, from, to])).toEqual(
        [0, 1, 2, 3, 4, 5].flatMap((t) => ['detection', 'chunk'].map((kind) => [kind, t * SPAN, (t + 1) * SPAN])),
      );
      const readings = items.flatMap((item) => (item.kind === 'detection' ? [item.values.speech] : []));
      expect(readings).toEqual(rows.slice(0, 6).map((row) => Math.fround(row.at(-1)!)));
    });

    it('gives the same items however rows come together', () => {
      const one = rows.map((row, t) => chunk(t, row));
      expect(printed(runStage(stage, [chunk(0, ...rows)]))).toEqual(printed(runStage(stage, one)));
    });

    it('forgets hop by hop over a gap, at once at a reset, and goes on from a snapshot', () => {
      const first = openStream(stage);
      first.push(chunk(0, rows[0]!, rows[1]!));
      const saved = first.snapshot();
      const goneOn = (...items: Item[]): Item[] => openStream(stage, saved).push(...items);
      near(first.push(chunk(2, rows[2]!)), wanted(rows[2]!, [rows[1], rows[0]]));
      near(goneOn(chunk(2, rows[2]!)), wanted(rows[2]!, [rows[1], rows[0]]));
      near(goneOn(gapOf(2 * SPAN, 3 * SPAN), chunk(3, rows[2]!)), wanted(rows[2]!, [undefined, rows[1]]));
      near(goneOn(gapOf(2 * SPAN, 90 * SPAN), chunk(90, rows[2]!)), wanted(rows[2]!, []));
      near(goneOn(markOf('reset', 2 * SPAN), chunk(2, rows[2]!)), wanted(rows[2]!, []));
      near(goneOn(markOf('flush', 2 * SPAN), chunk(2, rows[2]!)), wanted(rows[2]!, [rows[1], rows[0]]));
      const [whole, parts] = [
        [[2, 4]],
        [
          [2, 3],
          [3, 4],
        ],
      ].map((gaps) =>
        printed(goneOn(...gaps.map(([a, b]) => gapOf(a! * SPAN, b! * SPAN)), chunk(4, rows[4]!)).slice(-2)),
      );
      expect(parts).toEqual(whole);
    });

    it('says nothing of frames behind the end, and as much as there is of a last part of a hop', () => {
      const last = { ...chunk(0, rows[0]!), to: 70 };
      const items = runStage(stage, [last, { ...chunk(0, rows[1]!), from: 70, to: 70 }, markOf('end', 70)]);
      expect(items.map(({ kind, from, to }) => [kind, from, to])).toEqual([
        ['detection', 0, 70],
        ['chunk', 0, 70],
        ['chunk', 70, 70],
        ['mark', 70, 70],
      ]);
    });

    it('works without past hops, and without readings', () => {
      const alone = {
        ...shape,
        taps: 1,
        heads: { ...heads, width: BINS + 2 * FILTERED + 1, filterIm: BINS + FILTERED, speech: BINS + 2 * FILTERED },
      };
      const row = rows[0]!.slice(0, 2 * BINS + alone.heads.width);
      const items = runStage(spectralFilter({ ...grid, ...alone, simd }), [
        { ...chunkOf(0, row, row.length), to: SPAN },
      ]);
      expect(items).toHaveLength(1);
      expect(rowsOf(items).every(Number.isFinite)).toBe(true);
    });
  },
);
