// The kernels around a transform: window, overlap-add, and rows of log-mel.

import { describe, expect, it } from 'vitest';
import { availableSimd, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';

const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 31, 400];

describe.each(await availableSimd())('around a frame, $numerics', ({ kernels, numerics }) => {
  it.each(LENGTHS)('windows %i values and touches no others', (n) => {
    const [x, w, y] = [noise(n, seeded(1)), noise(n, seeded(2)), new Float32Array(n)];
    const [input, window, output] = [fenced(x), fenced(w), fenced(y)];
    kernels.windowFrame(input.address, window.address, output.address, n);
    expect(output.values).toEqual(x.map((value, i) => value * w[i]!));
    expect([input, window, output].every((array) => array.intact())).toBe(true);
  });

  it('takes values under 2^-60 for 0, so that nothing made of them is subnormal; NaN stays', () => {
    const least = 2 ** -60;
    const x = fenced([least, -least, least * 0.999, -1e-30, 1e-45, NaN, 3e38]);
    kernels.windowFrame(x.address, fenced(new Float32Array(7).fill(1)).address, x.address, 7);
    expect([...x.values]).toEqual([least, -least, 0, 0, 0, NaN, Math.fround(3e38)]);
  });

  it.each(LENGTHS)('hushes %i values in place and touches no others', (n) => {
    const x = noise(n, seeded(6)).map((value, i) => (i % 2 ? value : value * 1e-18));
    const values = fenced(x);
    kernels.hush(values.address, n);
    expect(values.values).toEqual(x.map((value) => (Math.abs(value) < 2 ** -60 ? 0 : value)));
    expect(values.intact()).toBe(true);
  });

  it.each(LENGTHS)('adds %i weighted values and touches no others', (n) => {
    const [x, g, s] = [noise(n, seeded(3)), noise(n, seeded(4)), noise(n, seeded(5))];
    const [input, gain, sums] = [fenced(x), fenced(g), fenced(s)];
    kernels.overlapAdd(input.address, gain.address, sums.address, n);
    const exact = s.map((value, i) => value + Math.fround(x[i]! * g[i]!));
    if (numerics === 'portable') expect(sums.values).toEqual(exact);
    else expect(Math.max(...sums.values.map((value, i) => Math.abs(value - exact[i]!)))).toBeLessThan(2e-7);
    expect([input, gain, sums].every((array) => array.intact())).toBe(true);
  });

  // Bands of 1 to 9 weights that begin anywhere, some of them ending with the last bin.
  it.each([1, 3, 4, 6, 41])('gives %i bands of several rows, to the bit as row by row', (count) => {
    const [bins, rows, floor] = [257, 3, 1e-6];
    const random = seeded(count);
    const shapes = Array.from({ length: count }, (_, i) => {
      const length = 1 + Math.floor(9 * random());
      const first = i === count - 1 ? bins - length : Math.floor((bins - length) * random());
      return { first, weights: noise(length, random).map(Math.abs) };
    });
    const spectra = noise(rows * bins * 2, random);
    const padded = Array.from({ length: Math.ceil(count / 4) * 4 }, (_, i) => shapes[i]);
    const words = new Int32Array(
      padded.flatMap((shape) => [shape?.first ?? 0, Math.ceil((shape?.weights.length ?? 0) / 4)]),
    );
    const bands = fenced(new Float32Array(words.buffer));
    const weights = fenced(shapes.flatMap((shape) => [...shape.weights, ...Array(-shape.weights.length & 3).fill(0)]));
    const power = fenced(new Float32Array(bins + 4));
    const [input, y] = [fenced(spectra), fenced(new Float32Array(rows * count))];
    const run = (from: number, to: number, n: number): void =>
      kernels.logMel(from, bands.address, weights.address, power.address, to, bins, count, floor, n);
    run(input.address, y.address, rows);
    const together = y.values.slice();
    for (let t = 0; t < rows; t++) run(input.address + 8 * bins * t, y.address + 4 * count * t, 1);
    expect(y.values).toEqual(together);
    for (let t = 0; t < rows; t++) {
      shapes.forEach((shape, i) => {
        const energy = shape.weights.reduce((sum, weight, k) => {
          const at = 2 * (t * bins + shape.first + k);
          return sum + weight * (spectra[at]! ** 2 + spectra[at + 1]! ** 2);
        }, floor);
        expect(Math.abs(together[t * count + i]! - Math.log(energy))).toBeLessThan(2e-6);
      });
    }
    expect([input, bands, weights, power, y].every((array) => array.intact())).toBe(true);
  });

  it('gives the floor for what is quiet or subnormal, and stays finite at any power', () => {
    const bands = fenced(new Float32Array(new Int32Array([0, 1, 1, 1, 0, 1, 0, 0]).buffer));
    const weights = fenced([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0]);
    const row = (...spectrum: number[]): number[] => {
      const y = fenced([0, 0, 0]);
      const [power, input] = [fenced(new Float32Array(7)), fenced(spectrum)];
      kernels.logMel(input.address, bands.address, weights.address, power.address, y.address, 3, 3, 1e-6, 1);
      return [...y.values];
    };
    const floor = Math.fround(Math.log(1e-6));
    for (const value of row(1e-20, -1e-20, 1e-45, 0, 1e-30, 1e-38)) expect(Math.abs(value - floor)).toBeLessThan(2e-6);
    for (const value of row(3e38, 3e38, 1e25, 0, 3e38, 0)) expect(Math.abs(value - Math.log(3e38))).toBeLessThan(1e-4);
  });
});
