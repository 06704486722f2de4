import { expect, it } from 'vitest';
import { silu } from '../../base/math.ts';
import { gatedMlp } from './gated-mlp.ts';
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
