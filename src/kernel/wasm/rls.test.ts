// Least squares on the kernels: the bits of the plain ones, in any shape, between fences, solvable or not.

import { describe, expect, it } from 'vitest';
import { availableSimd, type Fenced, fenced } from '../../../test/helpers/fenced.ts';
import { seeded } from '../../../test/helpers/items.ts';
import { type Rls, rlsOf } from './rls.ts';

const SHAPES = [
  [1, 1],
  [2, 3],
  [5, 8],
  [7, 9],
  [16, 17],
  [81, 24],
] as const;

interface Sums {
  readonly gram: Float64Array;
  readonly moment: Float64Array;
  readonly weights: Float32Array;
  readonly fences: readonly Fenced[];
}

const away = (features: number, targets: number): Sums => ({
  gram: new Float64Array((features * (features + 1)) / 2),
  moment: new Float64Array(features * targets),
  weights: new Float32Array(features * targets),
  fences: [],
});

/** The same in the kernel memory, float64 values on their 8 bytes. */
function near(features: number, targets: number): Sums {
  const doubles = (n: number): [Fenced, Float64Array] => {
    const whole = fenced(new Float32Array(2 * n + 1));
    const at = Math.ceil(whole.address / 8) * 8;
    return [whole, new Float64Array(whole.values.buffer, at, n)];
  };
  const [gramFence, gram] = doubles((features * (features + 1)) / 2);
  const [momentFence, moment] = doubles(features * targets);
  const weights = fenced(new Float32Array(features * targets));
  return { gram, moment, weights: weights.values, fences: [gramFence, momentFence, weights] };
}

/** Rows of features and targets through one recursion, solved now and then: everything that came out. */
function run(rls: Rls, sums: Sums, features: number, targets: number, level = 1): number[] {
  const random = seeded(features);
  const noise = (n: number): Float64Array => Float64Array.from({ length: n }, () => level * (2 * random() - 1));
  const heard: number[] = [];
  const out = new Float64Array(targets);
  for (let row = 0; row < 40; row++) {
    const phi = noise(features);
    rls.accumulate(sums.gram, sums.moment, phi, noise(targets), 0.99);
    if (row % 7 === 6) heard.push(Number(rls.solve(sums.gram, sums.moment, 0.1, sums.weights)), ...sums.weights);
    rls.predict(sums.weights, phi, out);
    heard.push(...out);
  }
  return [...heard, ...sums.gram, ...sums.moment];
}

describe.each(await availableSimd())('least squares on $numerics kernels', (simd) => {
  it.each(SHAPES)('has the bits of the plain one: %i features, %i targets', (features, targets) => {
    const plain = rlsOf(features, targets);
    for (const level of [1, 1e-160, 1e100]) {
      const expected = run(plain, away(features, targets), features, targets, level);
      const sums = near(features, targets);
      expect(run(rlsOf(features, targets, simd), sums, features, targets, level)).toEqual(expected);
      expect(sums.fences.every((fence) => fence.intact())).toBe(true);
      expect(run(rlsOf(features, targets, simd), away(features, targets), features, targets, level)).toEqual(expected);
    }
  });

  it('says no, and leaves the weights alone, where there is no solution', () => {
    const rls = rlsOf(3, 2, simd);
    for (const [gram, moment] of [
      [
        [1, 2, 1, 0, 0, 1],
        [1, 1, 1, 1, 1, 1],
      ], // not positive definite
      [
        [NaN, 0, 1, 0, 0, 1],
        [1, 1, 1, 1, 1, 1],
      ],
      [
        [1, 0, 1, 0, 0, 1],
        [1, 1, Infinity, 1, 1, 1],
      ],
      [
        [1, 0, 1, 0, 0, 1],
        [1, 1, 1e31, 1, 1, 1],
      ],
    ] as const) {
      const sums = near(3, 2);
      sums.gram.set(gram);
      sums.moment.set(moment);
      sums.weights.fill(7);
      expect(rls.solve(sums.gram, sums.moment, 0, sums.weights)).toBe(false);
      expect([...sums.weights]).toEqual([7, 7, 7, 7, 7, 7]);
    }
  });
});
