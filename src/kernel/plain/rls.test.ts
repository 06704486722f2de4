import { describe, expect, it } from 'vitest';
import { exp } from '../../base/math.ts';
import { rlsAccumulate } from './rls-accumulate.ts';
import { rlsPack } from './rls-pack.ts';
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
    gram: new Float32Array((features * (features + 1)) / 2),
    moment: new Float32Array(features * targets),
    weights: new Float32Array(features * targets),
    factor: new Float64Array((features * (features + 1)) / 2),
    solution: new Float64Array(features * targets),
  });
  const solve = ({ gram, moment, weights, factor, solution }: ReturnType<typeof make>, ridge: number): boolean =>
    rlsSolve(Float64Array.from(gram), Float64Array.from(moment), ridge, weights, factor, solution);
  const observe = (phi: Float64Array): Float64Array =>
    Float64Array.from({ length: targets }, (_, j) => phi.reduce((sum, v, i) => sum + v * truth[i * targets + j]!, 0));

  it('find the weights that made the data, and predict with them', () => {
    const sums = make();
    const { gram, moment, weights } = sums;
    const phi = new Float64Array(features);
    for (let row = 0; row < 200; row++) {
      phi.forEach((_, i) => {
        phi[i] = random();
      });
      rlsAccumulate(gram, moment, phi, observe(phi), 0.99);
    }
    expect(solve(sums, 1e-9)).toBe(true);
    weights.forEach((w, i) => {
      expect(w).toBeCloseTo(truth[i]!, 5);
    });
    const packed = { values: new Int16Array(features * targets), scales: new Float32Array(targets) };
    rlsPack(weights, packed);
    const out = new Float64Array(targets);
    rlsPredict(packed, phi, out);
    observe(phi).forEach((v, j) => {
      expect(Math.abs(out[j]! - v)).toBeLessThan(features * 2 ** -16);
    });
  });

  it('satisfy (G + ridge I) w = m, where G and m are the discounted sums', () => {
    const sums = make();
    const { gram, moment, solution } = sums;
    const rows = Array.from({ length: 30 }, () => Float64Array.from({ length: features }, random));
    for (const phi of rows) rlsAccumulate(gram, moment, phi, observe(phi), 0.9);
    solve(sums, 2);
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
        expect(left).toBeCloseTo(right, 5);
      }
    }
  });

  it('leave the weights alone when there is no solution', () => {
    const sums = make();
    sums.weights.fill(5);
    sums.gram.fill(-1);
    expect(solve(sums, 0)).toBe(false);
    sums.gram.fill(NaN);
    expect(solve(sums, 1)).toBe(false);
    expect(Array.from(sums.weights)).toEqual(Array.from(sums.weights, () => 5));
  });

  it('stay positive definite in float32 over a million rows that repeat themselves, within a hundredth of the ridge', () => {
    // Two features that are the same but for 1e-4, of the size that the forecaster's are: singular but for rounding.
    const [gram, moment] = [new Float32Array(3), new Float32Array(2)];
    const exact = new Float64Array(3);
    const phi = new Float64Array(2);
    for (let row = 0; row < 1_000_000; row++) {
      const value = 2 * Math.sin(row * 0.2618);
      phi[0] = value;
      phi[1] = value + 1e-4 * ((row % 7) - 3);
      rlsAccumulate(gram, moment, phi, Float64Array.of(value), 0.9999);
      for (let i = 0, g = 0; i < 2; i++)
        for (let k = 0; k <= i; k++, g++) exact[g] = 0.9999 * exact[g]! + phi[i]! * phi[k]!;
    }
    expect(Math.abs(gram[2]! - (gram[1]! * gram[1]!) / gram[0]!)).toBeLessThan(3); // the least ridge is 300
    gram.forEach((value, g) => {
      expect(Math.abs(value / exact[g]! - 1)).toBeLessThan(1e-4);
    });
  });
});

describe('packed weights', () => {
  it('are within half of what one is worth, and 0 where all are', () => {
    const random = uniform(5);
    const [features, targets] = [9, 4];
    const size = [1e-30, 1, 1e20, 0];
    const weights = Float32Array.from({ length: features * targets }, (_, i) => size[i % targets]! * random());
    const packed = { values: new Int16Array(weights.length), scales: new Float32Array(targets) };
    rlsPack(weights, packed);
    weights.forEach((weight, i) => {
      const scale = packed.scales[i % targets]!;
      expect(Math.abs(packed.values[i]! * scale - weight)).toBeLessThanOrEqual(0.501 * scale);
    });
    expect(Math.max(...packed.values)).toBeLessThanOrEqual(32_767);
    expect(packed.scales[3]).toBe(0);
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
