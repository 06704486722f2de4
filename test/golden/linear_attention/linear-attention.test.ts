// Bare linear attention (elu + 1, normalised) against a float64 reference: q, k and v given.

import { expect, it } from 'vitest';
import { naiveMix } from '../../../src/cell/linear-attention/index.ts';
import { linearAttentionChunk } from '../../../src/kernel/plain/linear-attention-chunk.ts';
import { eluPlusOne, linearAttentionStep } from '../../../src/kernel/plain/linear-attention-step.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const [ROWS, EPS] = [32, 1e-6];
const sizes = { heads: 1, headKDim: 5, headVDim: 4 };
const golden = readGolden('linear_attention');
const phi = (name: string) => golden(name).map(eluPlusOne);
const [q, k, v] = [phi('in.q'), phi('in.k'), Float32Array.from(golden('in.v'))];
const fresh = () => ({ S: new Float64Array(20), z: new Float64Array(5), y: new Float32Array(ROWS * 4) });

function stepped() {
  const { S, z, y } = fresh();
  for (let t = 0; t < ROWS; t++) {
    const [key, value] = [[t * 5, (t + 1) * 5] as const, [t * 4, (t + 1) * 4] as const];
    linearAttentionStep(S, z, q.subarray(...key), k.subarray(...key), v.subarray(...value), y.subarray(...value), EPS, sizes);
  }
  return { S, z, y };
}

it('linearAttentionStep gives the reference outputs', () => {
  expectParity(stepped().y, golden('out.y'));
});

it.each([1, 4, 7, 16, 32])('chunks of %i rows give them too, and the state of steps', (chunk) => {
  const { S, z, y } = fresh();
  const scores = new Float64Array(chunk);
  for (let from = 0; from < ROWS; from += chunk) {
    linearAttentionChunk(S, z, q, k, v, y, scores, from, Math.min(ROWS, from + chunk), EPS, sizes);
  }
  expectParity(y, golden('out.y'));
  expect(relativeError(S, stepped().S)).toBeLessThan(1e-14);
  expect(relativeError(z, stepped().z)).toBeLessThan(1e-14);
});

it('the slow twin gives them within 1e-11', () => {
  const rows = (name: string, width: number) =>
    Array.from({ length: ROWS }, (_, t) => Array.from(golden(name).subarray(t * width, (t + 1) * width)));
  const y = naiveMix(rows('in.q', 5), rows('in.k', 5), rows('in.v', 4), EPS);
  expect(relativeError(y.flat(), golden('out.y'))).toBeLessThan(1e-11);
});
