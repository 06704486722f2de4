import { describe, expect, it } from 'vitest';
import { seeded } from '../../../test/helpers/items.ts';
import { fft, fftPlan, inverseFft } from './fft.ts';
import { inverseRealFft, realFft, realFftPlan } from './real-fft.ts';

const smooth = (size: number): boolean => {
  for (const factor of [2, 3, 5]) while (size % factor === 0) size /= factor;
  return size === 1;
};
const SIZES = [...Array.from({ length: 64 }, (_, k) => k + 1).filter(smooth), 320, 400, 512, 960];

/** The definition, in O(n^2). */
function naiveDft(x: Float64Array): Float64Array {
  const n = x.length / 2;
  const out = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    for (let t = 0; t < n; t++) {
      const angle = (-2 * Math.PI * ((k * t) % n)) / n;
      out[2 * k]! += x[2 * t]! * Math.cos(angle) - x[2 * t + 1]! * Math.sin(angle);
      out[2 * k + 1]! += x[2 * t]! * Math.sin(angle) + x[2 * t + 1]! * Math.cos(angle);
    }
  }
  return out;
}

const worst = (a: Float64Array, b: Float64Array): number =>
  a.reduce((max, v, k) => Math.max(max, Math.abs(v - b[k]!)), 0);
const random = seeded(3);
const values = (count: number) => Float64Array.from({ length: count }, () => 2 * random() - 1);

describe('fft', () => {
  it.each(SIZES)('equals the definition for size %i, and inverts', (size) => {
    const plan = fftPlan(size);
    expect(plan.radices.reduce((product, radix) => product * radix, 1)).toBe(size);
    const x = values(2 * size);
    const y = x.slice();
    fft(plan, y);
    expect(worst(y, naiveDft(x))).toBeLessThan(1e-14 * size + 1e-14);
    inverseFft(plan, y);
    expect(worst(y, x)).toBeLessThan(2e-15);
  });

  it.each(SIZES.filter((size) => size % 2 === 0))('of real values equals the complex one for size %i', (size) => {
    const plan = realFftPlan(size);
    const x = values(size);
    const spectrum = new Float64Array(size + 2);
    realFft(plan, x, spectrum);
    const full = naiveDft(Float64Array.from({ length: 2 * size }, (_, k) => (k % 2 ? 0 : x[k / 2]!)));
    expect(worst(spectrum, full.subarray(0, size + 2))).toBeLessThan(1e-14 * size);
    const back = new Float64Array(size);
    inverseRealFft(plan, spectrum, back);
    expect(worst(back, x)).toBeLessThan(2e-15);
  });

  it('gives the same bits from one plan and from a fresh one', () => {
    const plan = fftPlan(320);
    const x = values(640);
    const first = x.slice();
    fft(plan, values(640));
    fft(plan, first);
    const second = x.slice();
    fft(fftPlan(320), second);
    expect(first).toEqual(second);
  });

  it('refuses sizes with other factors', () => {
    for (const size of [7, 22, 0, 1.5]) expect(() => fftPlan(size)).toThrow(/fft size/);
    expect(() => realFftPlan(15)).toThrow(/even/);
  });
});
