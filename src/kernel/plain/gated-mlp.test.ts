import { expect, it } from 'vitest';
import { silu } from '../../base/math.ts';
import { gatedMlp } from './gated-mlp.ts';
import { geluTanh } from './gelu-tanh.ts';
import { siluInto } from './silu-into.ts';

it('computes down(silu(gate x) * up x)', () => {
  const weights = {
    gate: Float32Array.of(1, 0, 0, 1, 1, 1),
    up: Float32Array.of(2, 0, 0, 3, 1, -1),
    down: Float32Array.of(1, 1, 0, 0, 0, 1),
  };
  const y = new Float32Array(2);
  gatedMlp(weights, Float32Array.of(1, 2), new Float32Array(3), new Float32Array(3), y);
  expect(y[0]).toBeCloseTo(silu(1) * 2 + silu(2) * 6, 5);
  expect(y[1]).toBeCloseTo(-silu(3), 6);
});

it('siluInto works in place and stays finite at the ends', () => {
  const x = Float32Array.of(-3e38, -1, 0, 1, 3e38);
  const y = new Float32Array(5);
  siluInto(x, y);
  expect(y).toEqual(Float32Array.from(x, silu));
  expect(y[0]).toBeCloseTo(0);
  expect(y[4]).toBe(x[4]);
  siluInto(x, x);
  expect(x).toEqual(y);
});

it('adds biases and gates by the tanh form of GELU when told to', () => {
  const weights = {
    gate: Float32Array.of(1, 2),
    up: Float32Array.of(3, -1),
    down: Float32Array.of(2, 1),
    gateBias: Float32Array.of(0.5, -4),
    upBias: Float32Array.of(1, 2),
    downBias: Float32Array.of(10),
    activation: 'gelu_tanh' as const,
  };
  const y = new Float32Array(1);
  gatedMlp(weights, Float32Array.of(1), new Float32Array(2), new Float32Array(2), y);
  expect(y[0]).toBeCloseTo(10 + 2 * geluTanh(1.5) * 4 + geluTanh(-2) * 1, 5);
});

it('geluTanh lies within 5e-4 of the exact x Phi(x) and keeps its ends', () => {
  const exact = [-0.0454, -0.15866, 0, 0.84134, 1.9545]; // x Phi(x) at -2, -1, 0, 1, 2
  for (const [i, value] of exact.entries()) expect(Math.abs(geluTanh(i - 2) - value)).toBeLessThan(5e-4);
  expect(geluTanh(1)).toBeCloseTo(0.8411919906082768, 14);
  expect(geluTanh(40)).toBe(40);
  expect(Math.abs(geluTanh(-40))).toBe(0);
});
