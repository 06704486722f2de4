import { describe, expect, it } from 'vitest';
import { addNoise, COLOURS } from './add-noise.ts';

const MONO = { rateHz: 16_000, width: 1 };
const power = (x: Float32Array): number => x.reduce((sum, value) => sum + value * value, 0) / x.length;
/** Half a second of a tone between silence. */
const tone = Float32Array.from({ length: 24_000 }, (_, i) => (i < 8000 || i >= 16_000 ? 0 : 0.2 * Math.sin(0.3 * i)));

describe('addNoise', () => {
  it.each(COLOURS)('lays noise of colour %f over all of a sound, so far below its loud part', (colour) => {
    const mixed = addNoise(tone, MONO, { snr: 8, colour, seed: 1 });
    const noise = mixed.map((value, i) => value - tone[i]!);
    expect(10 * Math.log10(power(tone.subarray(8000, 16_000)) / power(noise))).toBeCloseTo(8, 1);
    expect(power(noise.subarray(0, 8000)) / power(noise)).toBeGreaterThan(0.5);
  });

  it('is darker where the colour is', () => {
    const [light, dark] = [0.5, 0.95].map((colour) => {
      const mixed = addNoise(tone, MONO, { snr: 8, colour, seed: 1 }).subarray(0, 8000);
      return power(mixed.subarray(1).map((value, i) => value - mixed[i]!)) / power(mixed);
    });
    expect(dark!).toBeLessThan(light! / 2);
  });

  it('gives the same noise for the same seed, and silence for silence', () => {
    const how = { snr: 8, colour: 0.5, seed: 3 };
    expect(addNoise(tone, MONO, how)).toEqual(addNoise(tone, MONO, how));
    expect(addNoise(tone, MONO, how)).not.toEqual(addNoise(tone, MONO, { ...how, seed: 4 }));
    expect(addNoise(new Float32Array(1600), MONO, how).every((value) => value === 0)).toBe(true);
  });
});
