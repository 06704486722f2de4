import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { micros } from '../base/units.ts';
import { ptsOf, rowOf, spanOf } from './timeline.ts';

const RATES = [1, 50, 100, 8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000];

describe('timeline', () => {
  it('finds every row again from its time, at every usual rate, for a month of stream', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RATES), fc.double({ min: 0, max: 1, noNaN: true }), (rateHz, share) => {
        const row = Math.floor(share * rateHz * 86400 * 31);
        expect(rowOf(ptsOf(row, rateHz), rateHz)).toBe(row);
      }),
      { numRuns: 5000, seed: 1 },
    );
  });

  it('never runs backwards and never rounds two rows to one time', () => {
    for (const rateHz of RATES) {
      for (let row = 0; row < 2000; row++) expect(ptsOf(row + 1, rateHz)).toBeGreaterThan(ptsOf(row, rateHz));
    }
  });

  it('gives whole microseconds', () => {
    expect(ptsOf(1, 44100)).toBe(23);
    expect(ptsOf(16000, 16000)).toBe(1_000_000);
    expect(rowOf(micros(22.6), 44100)).toBe(1);
    expect(spanOf(160, 320, 16000)).toEqual({ from: 160, to: 320, pts: 10_000 });
  });
});
