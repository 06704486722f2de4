// Least squares on the kernels: the bits of the plain ones, in any shape, between fences, solvable or not.

import { describe, expect, it } from 'vitest';
import { availableSimd, type Fenced, fenced } from '../../../test/helpers/fenced.ts';
import { seeded } from '../../../test/helpers/items.ts';
import { rlsPack } from '../plain/rls-pack.ts';
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
  readonly gram: Float32Array;
  readonly moment: Float32Array;
  readonly values: Int16Array;
  readonly scales: Float32Array;
  readonly fences: readonly Fenced[];
}

const away = (features: number, targets: number): Sums => ({
  gram: new Float32Array((features * (features + 1)) / 2),
  moment: new Float32Array(features * targets),
  values: new Int16Array(features * targets),
  scales: new Float32Array(targets),
  fences: [],
});

/** The same in the kernel memory. */
function near(features: number, targets: number): Sums {
  const floats = (n: number): Fenced => fenced(new Float32Array(n));
  const fences = [
    (features * (features + 1)) / 2,
    features * targets,
    Math.ceil((features * targets) / 2),
    targets,
  ].map(floats);
  const [gram, moment, halves, scales] = fences.map((fence) => fence.values);
  const values = new Int16Array(halves!.buffer, halves!.byteOffset, features * targets);
  return { gram: gram!, moment: moment!, values, scales: scales!, fences };
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
    if (row % 7 === 6 && rls.solve(sums.gram, sums.moment, 0.1, rls.solved)) {
      heard.push(row, ...rls.solved);
      rlsPack(rls.solved, sums);
    }
    rls.predict(sums, phi, out);
    heard.push(...out);
  }
  return [...heard, ...sums.gram, ...sums.moment, ...sums.values, ...sums.scales];
}

describe.each(await availableSimd())('least squares on $numerics kernels', (simd) => {
  it.each(SHAPES)('has the bits of the plain one: %i features, %i targets', (features, targets) => {
    const plain = rlsOf(features, targets);
    for (const level of [1, 1e-19, 1e18, 1e25]) {
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
      rls.solved.fill(7);
      expect(rls.solve(sums.gram, sums.moment, 0, rls.solved)).toBe(false);
      expect([...rls.solved]).toEqual([7, 7, 7, 7, 7, 7]);
    }
  });
});
