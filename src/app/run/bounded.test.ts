// What a run keeps for its picture and its summary, over streams longer than there is room for.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Envelope } from './envelope.ts';
import { everyKth } from './every-kth.ts';
import { segmentList } from './segment-list.ts';

describe('the envelope', () => {
  const of = (runsMax: number, values: ArrayLike<number>) => {
    const envelope = new Envelope(runsMax);
    for (let i = 0; i < values.length; i++) envelope.add(i, values[i]!);
    return envelope.points();
  };

  it('is the series itself while there is room', () => {
    expect(of(8, [3, 1, Number.NaN, 2])).toEqual({
      x: Float64Array.of(0, 1, 2, 3),
      y: Float32Array.of(3, 1, Number.NaN, 2),
    });
    expect(of(8, [])).toEqual({ x: new Float64Array(0), y: new Float32Array(0) });
  });

  it('holds the least and the greatest value of every equal run, where they stood', () => {
    const value = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(fc.array(value, { minLength: 9, maxLength: 300 }), (values) => {
        const { x, y } = of(8, values);
        const perRun = 2 ** Math.ceil(Math.log2(values.length / 8));
        expect(y.length).toBe(2 * Math.ceil(values.length / perRun));
        for (let run = 0; 2 * run < y.length; run++) {
          const own = values.slice(run * perRun, (run + 1) * perRun).filter((v) => !Number.isNaN(v));
          const [first, second] = [y[2 * run]!, y[2 * run + 1]!];
          if (own.length === 0) {
            expect([first, second]).toEqual([Number.NaN, Number.NaN]);
            continue;
          }
          expect(Math.min(first, second)).toBe(Math.min(...own));
          expect(Math.max(first, second)).toBe(Math.max(...own));
          for (const k of [2 * run, 2 * run + 1]) expect(values[x[k]!]).toBe(y[k]);
          expect(x[2 * run]).toBeLessThanOrEqual(x[2 * run + 1]!);
        }
      }),
    );
  });

  it('holds no more after ten million values than after ten thousand', () => {
    const few = new Envelope();
    const many = new Envelope();
    for (let i = 0; i < 1e4; i++) few.add(i, i % 7);
    for (let i = 0; i < 1e7; i++) many.add(i, i === 5_000_123 ? 99 : i % 7);
    expect(few.points().y.length).toBeLessThanOrEqual(16_384);
    expect(many.points().y.length).toBeLessThanOrEqual(16_384);
    expect(Math.max(...many.points().y)).toBe(99);
  });
});

describe('every k-th measurement', () => {
  it('is all of them at first, then evenly spread ones, never more than allowed', () => {
    for (const n of [0, 1, 15, 16, 17, 31, 32, 1000, 12_345]) {
      const sample = everyKth<number>(16);
      for (let i = 0; i < n; i++) sample.add(i);
      const stride = sample.kept[1] ?? 1;
      expect(sample.kept.length).toBeLessThan(16);
      expect(sample.kept).toEqual(Array.from({ length: Math.ceil(n / stride) }, (_, i) => i * stride));
    }
  });
});

describe('the segment list', () => {
  it('counts all, keeps few, and covers everything that was speech', () => {
    const list = segmentList(64);
    for (let i = 0; i < 10_000; i++) {
      list.add([i, i + 0.5]);
      expect(list.drawn.length).toBeLessThan(64);
    }
    expect(list.count).toBe(10_000);
    expect(list.drawn[0]![0]).toBe(0);
    expect(list.drawn.at(-1)![1]).toBe(9999.5);
    for (let i = 1; i < list.drawn.length; i++) expect(list.drawn[i]![0]).toBeGreaterThan(list.drawn[i - 1]![1]);
  });

  it('leaves a long silence in the middle open', () => {
    const list = segmentList(64);
    for (let i = 0; i < 1000; i++) list.add([i < 500 ? i : 1000 + i, (i < 500 ? i : 1000 + i) + 0.9]);
    const holes = list.drawn.slice(1).map(([from], i) => from - list.drawn[i]![1]);
    expect(Math.max(...holes)).toBeGreaterThan(1000);
  });
});
