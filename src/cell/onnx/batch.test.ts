import { describe, expect, it } from 'vitest';
import { makeState } from '../state.ts';
import { batchSizes, makeSlab, type Row, sizeFor } from './batch.ts';
import { cellShape } from './cell-shape.ts';
import type { OnnxManifest } from './manifest.ts';

describe('batch sizes', () => {
  it('double from the unit and stay within the limit', () => {
    expect(batchSizes({ unit: 1, max: 1 })).toEqual([1]);
    expect(batchSizes({ unit: 1, max: 12 })).toEqual([1, 2, 4, 8]);
    expect(batchSizes({ unit: 4, max: 32 })).toEqual([4, 8, 16, 32]);
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [6, 4],
    [7, 8],
    [12, 8],
    [13, 16],
    [16, 16],
    [1000, 16],
  ])('of %i rows ready, a batch of %i goes', (ready, size) => {
    expect(sizeFor(ready, { unit: 1, max: 16 })).toBe(size);
  });

  it('are never below the unit', () => {
    expect([1, 3, 4, 5, 7].map((ready) => sizeFor(ready, { unit: 4, max: 8 }))).toEqual([4, 4, 4, 4, 8]);
  });
});

describe('a slab', () => {
  const manifest: OnnxManifest = {
    input: { name: 'x', shape: [1, 3], rows: 1, width: 1, context: 2 },
    output: { name: 'y', width: 1 },
    states: [{ in: 's', out: 't', shape: [2, 1, 3] }],
    constants: [],
    batch: 4,
  };
  const { layout } = cellShape(manifest);
  const rowOf = (seed: number): Row => {
    const state = makeState(layout);
    state.at.context!.set([seed, seed + 1]);
    state.at['state.s']!.set([1, 2, 3, 4, 5, 6].map((value) => 10 * seed + value));
    return { state, x: Float32Array.of(seed + 2), y: new Float32Array(1) };
  };
  const slab = makeSlab(manifest, { input: 0, states: [1] }, 4);
  const view = ({ offset, length }: { offset: number; length: number }) =>
    new Float32Array(slab.plan.slab, offset, length);

  it('stacks each tensor on its own axis and clears the places behind', () => {
    const [x, s] = slab.plan.feeds.map(view) as [Float32Array, Float32Array];
    expect(slab.plan.feeds.map(({ dims }) => dims)).toEqual([
      [4, 3],
      [2, 4, 3],
    ]);
    x.fill(9);
    s.fill(9);
    slab.write([rowOf(1), rowOf(4)]);
    expect([...x]).toEqual([1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0]);
    expect([...s]).toEqual([11, 12, 13, 41, 42, 43, ...Array(6).fill(0), 14, 15, 16, 44, 45, 46, ...Array(6).fill(0)]);
  });

  it('gives a place its y, its next state and the last rows as context', () => {
    slab.write([rowOf(1), rowOf(4)]);
    const [y, t] = slab.plan.fetches.map(view) as [Float32Array, Float32Array];
    y.set([0.5, 0.25]);
    t.set(Array.from({ length: 24 }, (_, i) => i));
    const row = rowOf(0);
    slab.read(1, row);
    expect([...row.y]).toEqual([0.25]);
    expect([...row.state.at['state.s']!]).toEqual([3, 4, 5, 15, 16, 17]);
    expect([...row.state.at.context!]).toEqual([5, 6]);
  });
});
