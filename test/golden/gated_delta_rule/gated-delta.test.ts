// The bare gated delta rule against a float64 reference: q, k (unit vectors), v, log decay and beta given.

import { expect, it } from 'vitest';
import { naiveRead } from '../../../src/cell/gated-delta/index.ts';
import { gatedDeltaChunk } from '../../../src/kernel/plain/gated-delta-chunk.ts';
import { gatedDeltaStep } from '../../../src/kernel/plain/gated-delta-step.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const [ROWS, K, V] = [32, 5, 4];
const sizes = { keyHeads: 1, valueHeads: 1, headKDim: K, headVDim: V };
const golden = readGolden('gated_delta_rule');
/** The reference keeps [headKDim, headVDim]; the cell keeps values along rows. */
const transposed = (S: Float32Array) => Array.from({ length: K * V }, (_, n) => S[(n % V) * K + Math.floor(n / V)]!);

it('gatedDeltaStep gives the reference outputs and state', () => {
  const [S, y] = [new Float32Array(K * V), new Float32Array(ROWS * V)];
  for (let t = 0; t < ROWS; t++) {
    const row = (name: string, width: number) => golden(name).subarray(t * width, (t + 1) * width);
    const v = Float32Array.from(row('in.v', V));
    const out = y.subarray(t * V, (t + 1) * V);
    gatedDeltaStep(S, row('in.q', K), row('in.k', K), v, row('in.g', 1), row('in.beta', 1), out, 1, sizes);
  }
  expectParity(y, golden('out.y'));
  expectParity(transposed(S), golden('out.state'));
});

it.each([1, 5, 8, 32])('gatedDeltaChunk gives them too, in chunks of %i rows', (chunk) => {
  const [S, y] = [new Float32Array(K * V), new Float32Array(ROWS * V)];
  const rows = {
    q: golden('in.q'),
    k: golden('in.k'),
    v: golden('in.v'),
    g: golden('in.g'),
    beta: golden('in.beta'),
  };
  const [c, weights] = [new Float64Array(chunk), new Float64Array(chunk)];
  for (let from = 0; from < ROWS; from += chunk) {
    gatedDeltaChunk(S, rows, y, c, weights, from, Math.min(ROWS, from + chunk), 0, sizes);
  }
  expectParity(y, golden('out.y'));
  expectParity(transposed(S), golden('out.state'));
});

it('the slow twin gives the outputs, and the state read out channel by channel, within 1e-11', () => {
  const rows = (name: string, width: number) =>
    Array.from({ length: ROWS }, (_, t) => Array.from(golden(name).subarray(t * width, (t + 1) * width)));
  const [q, k, v] = [rows('in.q', K), rows('in.k', K), rows('in.v', V)];
  const [g, beta] = [Array.from(golden('in.g')), Array.from(golden('in.beta'))];
  const y = q.flatMap((query, t) => naiveRead(query, t, k, v, g, beta));
  expect(relativeError(y, golden('out.y'))).toBeLessThan(1e-11);
  const state = Array.from({ length: K }, (_, channel) => {
    const probe = Array.from({ length: K }, (_, i) => (i === channel ? Math.sqrt(K) : 0));
    return naiveRead(probe, ROWS - 1, k, v, g, beta);
  });
  expect(relativeError(state.flat(), golden('out.state'))).toBeLessThan(1e-11);
});
