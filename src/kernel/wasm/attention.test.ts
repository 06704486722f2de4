// The attention kernels against the plain ones, between fences of NaN: heads that are no whole vectors, rings not yet full,
// slots that do not count, scores near the ends of float32.

import { describe, expect, it } from 'vitest';
import { availableSimd, type Fenced, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';
import { attendRing } from '../plain/attention-ring.ts';
import { dequantiseInt8, quantiseInt8 } from '../plain/quantise-int8.ts';
import { attendQuantised } from '../plain/quantise-int8-attention.ts';
import { ropeFrequencies, ropeRotation, rotateHalf } from '../plain/rope.ts';
import { attendSlots } from '../plain/sparse-attention-slots.ts';
import { rotaryAngles } from './rotary-angles.ts';
import type { SimdKernels } from './simd.ts';

interface Shape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly window: number;
  readonly position: number;
}
const SHAPES: readonly Shape[] = [
  { heads: 1, kvHeads: 1, headDim: 2, window: 1, position: 0 },
  { heads: 2, kvHeads: 1, headDim: 4, window: 5, position: 2 },
  { heads: 4, kvHeads: 2, headDim: 6, window: 7, position: 30 },
  { heads: 4, kvHeads: 4, headDim: 12, window: 100, position: 60 },
  { heads: 6, kvHeads: 2, headDim: 10, window: 33, position: 1e9 },
  { heads: 2, kvHeads: 1, headDim: 64, window: 31, position: 5000 },
];
const shapes = SHAPES.map((shape) => [JSON.stringify(shape).replace(/[{}"]/g, ''), shape] as const);
const whole = shapes.filter(([, { headDim }]) => headDim % 4 === 0);

/** Rows of a ring that holds the window up to `position`, every sixth slot of a row that never came or is too old. */
const ringRows = ({ window, position }: Shape): Float64Array => {
  const rows = new Float64Array(window).fill(-1);
  for (let row = Math.max(0, position - window + 1); row <= position; row++) rows[row % window] = row;
  return rows.map((row, s) => (s % 6 === 5 && row !== position ? (s % 12 === 5 ? -1 : row - window) : row));
};
/** Float64 values and words on their bytes, as a state has them. */
const bytesOf = (values: Float64Array | Uint32Array): Fenced => fenced(new Float32Array(values.buffer));
const relative = (a: Float32Array, b: Float32Array): number => {
  let [worst, scale] = [0, 1e-38];
  for (const [i, value] of b.entries()) {
    const error = Math.abs(a[i]! - value);
    worst = error > worst || error !== error ? error : worst;
    scale = Math.max(scale, Math.abs(value));
  }
  return worst / scale;
};

function attendFloat(kernels: SimdKernels, shape: Shape, level: number): readonly [Float32Array, Float32Array] {
  const { heads, kvHeads, headDim, window, position } = shape;
  const random = seeded(window);
  const q = noise(heads * headDim, random).map((value) => value * level);
  const [k, v] = [noise(window * kvHeads * headDim, random), noise(window * kvHeads * headDim, random)];
  const rows = ringRows(shape);
  const used = Math.min(window, position + 1);
  const exact = new Float32Array(heads * headDim);
  attendRing(q, k, v, rows, position, new Float64Array(window), exact, shape);
  const y = fenced(exact.map(() => NaN));
  const scratch = fenced(new Float32Array(2 * ((used + 3) & ~3)));
  const arrays = [fenced(q), fenced(k), fenced(v), bytesOf(rows)] as const;
  const [query, keys, values, slots] = arrays.map(({ address }) => address) as [number, number, number, number];
  const low = Math.max(0, position - window + 1);
  // biome-ignore format: the kernel's arguments by kind
  kernels.attendRow(query, keys, values, slots, low, position, used, scratch.address, y.address, heads, kvHeads, headDim);
  expect([...arrays, y, scratch].every((array) => array.intact())).toBe(true);
  return [y.values, exact];
}

function attendInt8(kernels: SimdKernels, shape: Shape): readonly [Float32Array, Float32Array] {
  const { heads, kvHeads, headDim, window, position } = shape;
  const random = seeded(window);
  const narrow = kvHeads * headDim;
  const q = noise(heads * headDim, random);
  const [ownK, ownV] = [noise(narrow, random), noise(narrow, random)];
  const ring = () => {
    const x = noise(window * narrow, random);
    const words = new Uint32Array((window * narrow) / 4);
    const scales = Float32Array.from({ length: window * kvHeads }, (_, i) =>
      quantiseInt8(x, i * headDim, headDim, words, (i * headDim) / 4),
    );
    return { words, scales };
  };
  const [k, v, rows] = [ring(), ring(), ringRows(shape)];
  const used = Math.min(window, position);
  const exact = new Float32Array(heads * headDim);
  const whole = { k: k.words, v: v.words, kScale: k.scales, vScale: v.scales, rows };
  attendQuantised(q, ownK, ownV, whole, position, new Float64Array(window), exact, shape);
  const y = fenced(exact.map(() => NaN));
  const scratch = fenced(new Float32Array(2 * ((used + 3) & ~3)));
  const floats = [q, ownK, ownV, k.scales, v.scales].map(fenced);
  const [query, newK, newV, kScale, vScale] = floats.map(({ address }) => address) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const others = [k.words, v.words, rows].map(bytesOf);
  const [keys, values, slots] = others.map(({ address }) => address) as [number, number, number];
  const low = Math.max(0, position - window + 1);
  // biome-ignore format: the kernel's arguments by kind
  kernels.attendRowInt8(query, newK, newV, keys, values, kScale, vScale, slots, low, position - 1, used, scratch.address, y.address, heads, kvHeads, headDim);
  expect([...floats, ...others, y, scratch].every((array) => array.intact())).toBe(true);
  return [y.values, exact];
}

describe.each(await availableSimd())('attention kernels, $numerics', ({ kernels }) => {
  it.each(shapes)('attend over a float ring as the plain one does: %s', (_name, shape) => {
    for (const level of [0, 1e-30, 1, 10]) expect(relative(...attendFloat(kernels, shape, level))).toBeLessThan(5e-6);
  });

  it.each(whole)('attend over an int8 ring as the plain one does: %s', (_name, shape) => {
    expect(relative(...attendInt8(kernels, shape))).toBeLessThan(5e-6);
  });

  it.each([1, 3, 5, 7])('attend with heads of an odd %i elements as the plain ones of a list do', (headDim) => {
    const [heads, kvHeads, count] = [4, 2, 10];
    const random = seeded(headDim);
    const q = noise(heads * headDim, random);
    const [k, v] = [noise(count * kvHeads * headDim, random), noise(count * kvHeads * headDim, random)];
    const exact = new Float32Array(heads * headDim);
    const slots = Uint32Array.from({ length: count }, (_, n) => n);
    attendSlots(q, k, v, slots, count, new Float64Array(count), exact, { heads, kvHeads, headDim });
    const [query, keys, values, y] = [fenced(q), fenced(k), fenced(v), fenced(exact.map(() => NaN))];
    const [rows, scratch] = [fenced(new Float32Array(2 * count)), fenced(new Float32Array(24))];
    // biome-ignore format: the kernel's arguments by kind
    kernels.attendRow(query.address, keys.address, values.address, rows.address, 0, 0, count, scratch.address, y.address, heads, kvHeads, headDim);
    expect(relative(y.values, exact)).toBeLessThan(5e-6);
    expect([query, keys, values, rows, scratch, y].every((array) => array.intact())).toBe(true);
  });

  it('gather rows in any order, one of them twice', () => {
    const x = noise(5 * 7, seeded(7));
    const slots = [4, 0, 2, 2];
    const [from, to] = [fenced(x), fenced(new Float32Array(4 * 7))];
    const list = bytesOf(Uint32Array.from(slots));
    kernels.gatherRows(from.address, list.address, to.address, 4, 7);
    expect([...to.values]).toEqual(slots.flatMap((slot) => [...x.subarray(7 * slot, 7 * (slot + 1))]));
    expect([from, to, list].every((array) => array.intact())).toBe(true);
  });

  it('give one slot all the weight where its score is far above the others, and stay finite', () => {
    const shape = { heads: 2, kvHeads: 1, headDim: 8, window: 9, position: 8 };
    const [y, exact] = attendFloat(kernels, shape, 1e4);
    expect(relative(y, exact)).toBeLessThan(1e-4);
    expect(attendFloat(kernels, shape, 1e30)[0].every(Number.isFinite)).toBe(true);
  });

  it.each([
    [1, 2, 2],
    [3, 12, 12],
    [5, 20, 6],
    [2, 64, 64],
    [4, 10, 0],
  ])('turn %i heads of %i elements, %i of them, within 2e-7 and nothing else', (heads, headDim, dims) => {
    const angles = rotaryAngles(10_000, dims);
    for (const position of [0, 1, 63, 64, 100_000, 4096 * 64 + 5]) {
      const x = noise(heads * headDim, seeded(heads));
      const turned = fenced(x);
      const rotation = fenced(new Float32Array(dims));
      angles.write(position, rotation.values);
      kernels.rotateHeads(turned.address, rotation.address, heads, headDim, dims / 2);
      const exact = new Float64Array(dims);
      ropeRotation(position, ropeFrequencies(10_000, dims), exact);
      for (let head = 0; dims > 0 && head < heads; head++) {
        rotateHalf(x.subarray(head * headDim, head * headDim + dims), exact);
      }
      expect(relative(turned.values, x)).toBeLessThan(2e-7);
      expect(turned.intact() && rotation.intact()).toBe(true);
    }
  });

  it('rotations depend on the position alone, in whatever order positions come', () => {
    const [one, other] = [rotaryAngles(500, 8), rotaryAngles(500, 8)];
    const at = (angles: typeof one, position: number): Float32Array => {
      const out = new Float32Array(8);
      angles.write(position, out);
      return out;
    };
    const positions = [0, 5, 64 * 64, 3, 1e9, 64 * 128 + 1, 70, 1e9 + 64];
    const expected = positions.map((position) => at(one, position));
    for (const [i, position] of [...positions.entries()].reverse()) expect(at(other, position)).toEqual(expected[i]);
  });

  it('quantise as the plain one does: the same scales, words a step off where a half is a matter of rounding', () => {
    for (const headDim of [4, 12, 64]) {
      for (const level of [1, 1e-20, 1e30]) {
        const x = noise(3 * headDim, seeded(headDim)).map((value) => value * level);
        const [input, words, scales] = [fenced(x), fenced(new Float32Array((3 * headDim) / 4)), fenced([0, 0, 0])];
        kernels.quantiseHeads(input.address, words.address, scales.address, 3, headDim);
        expect([input, words, scales].every((array) => array.intact())).toBe(true);
        const expected = new Uint32Array((3 * headDim) / 4);
        const exact = [0, 1, 2].map((head) => quantiseInt8(x, head * headDim, headDim, expected, (head * headDim) / 4));
        expect([...scales.values]).toEqual(exact);
        const steps = [new Uint32Array(words.values.slice().buffer), expected].map((packed) => {
          const out = new Float32Array(3 * headDim);
          dequantiseInt8(packed, 0, 3 * headDim, 1, out, 0);
          return out;
        });
        expect(relative(steps[0]!, steps[1]!)).toBeLessThanOrEqual(1 / 127);
        expect(steps[0]!.filter((step, i) => step !== steps[1]![i]).length).toBeLessThanOrEqual(1);
      }
    }
  });

  it('quantise halves to even, zeros with a scale of 1, and extremes to 127', () => {
    const [x, words, scale] = [fenced([127, 0.5, 1.5, -2.5, -127, -0.5, 2.5, 0]), fenced([0, 0]), fenced([0])];
    kernels.quantiseHeads(x.address, words.address, scale.address, 1, 8);
    expect([...new Int8Array(words.values.slice().buffer)]).toEqual([127, 0, 2, -2, -127, 0, 2, 0]);
    const zero = fenced([0, 0, 0, 0]);
    kernels.quantiseHeads(zero.address, words.address, scale.address, 1, 4);
    expect([...scale.values]).toEqual([1]);
    expect(new Int8Array(words.values.slice().buffer).slice(0, 4)).toEqual(new Int8Array(4));
  });

  it.each([1, 2, 3, 4, 7, 16])('copy %i values and touch no others', (n) => {
    const x = noise(n, seeded(n));
    const [from, to] = [fenced(x), fenced(new Float32Array(n))];
    kernels.copyInto(from.address, to.address, n);
    expect(to.values).toEqual(x);
    expect(from.intact() && to.intact()).toBe(true);
  });
});
