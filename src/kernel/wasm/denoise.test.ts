// The kernels of the denoiser - level features and the filter of a spectrum - beside their plain twins.

import { describe, expect, it } from 'vitest';
import { availableSimd, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';
import { filterSpectrum } from '../plain/filter-spectrum.ts';
import { levelFeatures, spectrumPower } from '../plain/level-features.ts';

const largest = (values: Iterable<number>): number => Math.max(0, ...[...values].map(Math.abs));
const apart = (a: Float32Array, b: Float32Array): number => largest(a.map((value, i) => value - b[i]!));

describe.each(await availableSimd())('denoise kernels, $numerics', ({ kernels }) => {
  const LEVEL = 0.37;
  const FLOOR = 1e-6;
  const EXPONENT = -0.35;

  function features(spectrum: Float32Array, bins: number, phaseBins: number) {
    const width = bins + 2 * phaseBins;
    const [x, power, y] = [fenced(spectrum), fenced(new Float32Array(bins)), fenced(new Float32Array(width))];
    const sum = kernels.spectrumPower(x.address, power.address, bins);
    const scale = 1 / Math.sqrt(LEVEL);
    kernels.levelFeatures(x.address, power.address, y.address, bins, phaseBins, 1 / LEVEL, scale, FLOOR, EXPONENT);
    expect([x, power, y].every((array) => array.intact())).toBe(true);
    const exact = new Float64Array(bins);
    const plain = new Float32Array(width);
    const plainSum = spectrumPower(spectrum, exact);
    levelFeatures(spectrum, exact, plain, phaseBins, LEVEL, FLOOR, EXPONENT);
    return { sum, plainSum, near: y.values, plain };
  }

  it.each([
    [161, 161],
    [161, 32],
    [161, 0],
    [9, 7],
    [6, 6],
    [3, 2],
    [1, 1],
  ])('give rows of %i bins, %i with phase, like the plain ones and touch nothing else', (bins, phaseBins) => {
    const { sum, plainSum, near, plain } = features(noise(2 * bins, seeded(bins + phaseBins)), bins, phaseBins);
    expect(Math.abs(sum / plainSum - 1)).toBeLessThan(1e-6);
    expect(apart(near, plain)).toBeLessThan(1e-5);
  });

  it('give the floor for what is quiet or subnormal, and stay finite for what is loud', () => {
    const spectrum = Float32Array.from([0, 0, 1e-45, -1e-40, 1e-20, 1e-19, 1e14, -1e14, 3e-4, 0]);
    const { near, plain } = features(spectrum, 5, 5);
    expect(near.every(Number.isFinite)).toBe(true);
    expect(apart(near.subarray(0, 5), plain.subarray(0, 5))).toBeLessThan(1e-5);
    for (let i = 5; i < 15; i++) {
      expect(Math.abs(near[i]! - plain[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(plain[i]!)));
    }
  });

  it.each([NaN, Infinity, -Infinity])('tell a sum that is not finite for %d', (value) => {
    const spectrum = noise(322, seeded(1));
    spectrum[17] = value;
    const power = fenced(new Float32Array(161));
    expect(Number.isFinite(kernels.spectrumPower(fenced(spectrum).address, power.address, 161))).toBe(false);
  });

  function filter(shape: { bins: number; filtered: number; taps: number }, least: number, strength: number, scale = 1) {
    const { bins, filtered, taps } = shape;
    const random = seeded(bins * 7 + filtered);
    const spectrum = noise(2 * bins, random).map((x) => x * scale);
    const past = noise(2 * filtered * (taps - 1), random).map((x) => x * scale);
    const part = (length: number): Float32Array => noise(length, random).map((x) => 0.5 + x / 2);
    const [gain, re, im] = [part(bins), part(taps * filtered), part(taps * filtered)];
    const [x, before, g, a, c] = [spectrum, past, gain, re, im].map(fenced) as Fences;
    const y = fenced(new Float32Array(2 * bins));
    const at = [x, before, g, a, c, y].map(({ address }) => address) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    kernels.filterSpectrum(...at, bins, filtered, taps, 2, least, strength);
    expect([x, before, g, a, c, y].every((array) => array.intact())).toBe(true);
    const plain = new Float32Array(2 * bins);
    filterSpectrum({ filtered, taps, span: 2, least, strength }, spectrum, past, gain, re, im, plain);
    return { near: y.values, plain, spectrum };
  }
  type Fences = [
    ReturnType<typeof fenced>,
    ReturnType<typeof fenced>,
    ReturnType<typeof fenced>,
    ReturnType<typeof fenced>,
    ReturnType<typeof fenced>,
  ];

  const SHAPES = [
    { bins: 161, filtered: 80, taps: 3 },
    { bins: 161, filtered: 161, taps: 1 },
    { bins: 161, filtered: 32, taps: 3 },
    { bins: 7, filtered: 6, taps: 4 },
    { bins: 3, filtered: 1, taps: 2 },
    { bins: 2, filtered: 2, taps: 3 },
  ];
  it.each(SHAPES)('filter $filtered of $bins bins over $taps hops like the plain one', (shape) => {
    for (const [least, strength] of [
      [0, 1],
      [0.5, 1],
      [0, 0.3],
      [1, 0.7],
    ] as const) {
      const { near, plain, spectrum } = filter(shape, least, strength);
      expect(apart(near, plain)).toBeLessThan(1e-5);
      if (strength < 1) continue;
      for (let bin = 0; bin < shape.bins; bin++) {
        const size = (of: Float32Array): number => Math.hypot(of[2 * bin]!, of[2 * bin + 1]!);
        expect(size(near)).toBeGreaterThanOrEqual(least * size(spectrum) * (1 - 1e-5));
      }
    }
  });

  it.each([0, 1e-38, 1e-20, 1e14])('stay finite for spectra of %d', (scale) => {
    for (const least of [0, 0.1]) {
      const { near, plain } = filter(SHAPES[0]!, least, 0.9, scale);
      expect(near.every(Number.isFinite)).toBe(true);
      expect(apart(near, plain)).toBeLessThanOrEqual(1e-5 * scale + 1e-17);
    }
  });

  it('take the direction of the input where nothing is left', () => {
    const x = fenced([3, 4, 0, 0]);
    const y = fenced(new Float32Array(4));
    const zeros = fenced(new Float32Array(2));
    kernels.filterSpectrum(x.address, zeros.address, zeros.address, 0, 0, y.address, 2, 0, 0, 2, 0.5, 1);
    expect([...y.values]).toEqual([1.5, 2, 0, 0]);
  });
});
