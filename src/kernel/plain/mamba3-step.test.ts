import { describe, expect, it } from 'vitest';
import { mamba3Rotate, mamba3Turn } from './mamba3-rotate.ts';
import { mamba3Settle, mamba3Step } from './mamba3-step.ts';
import { ssdStep } from './ssd-step.ts';

const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + 1.7 * i));
const sizes = { heads: 2, headDim: 3, dState: 4 };
const [inner, keys, states] = [6, 8, 24];
const fresh = () => ({ h: values(states, 1), k: values(keys, 2), v: values(inner, 3) });

describe('mamba3Step', () => {
  it('with lam = 1 is the step of Mamba-2, to the bit', () => {
    const [k, q, v, D] = [values(keys, 4), values(keys, 5), values(inner, 6), values(2, 7)];
    const dt = Float64Array.of(0.3, 1.2);
    const state = fresh();
    const [h, y, expected] = [state.h.slice(), new Float32Array(inner), new Float32Array(inner)];
    ssdStep(h, dt, Float64Array.of(0, 0), v, k, q, D, expected, { ...sizes, groups: 2 });
    mamba3Step(state, Float64Array.of(1, 1), dt, new Float64Array(2), k, q, v, D, y, sizes);
    expect(y).toEqual(expected);
    expect(state).toEqual({ h, k, v });
  });

  it('reads the row before by the trapezoid rule: with lam = 1/2 a constant counts half at both ends', () => {
    const one = { heads: 1, headDim: 1, dState: 1 };
    const state = { h: new Float32Array(1), k: new Float32Array(1), v: new Float32Array(1) };
    const [ones, half, y] = [Float32Array.of(1), Float64Array.of(0.5), new Float32Array(1)];
    const seen: number[] = [];
    for (let t = 0; t < 4; t++) {
      mamba3Step(state, Float64Array.of(1), half, half, ones, ones, ones, Float32Array.of(0), y, one);
      seen.push(y[0]!);
    }
    expect(seen).toEqual([0.5, 1.5, 2.5, 3.5]);
  });

  it('settles what the kept row owes, so that a step without it gives the same', () => {
    const [k, q, v, D] = [values(keys, 4), values(keys, 5), values(inner, 6), values(2, 7)];
    const [decay, now, before] = [Float64Array.of(0.5, 0.9), Float64Array.of(0.1, 0.2), Float64Array.of(0.4, 0.3)];
    const [state, other] = [fresh(), fresh()];
    const [y, expected] = [new Float32Array(inner), new Float32Array(inner)];
    mamba3Step(other, decay, now, before, k, q, v, D, expected, sizes);
    mamba3Settle(state, before, sizes);
    mamba3Step(state, decay, now, new Float64Array(2), k, q, v, D, y, sizes);
    for (const [i, value] of other.h.entries()) expect(state.h[i]).toBeCloseTo(value, 6);
    for (const [i, value] of expected.entries()) expect(y[i]).toBeCloseTo(value, 6);
  });
});

describe('the rotation', () => {
  it('turns pairs of neighbours and leaves the rest', () => {
    const y = new Float32Array(8);
    const x = Float32Array.of(1, 0, 5, 6);
    const bias = Float32Array.of(0, 0, 1, 1, 0, 1, 0, 0);
    mamba3Rotate(x, bias, Float64Array.of(Math.PI / 2, Math.PI), y, 2, 1, 4);
    const expected = [0, 1, 6, 7, -1, -1, 5, 6];
    for (const [i, value] of expected.entries()) expect(y[i]).toBeCloseTo(value, 6);
  });

  it('makes q . k depend on the difference of angles only', () => {
    const dot = (a: number, b: number): number => {
      const [q, k] = [new Float32Array(4), new Float32Array(4)];
      mamba3Rotate(values(4, 1), values(4, 2), Float64Array.of(a, 2 * a), q, 1, 1, 4);
      mamba3Rotate(values(4, 3), values(4, 4), Float64Array.of(b, 2 * b), k, 1, 1, 4);
      return q.reduce((sum, value, i) => sum + value * k[i]!, 0);
    };
    expect(dot(2.5, 1.2)).toBeCloseTo(dot(1.3, 0), 5);
    expect(Math.abs(dot(2.5, 1.2) - dot(2.5, 0))).toBeGreaterThan(0.1);
  });

  it('gathers angles within one turn and does not drift over a million rows', () => {
    const angle = Float64Array.of(0, 0);
    const [speed, dt] = [Float64Array.of(-0.7), Float64Array.of(0.1, 2)];
    for (let t = 0; t < 1_000_000; t++) mamba3Turn(angle, speed, dt);
    for (const [head, gathered] of [-70_000, -1_400_000].entries()) {
      const expected = gathered - 2 * Math.PI * Math.floor(gathered / (2 * Math.PI));
      expect(Math.abs(angle[head]! - expected)).toBeLessThan(1e-8); // a float32 angle is off by 5e-2
    }
  });
});
