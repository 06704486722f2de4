// The bare recurrence of gated linear attention against a float64 reference: q, k, v and log decays given.

import { expect, it } from 'vitest';
import { naiveGlaMix } from '../../../src/cell/gla/index.ts';
import { glaChunks } from '../../../src/kernel/plain/gla-chunks.ts';
import { glaStep } from '../../../src/kernel/plain/gla-step.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const [ROWS, K, V] = [32, 5, 4];
const sizes = { heads: 1, headKDim: K, headVDim: V };
const golden = readGolden('gla');
/** The reference keeps [headKDim, headVDim]; the cell keeps values along rows. */
const transposed = (S: Float32Array) => Array.from({ length: K * V }, (_, n) => S[(n % V) * K + Math.floor(n / V)]!);

it('glaStep gives the reference outputs and state', () => {
  const [S, y] = [new Float32Array(K * V), new Float32Array(ROWS * V)];
  for (let t = 0; t < ROWS; t++) {
    const row = (name: string, width: number) => golden(name).subarray(t * width, (t + 1) * width);
    const [q, k, v] = [row('in.q', K), row('in.k', K), row('in.v', V)].map((a) => Float32Array.from(a));
    glaStep(S, q!, k!, v!, row('in.gk', K), y.subarray(t * V, (t + 1) * V), 1, sizes);
  }
  expectParity(y, golden('out.y'));
  expectParity(transposed(S), golden('out.state'));
});

it.each([1, 4, 7, 16, 32])('glaChunks gives them too, in calls of %i rows', (rows) => {
  const [S, y] = [new Float32Array(K * V), new Float32Array(ROWS * V)];
  for (let from = 0; from < ROWS; from += rows) {
    const to = Math.min(ROWS, from + rows);
    const part = (name: string, width: number) => golden(name).slice(from * width, to * width);
    const v = Float32Array.from(part('in.v', V));
    glaChunks(S, part('in.q', K), part('in.k', K), v, part('in.gk', K), y.subarray(from * V), to - from, sizes);
  }
  expectParity(y, golden('out.y'));
  expectParity(transposed(S), golden('out.state'));
});

it('the slow twin gives the outputs, and the state read out channel by channel, within 1e-11', () => {
  const rows = (name: string, width: number) =>
    Array.from({ length: ROWS }, (_, t) => Array.from(golden(name).subarray(t * width, (t + 1) * width)));
  const [q, k, v, g] = [rows('in.q', K), rows('in.k', K), rows('in.v', V), rows('in.gk', K)];
  expect(relativeError(naiveGlaMix(q, k, v, g).flat(), golden('out.y'))).toBeLessThan(1e-11);
  const state = Array.from({ length: K }, (_, channel) => {
    const probe = Array.from({ length: K }, (_, i) => (i === channel ? Math.sqrt(K) : 0));
    return naiveGlaMix([...q.slice(1), probe], k, v, g).at(-1)!;
  });
  expect(relativeError(state.flat(), golden('out.state'))).toBeLessThan(1e-11);
});
