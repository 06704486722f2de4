import { describe, expect, it } from 'vitest';
import { exp } from '../../base/math.ts';
import { ssdChunk } from './ssd-chunk.ts';
import { type SsdChunk, ssdScratch } from './ssd-chunk-head.ts';
import { type SsdSizes, ssdStep } from './ssd-step.ts';

const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + 1.7 * i));
const sizes: SsdSizes = { heads: 4, headDim: 3, dState: 5, groups: 2 };
const { heads, headDim, dState, groups } = sizes;
const D = values(heads, 5);
const A = Float64Array.of(-0.3, -1, -2, -50);

/** Rows of dt, x, B, C; decay and weight as Mamba-2 makes them from dt. */
function chunkOf(rows: number) {
  const dt = Float64Array.from({ length: rows * heads }, (_, i) => 0.5 + 0.5 * Math.sin(3 * i));
  const chunk: SsdChunk = {
    decay: dt.map((value, i) => exp(value * A[i % heads]!)),
    now: dt,
    later: dt,
    x: values(rows * heads * headDim, 1),
    B: values(rows * groups * dState, 2),
    C: values(rows * groups * dState, 3),
    y: new Float32Array(rows * heads * headDim).fill(NaN),
  };
  return { dt, chunk };
}

function stepped(h: Float32Array, { dt, chunk: { x, B, C } }: ReturnType<typeof chunkOf>, rows: number): Float32Array {
  const y = new Float32Array(x.length);
  const row = <T extends Float32Array | Float64Array>(all: T, t: number) =>
    all.subarray((t * all.length) / rows, ((t + 1) * all.length) / rows) as T;
  for (let t = 0; t < rows; t++) ssdStep(h, row(dt, t), A, row(x, t), row(B, t), row(C, t), D, row(y, t), sizes);
  return y;
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe('ssdChunk', () => {
  it.each([1, 2, 7, 16, 33])('of %i rows is as many steps, from any state', (rows) => {
    const given = chunkOf(rows);
    const [h, other] = [values(heads * headDim * dState, 4), values(heads * headDim * dState, 4)];
    const y = stepped(other, given, rows);
    ssdChunk(h, D, given.chunk, rows, sizes, ssdScratch(rows, sizes));
    expect(furthest(given.chunk.y, y)).toBeLessThan(2e-6);
    expect(furthest(h, other)).toBeLessThan(1e-6);
  });

  it('of one row leaves the state of a step, to the bit', () => {
    const given = chunkOf(1);
    const [h, other] = [values(heads * headDim * dState, 4), values(heads * headDim * dState, 4)];
    stepped(other, given, 1);
    ssdChunk(h, D, given.chunk, 1, sizes, ssdScratch(1, sizes));
    expect(h).toEqual(other);
  });

  it('weighs a row in its own output by `now` and in later ones by `later`', () => {
    const one: SsdSizes = { heads: 1, headDim: 1, dState: 1, groups: 1 };
    const ones = Float32Array.of(1, 1, 1);
    const chunk: SsdChunk = {
      decay: Float64Array.of(0.5, 0.5, 0.5),
      now: Float64Array.of(1, 2, 3),
      later: Float64Array.of(10, 20, 30),
      x: ones,
      B: ones,
      C: ones,
      y: new Float32Array(3),
    };
    const h = Float32Array.of(8);
    ssdChunk(h, Float32Array.of(0), chunk, 3, one, ssdScratch(4, one));
    expect([...chunk.y]).toEqual([4 + 1, 2 + 5 + 2, 1 + 2.5 + 10 + 3]);
    expect([...h]).toEqual([16.5]);
  });

  it('does not overflow when a head forgets at once', () => {
    const { chunk } = chunkOf(40);
    chunk.decay.fill(0);
    const h = values(heads * headDim * dState, 4).fill(1e30);
    ssdChunk(h, D, chunk, 40, sizes, ssdScratch(40, sizes));
    expect(Math.max(...chunk.y.map(Math.abs), ...h.map(Math.abs))).toBeLessThan(10);
  });
});
