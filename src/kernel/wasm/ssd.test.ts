// The state-space dual step against the plain one: ragged heads and states, groups, silence, and what a state may sink to.

import { describe, expect, it } from 'vitest';
import { availableSimd, fenced } from '../../../test/helpers/fenced.ts';
import { noise, seeded } from '../../../test/helpers/items.ts';
import { exp, softplus } from '../../base/math.ts';
import { ssdStep } from '../plain/ssd-step.ts';

const SIZES = [1, 3, 4, 6, 16].flatMap((headDim) =>
  [1, 2, 3, 4, 7, 16].flatMap((dState) =>
    [
      [4, 1],
      [6, 3],
    ].map(([heads, groups]) => ({ heads: heads!, headDim, dState, groups: groups! })),
  ),
);
const ROWS = 5;

describe.each(await availableSimd())('ssdStep, $numerics', ({ kernels }) => {
  it.each(SIZES)('$heads heads of $headDim, state $dState, $groups groups', (sizes) => {
    const { heads, headDim, dState, groups } = sizes;
    const random = seeded(headDim * 100 + dState);
    const [inner, shared] = [heads * headDim, groups * dState];
    const stride = inner + 2 * shared + 1;
    const [start, x] = [noise(inner * dState, random), noise(ROWS * stride, random)];
    const [raw, bias] = [noise(ROWS * heads, random), noise(heads, random)];
    const [A, D] = [noise(heads, random).map((value) => -0.1 - Math.abs(value)), noise(heads, random)];
    const blank = (n: number) => new Float32Array(n);
    const arrays = [start, x, raw, bias, A, D, blank(ROWS * heads), blank(ROWS * heads), blank(ROWS * inner)].map(
      fenced,
    );
    const [h, rows, dtRaw, dtBias, rates, skips, dt, decay, y] = arrays.map(({ address }) => address) as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    kernels.ssdDt(dtRaw, heads, dtBias, rates, 0.01, 0.6, dt, decay, heads, ROWS);
    const B = rows + 4 * inner;
    kernels.ssdStep(h, dt, decay, rows, B, B + 4 * shared, stride, skips, y, heads, headDim, dState, groups, ROWS);

    const state = start.slice();
    const out = new Float32Array(inner);
    for (let row = 0; row < ROWS; row++) {
      const at = row * stride;
      const steps = Float64Array.from({ length: heads }, (_, j) =>
        Math.min(0.6, Math.max(0.01, softplus(raw[row * heads + j]! + bias[j]!))),
      );
      const [b, c] = [x.subarray(at + inner, at + inner + shared), x.subarray(at + inner + shared)];
      ssdStep(state, steps, Float64Array.from(A), x.subarray(at, at + inner), b, c, D, out, sizes);
      steps.forEach((step, j) => {
        expect(arrays[6]!.values[row * heads + j]).toBeCloseTo(step, 6);
        expect(arrays[7]!.values[row * heads + j]).toBeCloseTo(exp(step * A[j]!), 6);
      });
      out.forEach((value, i) => {
        expect(Math.abs(arrays[8]!.values[row * inner + i]! - value)).toBeLessThan(2e-6 * (1 + dState));
      });
    }
    state.forEach((value, i) => {
      expect(Math.abs(arrays[0]!.values[i]! - value)).toBeLessThan(2e-6);
    });
    expect(arrays.every((array) => array.intact())).toBe(true);
  });

  it('lets a state that only decays become 0 instead of subnormal', () => {
    const [heads, headDim, dState] = [1, 5, 6];
    const h = fenced(new Float32Array(headDim * dState).fill(1));
    const [dt, decay] = [fenced([1]), fenced([0.1])];
    const silence = fenced(new Float32Array(headDim + 2 * dState));
    const y = fenced(new Float32Array(headDim));
    const B = silence.address + 4 * headDim;
    const C = B + 4 * dState;
    const stride = headDim + 2 * dState;
    for (let row = 0; row < 60; row++) {
      kernels.ssdStep(
        h.address,
        dt.address,
        decay.address,
        silence.address,
        B,
        C,
        stride,
        dt.address,
        y.address,
        heads,
        headDim,
        dState,
        1,
        1,
      );
      expect(h.values.every((value) => value === 0 || Math.abs(value) >= 1e-24)).toBe(true);
    }
    expect(h.values.every((value) => value === 0)).toBe(true);
  });
});
