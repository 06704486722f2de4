import { describe, expect, it } from 'vitest';
import { cos, exp, expm1, log, log1p, sigmoid, silu, sin, softplus, tanh } from './math.ts';

// A fixed sweep, dense near 0 and wide at the ends.
const sweep = (low: number, high: number, count = 20_000) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
const worst = (ours: (x: number) => number, theirs: (x: number) => number, xs: number[]) =>
  xs.reduce((max, x) => {
    const want = theirs(x);
    return Math.max(max, Math.abs(ours(x) - want) / Math.max(Math.abs(want), 1e-300));
  }, 0);

describe('portable elementary functions stay within a few ulp of the platform ones', () => {
  it('exp over its whole finite range', () => {
    expect(worst(exp, Math.exp, sweep(-700, 700))).toBeLessThan(6e-16);
    expect(worst(exp, Math.exp, sweep(-1, 1))).toBeLessThan(6e-16);
  });
  it('exp at its edges', () => {
    expect(exp(0)).toBe(1);
    expect(exp(710)).toBe(Infinity);
    expect(exp(-746)).toBe(0);
    expect(exp(Number.NaN)).toBeNaN();
    expect(exp(-740)).toBeGreaterThan(0);
    expect(exp(709.7)).toBeLessThan(Infinity);
  });
  it('expm1 and log1p without cancellation near zero', () => {
    expect(worst(expm1, Math.expm1, sweep(-2, 2))).toBeLessThan(2e-15);
    expect(worst(log1p, Math.log1p, sweep(-0.9, 4))).toBeLessThan(2e-15);
    expect(expm1(1e-12)).toBeCloseTo(1e-12, 22);
    expect(log1p(1e-18)).toBe(1e-18);
  });
  it('log from subnormals to huge values', () => {
    expect(worst(log, Math.log, [5e-324, 1e-310, 1e-300, 1e-8, 0.5, 0.99, 1.01, 2, 10, 1e300])).toBeLessThan(2e-15);
    expect(log(0)).toBe(-Infinity);
    expect(log(-1)).toBeNaN();
    expect(log(1)).toBe(0);
  });
  it('sin and cos up to large angles (absolute error)', () => {
    for (const x of [...sweep(-20, 20), 1e3, 1e5 + 0.1, 1.5e6]) {
      expect(Math.abs(sin(x) - Math.sin(x))).toBeLessThan(1e-15);
      expect(Math.abs(cos(x) - Math.cos(x))).toBeLessThan(1e-15);
    }
  });
  it('tanh, sigmoid, silu and softplus including their guards', () => {
    expect(worst(tanh, Math.tanh, sweep(-25, 25))).toBeLessThan(2e-15);
    expect(sigmoid(-800)).toBe(0);
    expect(sigmoid(800)).toBe(1);
    expect(silu(0)).toBe(0);
    expect(softplus(1000)).toBe(1000);
    expect(softplus(-800)).toBe(0);
    expect(softplus(0)).toBeCloseTo(Math.LN2, 15);
  });
});
