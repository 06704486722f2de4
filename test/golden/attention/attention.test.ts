// Bare softmax attention against a float64 reference, causal and over a window of 8 rows, through a ring.

import { it } from 'vitest';
import { attendRing } from '../../../src/kernel/plain/attention-ring.ts';
import { expectParity, readGolden } from '../../helpers/golden.ts';

it.each([
  ['out.causal', 32],
  ['out.causal', 50],
  ['out.window8', 8],
])('attendRing gives %s with a ring of %i slots', (name, window) => {
  const golden = readGolden('attention');
  const [rows, headDim] = [32, 8];
  const [q, k, v] = ['in.q', 'in.k', 'in.v'].map((input) => Float32Array.from(golden(input)));
  const [ringK, ringV] = [new Float32Array(window * headDim), new Float32Array(window * headDim)];
  const held = new Float64Array(window).fill(-1);
  const y = new Float32Array(rows * headDim);
  for (let t = 0; t < rows; t++) {
    const [from, to, slot] = [t * headDim, (t + 1) * headDim, t % window];
    ringK.set(k!.subarray(from, to), slot * headDim);
    ringV.set(v!.subarray(from, to), slot * headDim);
    held[slot] = t;
    const sizes = { heads: 1, kvHeads: 1, headDim };
    attendRing(q!.subarray(from, to), ringK, ringV, held, t, new Float64Array(window), y.subarray(from, to), sizes);
  }
  expectParity(y, golden(name));
});
