// Against numbers from numpy and scipy on the same signals: test/golden/audio_quality/make-golden.py.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logSpectralDistance } from './log-spectral-distance.ts';
import { octaveResample } from './octave-resample.ts';
import { SI_SDR_MAX, siSdr } from './si-sdr.ts';
import { stoi } from './stoi.ts';

const RATE_HZ = 16_000;
const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/audio_quality/golden.json', import.meta.url), 'utf8'),
) as Record<'siSdr' | 'logSpectralDistance' | 'stoi' | 'stoiOfSquared', number>;

function noise(seed: number, rows: number): Float64Array {
  let value = seed;
  return Float64Array.from({ length: rows }, () => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
    return value / 2 ** 32;
  });
}

/** Low-passed noise in syllables of 200 ms with half a second of silence, and the same with noise on it. */
function signals(rows = 3 * RATE_HZ) {
  let low = 0;
  const white = noise(1, rows);
  const clean = Float32Array.from({ length: rows }, (_, i) => {
    low = 0.75 * low + white[i]!;
    const phase = (i % 3200) / 3200;
    return i >= 16_000 && i < 24_000 ? 0 : low * Math.min(phase, 1 - phase);
  });
  const added = noise(2, rows);
  return { clean, noisy: clean.map((value, i) => value + 0.25 * added[i]!) };
}
const { clean, noisy } = signals();

describe('SI-SDR', () => {
  it('is what numpy says', () => expect(siSdr(clean, noisy)).toBeCloseTo(golden.siSdr, 9));

  it('does not mind the gain of the estimate, and has a ceiling', () => {
    const louder = noisy.map((value) => -4 * value);
    expect(siSdr(clean, louder)).toBeCloseTo(golden.siSdr, 9);
    expect(siSdr(clean, clean)).toBe(SI_SDR_MAX);
    expect(siSdr(clean, new Float32Array(clean.length))).toBeNaN();
  });
});

describe('log-spectral distance', () => {
  it('is what numpy says', () => expect(logSpectralDistance(clean, noisy)).toBeCloseTo(golden.logSpectralDistance, 7));

  it('is 0 for the signal itself, at most the range for silence, NaN without a signal', () => {
    expect(logSpectralDistance(clean, clean)).toBe(0);
    expect(logSpectralDistance(clean, new Float32Array(clean.length))).toBeLessThan(50);
    expect(logSpectralDistance(new Float32Array(clean.length), clean)).toBeNaN();
    expect(logSpectralDistance(clean.subarray(0, 100), clean.subarray(0, 100))).toBeNaN();
  });
});

describe('STOI', () => {
  it('is what numpy and scipy say, resampling to 10 kHz included', () => {
    expect(stoi(clean, noisy, RATE_HZ)).toBeCloseTo(golden.stoi, 9);
    const squared = noisy.map((value) => Math.sign(value) * value * value);
    expect(stoi(clean, squared, RATE_HZ)).toBeCloseTo(golden.stoiOfSquared, 6);
  });

  it('is 1 for the signal itself, and leaves out what the clean signal is silent in', () => {
    expect(stoi(clean, clean, RATE_HZ)).toBeCloseTo(1, 9);
    const loudInSilence = clean.map((value, i) => (i >= 17_000 && i < 23_000 ? 0.9 : value));
    expect(stoi(clean, loudInSilence, RATE_HZ)).toBeGreaterThan(0.99);
  });

  it('is NaN where too little is not silent', () => {
    expect(stoi(clean.subarray(0, 4000), noisy.subarray(0, 4000), RATE_HZ)).toBeNaN();
    expect(stoi(new Float32Array(RATE_HZ), noisy.subarray(0, RATE_HZ), RATE_HZ)).toBeNaN();
  });
});

describe('resampling', () => {
  it('keeps a tone of the band and its place', () => {
    const tone = Float32Array.from({ length: 8000 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / RATE_HZ));
    const out = octaveResample(tone, RATE_HZ, 10_000);
    expect(out.length).toBe(5000);
    for (let i = 500; i < 4500; i++) expect(out[i]).toBeCloseTo(Math.sin((2 * Math.PI * 1000 * i) / 10_000), 2);
    expect(octaveResample(tone, RATE_HZ, RATE_HZ)).toEqual(Float64Array.from(tone));
  });
});
