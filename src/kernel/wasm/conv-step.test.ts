// The convolution step against the plain one, states included: four channels at a time, one at a time, and both.

import { describe, expect, it } from 'vitest';
import { availableSimd, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';
import { causalConvStep } from '../plain/causal-conv.ts';
import { packTaps } from './taps.ts';

const CHANNELS = [1, 3, 4, 5, 8, 30, 33];
const TAPS = [1, 2, 3, 4, 5, 7];

describe.each(await availableSimd())('convStep, $numerics', ({ kernels }) => {
  it.each(CHANNELS.flatMap((channels) => TAPS.map((taps) => [channels, taps] as const)))(
    '%i channels of %i taps give the rows and the state of the plain step',
    (channels, taps) => {
      const random = seeded(channels * 10 + taps);
      const [rows, stride] = [6, channels + 3];
      const [weight, bias] = [noise(channels * taps, random), noise(channels, random)];
      const [x, start] = [noise(rows * stride, random), noise(channels * (taps - 1), random)];
      const arrays = [start, x, packTaps(weight, channels, taps), bias, new Float32Array(rows * channels)].map(fenced);
      const [state, from, w, b, y] = arrays.map(({ address }) => address) as [number, number, number, number, number];
      kernels.convStep(state, from, stride, w, b, y, channels, taps, rows);

      const kept = start.slice();
      const row = new Float32Array(channels);
      for (let r = 0; r < rows; r++) {
        causalConvStep(kept, x.subarray(r * stride, r * stride + channels), weight, bias, row, channels, taps);
        row.forEach((value, c) => {
          expect(Math.abs(arrays[4]!.values[r * channels + c]! - value)).toBeLessThan((taps + 1) * 2 ** -23);
        });
      }
      expect(arrays[0]!.values).toEqual(kept);
      expect(arrays.every((array) => array.intact())).toBe(true);
    },
  );

  it('gives the same bits in one call and in many', () => {
    const random = seeded(9);
    const [weight, bias, x] = [noise(80, random), noise(20, random), noise(200, random)];
    const [w, b, input] = [packTaps(weight, 20, 4), bias, x].map((values) => fenced(values).address) as [
      number,
      number,
      number,
    ];
    const [one, many] = [fenced(new Float32Array(60)), fenced(new Float32Array(60))];
    const [all, each] = [fenced(new Float32Array(200)), fenced(new Float32Array(200))];
    kernels.convStep(one.address, input, 20, w, b, all.address, 20, 4, 10);
    for (let r = 0; r < 10; r++) {
      kernels.convStep(many.address, input + 80 * r, 20, w, b, each.address + 80 * r, 20, 4, 1);
    }
    expect(each.values).toEqual(all.values);
    expect(many.values).toEqual(one.values);
  });
});
