import { describe, expect, it } from 'vitest';
import { causalConvolver, convolveCyclic, fftWorkspaces, powerOfTwo, tapSpectrum } from './fft-convolve.ts';

const wave = (length: number, step: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => ((i * step) % 101) / 50 - 1);
const direct = (taps: Float64Array, x: Float64Array): Float64Array =>
  x.map((_, t) => taps.reduce((sum, tap, l) => (l <= t ? sum + tap * x[t - l]! : sum), 0));

describe('causalConvolver', () => {
  it.each([
    [1, 1],
    [5, 64],
    [64, 5],
    [100, 33],
    [37, 128],
  ])('%i taps over %i rows equals the sum, with no leak from the end to the start', (taps, rows) => {
    const convolve = causalConvolver(wave(taps, 37), fftWorkspaces());
    const x = wave(rows, 23);
    const expected = direct(wave(taps, 37), x);
    const y = new Float64Array(rows);
    for (const out of [y, x]) {
      convolve(x, out, rows); // the second time in place
      for (let t = 0; t < rows; t++) expect(Math.abs(out[t]! - expected[t]!)).toBeLessThan(1e-13 * taps);
    }
  });

  it('keeps spectra apart by size', () => {
    const convolve = causalConvolver(wave(40, 7), fftWorkspaces());
    for (const rows of [3, 40, 3, 17]) {
      const y = new Float64Array(rows);
      convolve(wave(rows, 11), y, rows);
      const expected = direct(wave(40, 7), wave(rows, 11));
      for (let t = 0; t < rows; t++) expect(Math.abs(y[t]! - expected[t]!)).toBeLessThan(1e-12);
    }
  });
});

describe('convolveCyclic', () => {
  it('wraps, as overlap-save counts on', () => {
    const space = fftWorkspaces()(8);
    const spectrum = tapSpectrum(space, Float64Array.of(0, 0, 1)); // two rows later
    space.signal.set([1, 2, 3, 4, 5, 6, 7, 8]);
    convolveCyclic(space, spectrum);
    expect([...space.signal].map((v) => Math.round(v * 1e12) / 1e12)).toEqual([7, 8, 1, 2, 3, 4, 5, 6]);
  });
});

it('powerOfTwo rounds up', () => {
  expect([0, 1, 2, 3, 64, 65].map(powerOfTwo)).toEqual([1, 1, 2, 4, 64, 128]);
});
