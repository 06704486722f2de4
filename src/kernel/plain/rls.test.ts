import { describe, expect, it } from 'vitest';
import { exp } from '../../base/math.ts';
import { rlsAccumulate } from './rls-accumulate.ts';
import { rlsPredict } from './rls-predict.ts';
import { rlsSolve } from './rls-solve.ts';
import { windowAttention } from './rls-window-attention.ts';

/** Uniform in [-1, 1), seeded (a linear congruential generator is enough here). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
}

describe('the normal equations', () => {
  const [features, targets] = [7, 3];
  const random = uniform(1);
  const truth = Float64Array.from({ length: features * targets }, random);
  const make = () => ({
    gram: new Float64Array((features * (features + 1)) / 2),
    moment: new Float64Array(features * targets),
    weights: new Float32Array(features * targets),
    factor: new Float64Array((features * (features + 1)) / 2),
    solution: new Float64Array(features * targets),
  });
  const observe = (phi: Float64Array): Float64Array =>
    Float64Array.from({ length: targets }, (_, j) => phi.reduce((sum, v, i) => sum + v * truth[i * targets + j]!, 0));

  it('find the weights that made the data, and predict with them', () => {
    const { gram, moment, weights, factor, solution } = make();
    const phi = new Float64Array(features);
    for (let row = 0; row < 200; row++) {
      phi.forEach((_, i) => {
        phi[i] = random();
      });
      rlsAccumulate(gram, moment, phi, observe(phi), 0.99);
    }
    expect(rlsSolve(gram, moment, 1e-9, weights, factor, solution)).toBe(true);
    weights.forEach((w, i) => {
      expect(w).toBeCloseTo(truth[i]!, 5);
    });
    const out = new Float64Array(targets);
    rlsPredict(weights, phi, out);
    observe(phi).forEach((v, j) => {
      expect(out[j]).toBeCloseTo(v, 5);
    });
  });

  it('satisfy (G + ridge I) w = m, where G and m are the discounted sums', () => {
    const { gram, moment, weights, factor, solution } = make();
    const rows = Array.from({ length: 30 }, () => Float64Array.from({ length: features }, random));
    for (const phi of rows) rlsAccumulate(gram, moment, phi, observe(phi), 0.9);
    rlsSolve(gram, moment, 2, weights, factor, solution);
    for (let i = 0; i < features; i++) {
      for (let j = 0; j < targets; j++) {
        let left = 2 * solution[i * targets + j]!;
        let right = 0;
        rows.forEach((phi, row) => {
          let discount = 1;
          for (let later = row + 1; later < rows.length; later++) discount *= 0.9;
          for (let k = 0; k < features; k++) left += discount * phi[i]! * phi[k]! * solution[k * targets + j]!;
          right += discount * phi[i]! * observe(phi)[j]!;
        });
        expect(left).toBeCloseTo(right, 9);
      }
    }
  });

  it('leave the weights alone when there is no solution', () => {
    const { gram, moment, weights, factor, solution } = make();
    weights.fill(5);
    gram.fill(-1);
    expect(rlsSolve(gram, moment, 0, weights, factor, solution)).toBe(false);
    gram.fill(NaN);
    expect(rlsSolve(gram, moment, 1, weights, factor, solution)).toBe(false);
    expect(Array.from(weights)).toEqual(Array.from(weights, () => 5));
  });
});

describe('attention over earlier windows', () => {
  const sizes = { keyRows: 5, strideRows: 3, keysMax: 8, temperature: 0.3 };
  const scratch = new Float64Array(2 * sizes.keysMax + sizes.keyRows);

  it('equals the sum written out, around the end of the ring and at a large offset', () => {
    const random = uniform(2);
    const [horizon, newest, ringRows] = [4, 57, 40];
    for (const offset of [0, 1e4]) {
      const past = Float32Array.from({ length: newest + 1 }, () => random() + offset);
      const ring = new Float32Array(ringRows);
      past.forEach((v, row) => {
        ring[row % ringRows] = v;
      });
      const out = new Float64Array(horizon);
      expect(windowAttention(ring, newest, ringRows, 0.7, sizes, scratch, out)).toBe(8);
      const window = (end: number): number[] => Array.from(past.subarray(end - 4, end + 1));
      const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
      const query = window(newest);
      const total = new Float64Array(horizon + 1);
      for (let n = 0; n < 8; n++) {
        const end = newest - (2 + n) * 3;
        const key = window(end);
        const distance = mean(key.map((v, k) => ((v - mean(key) - query[k]! + mean(query)) / 0.7) ** 2));
        const weight = exp(-distance / 0.3);
        total[horizon]! += weight;
        for (let j = 0; j < horizon; j++) total[j]! += weight * (past[end + 1 + j]! - mean(key));
      }
      for (let j = 0; j < horizon; j++) expect(out[j]).toBeCloseTo(mean(query) + total[j]! / total[horizon]!, 5);
    }
  });

  it('has no keys before a window and its sequel have been seen', () => {
    const out = Float64Array.of(9, 9);
    expect(windowAttention(new Float32Array(20), 6, 7, 1, sizes, scratch, out)).toBe(0);
    expect(Array.from(out)).toEqual([9, 9]);
    expect(windowAttention(new Float32Array(20), 7, 8, 1, sizes, scratch, out)).toBe(1);
  });
});
