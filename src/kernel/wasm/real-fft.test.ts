// The SIMD transform against the float64 one, for every size up to 1,024 that it takes.

import { describe, expect, it } from 'vitest';
import { availableSimd, type Fenced, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';
import { inverseRealFft, realFft, realFftPlan } from '../plain/real-fft.ts';
import { isNearFftSize, nearRealFft } from './real-fft.ts';
import { createRegion } from './region.ts';
import type { Simd } from './simd.ts';

const SIZES = Array.from({ length: 1025 }, (_, size) => size).filter(isNearFftSize);
const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  largest(Array.from(a, (value, i) => value - b[i]!));

function forward(simd: Simd, x: Float32Array): { spectrum: Fenced; exact: Float64Array } {
  const region = createRegion();
  const [input, spectrum] = [fenced(x), fenced(new Float32Array(x.length + 2).fill(NaN))];
  nearRealFft(simd, region, x.length).forward(input.address, spectrum.address);
  expect(input.intact() && spectrum.intact()).toBe(true);
  expect(input.values).toEqual(x);
  const exact = new Float64Array(x.length + 2);
  realFft(realFftPlan(x.length), Float64Array.from(x), exact);
  return { spectrum, exact };
}

describe.each(await availableSimd())('the $numerics real transform', (simd) => {
  it('takes multiples of 8 that are products of 2, 3 and 5, from 32 on', () => {
    for (const size of [256, 320, 400, 480, 512, 640, 960, 1024]) expect(SIZES).toContain(size);
    for (const size of [0, 8, 24, 36, 100, 56, 250, 513, -32, 40.5]) expect(isNearFftSize(size)).toBe(false);
    expect(() => nearRealFft(simd, createRegion(), 100)).toThrow(/multiples of 8/);
  });

  it('is within 4e-7 of the largest value of the float64 spectrum, and of full scale on the way back', () => {
    for (const size of SIZES) {
      const x = noise(size, seeded(size));
      const { spectrum, exact } = forward(simd, x);
      expect(distance(spectrum.values, exact) / largest(exact), `size ${size}`).toBeLessThan(4e-7);
      const back = fenced(new Float32Array(size).fill(NaN));
      nearRealFft(simd, createRegion(), size).inverse(spectrum.address, back.address);
      expect(distance(back.values, x), `size ${size}`).toBeLessThan(1e-6);
      expect(back.intact()).toBe(true);
    }
  });

  it('ignores imaginary parts of the first and the last bin on the way back, as the float64 one does', () => {
    for (const size of [32, 400, 512]) {
      const spectrum = noise(size + 2, seeded(size));
      const [from, to] = [fenced(spectrum), fenced(new Float32Array(size))];
      nearRealFft(simd, createRegion(), size).inverse(from.address, to.address);
      const exact = new Float64Array(size);
      inverseRealFft(realFftPlan(size), Float64Array.from(spectrum), exact);
      expect(distance(to.values, exact)).toBeLessThan(4e-7);
      expect(from.values).toEqual(spectrum);
    }
  });

  it('keeps its relative error from 1e-30 to 1e30, and is 0 of 0', () => {
    for (const scale of [1e-30, 1e-10, 1e10, 1e30]) {
      const { spectrum, exact } = forward(
        simd,
        noise(480, seeded(3)).map((value) => scale * value),
      );
      expect(distance(spectrum.values, exact) / largest(exact)).toBeLessThan(4e-7);
    }
    expect(largest(forward(simd, new Float32Array(512)).spectrum.values)).toBe(0);
  });

  it('puts a tone into its bin and an impulse into all', () => {
    const tone = Float32Array.from({ length: 512 }, (_, n) => Math.cos((2 * Math.PI * 37 * n) / 512));
    const { spectrum } = forward(simd, tone);
    expect(spectrum.values[74]).toBeCloseTo(256, 3);
    expect(largest(spectrum.values.filter((_, i) => i !== 74))).toBeLessThan(1e-4);
    const impulse = forward(simd, new Float32Array(400).fill(1, 0, 1)).spectrum.values;
    expect(
      distance(
        impulse,
        Array.from({ length: 402 }, (_, i) => (i % 2 === 0 ? 1 : 0)),
      ),
    ).toBeLessThan(1e-6);
  });
});
