import { expect, it } from 'vitest';
import { dequantiseInt8, quantiseInt8 } from './quantise-int8.ts';

function roundTrip(x: number[]): { q: number[]; scale: number; y: Float32Array } {
  const words = new Uint32Array(x.length / 4);
  const scale = quantiseInt8(Float32Array.from(x), 0, x.length, words, 0);
  const y = new Float32Array(x.length);
  dequantiseInt8(words, 0, x.length, scale, y, 0);
  return { q: [...new Int8Array(words.buffer)], scale, y };
}

it('packs four values in a word, the first in the low byte', () => {
  const { q } = roundTrip([127, -127, 1, -1, 0, 64, -3, 2]);
  expect(q).toEqual([127, -127, 1, -1, 0, 64, -3, 2]);
});

it('is at most half a step away, with 127 steps to the largest', () => {
  const x = Array.from({ length: 64 }, (_, i) => Math.sin(i * i) * 3.7);
  const { scale, y } = roundTrip(x);
  expect(scale).toBeCloseTo(Math.max(...x.map(Math.abs)) / 127, 7);
  for (const [i, value] of x.entries()) expect(Math.abs(y[i]! - value)).toBeLessThanOrEqual((scale / 2) * 1.00001);
});

it('rounds halves to even, on both sides of zero', () => {
  expect(roundTrip([127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, -126.5]).q).toEqual([127, 0, 2, 2, 0, -2, -2, -126]);
});

it('gives a silent vector the scale 1, also one whose step would underflow', () => {
  expect(roundTrip([0, 0, 0, 0])).toMatchObject({ q: [0, 0, 0, 0], scale: 1 });
  expect(roundTrip([1e-45, 0, 0, 0])).toMatchObject({ q: [0, 0, 0, 0], scale: 1 });
});

it('reads and writes where it is told', () => {
  const words = new Uint32Array(3);
  const scale = quantiseInt8(Float32Array.of(9, 9, 127, 5, -6, 7), 2, 4, words, 1);
  expect([words[0], words[2]]).toEqual([0, 0]);
  const y = new Float32Array(6);
  dequantiseInt8(words, 1, 4, scale, y, 1);
  expect([...y]).toEqual([0, 127, 5, -6, 7, 0]);
});
