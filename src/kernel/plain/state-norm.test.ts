import { expect, it } from 'vitest';
import { foldStateNorm, stateNorm } from './state-norm.ts';

const C = Float32Array.of(0.3, -1.25, 2, 0.7, 0.125, -3);
const a = Float32Array.of(0.95, -0.5, 0.999);
const b = Float32Array.of(1, 0.3, -0.2);
const ones = Float32Array.of(1, 1, 1);
const input = (t: number) => Math.sin(0.3 * t) + (t % 5) / 5;

/** h = gain * (a h + b u) over `rows` rows; the read-out of each row. */
function run(rows: number, gain: Float32Array, readOut: (h: Float32Array, y: Float32Array) => void): number[] {
  const h = new Float32Array(3);
  const y = new Float32Array(2);
  return Array.from({ length: rows }, (_, t) => {
    for (let n = 0; n < 3; n++) h[n] = gain[n]! * (a[n]! * h[n]! + b[n]! * input(t));
    readOut(h, y);
    return [...y];
  }).flat();
}

it('is the read-out with C diag(gamma): to the bit for powers of two, to a rounding of f32 otherwise', () => {
  const agreement = (gamma: Float32Array): number => {
    const folded = new Float32Array(6);
    foldStateNorm(C, gamma, folded);
    const gained = run(200, ones, (h, y) => stateNorm(C, gamma, h, y));
    const moved = run(200, ones, (h, y) => stateNorm(folded, ones, h, y));
    expect(Math.max(...gained.map(Math.abs))).toBeGreaterThan(1);
    return Math.max(...gained.map((value, i) => Math.abs(value - moved[i]!))) / Math.max(...gained.map(Math.abs));
  };
  expect(agreement(Float32Array.of(2, 0.25, -8))).toBe(0);
  expect(agreement(Float32Array.of(1.7, 0.3, -2.1))).toBeLessThan(2e-7);
});

it('may fold in place, and gamma = 1 changes nothing', () => {
  const folded = C.slice();
  foldStateNorm(folded, ones, folded);
  expect(folded).toEqual(C);
});

it('inside the recurrence is another function, a decay of gamma a: stable while |gamma a| < 1, and not beyond', () => {
  const plain = (h: Float32Array, y: Float32Array) => stateNorm(C, ones, h, y);
  const rows = 20_000;
  const peak = (gain: Float32Array) => Math.max(...run(rows, gain, plain).slice(-100).map(Math.abs));
  const stable = Float32Array.of(1.05, 1.9, 1.0005); // 0.9975, 0.95, 0.9995
  const unstable = Float32Array.of(1.06, 1.9, 1.0005); // 1.007
  expect(peak(stable)).toBeLessThan(1e4);
  expect(peak(unstable)).toBe(Infinity);
  const gamma = Float32Array.of(1.05, 1, 1);
  const inside = run(200, gamma, plain);
  const outside = run(200, ones, (h, y) => stateNorm(C, gamma, h, y));
  expect(Math.abs(inside.at(-2)! - outside.at(-2)!)).toBeGreaterThan(0.5);
});
