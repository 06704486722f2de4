// The strided and the fixed pattern against a float64 reference of bare masked attention: blocks of 6, one summary each. A
// row is [q | k | v], and each projection picks its third.

import { describe, expect, it } from 'vitest';
import { naiveSparseAttention, sparseAttentionCell } from '../../../src/cell/sparse-attention/index.ts';
import { expectParity, readGolden, relativeError, scanStreams } from '../../helpers/golden.ts';

const [ROWS, D] = [32, 8];
const golden = readGolden('attention');
const pick = (m: number, k: number, first: number) => ({
  shape: [m, k],
  data: Float32Array.from({ length: m * k }, (_, i) => (i % k === Math.floor(i / k) + first ? 1 : 0)),
});
const weights = new Map([
  ['q_proj.weight', pick(D, 3 * D, 0)],
  ['k_proj.weight', pick(D, 3 * D, D)],
  ['v_proj.weight', pick(D, 3 * D, 2 * D)],
  ['o_proj.weight', pick(3 * D, D, 0)],
]);
const inputs = ['in.q', 'in.k', 'in.v'].map(golden);
const x = Float64Array.from({ length: ROWS * 3 * D }, (_, i) => {
  const [row, column] = [Math.floor(i / (3 * D)), i % (3 * D)];
  return inputs[Math.floor(column / D)]![row * D + (column % D)]!;
});
const first = (y: ArrayLike<number>) => Array.from(y).filter((_, i) => i % (3 * D) < D);

describe.each(['strided', 'fixed'] as const)('the %s pattern', (pattern) => {
  const config = { dModel: 3 * D, heads: 1, kvHeads: 1, headDim: D, pattern, stride: 6, rowsMax: ROWS };
  const expected = golden(`out.${pattern}6`);

  it('gives the same rows', () => {
    const y = scanStreams(sparseAttentionCell(weights, '', config), x, ROWS);
    expectParity(first(y), expected);
  });

  it('in the slow twin gives them to 1e-11', () => {
    expect(relativeError(first(naiveSparseAttention(weights, '', config, x, ROWS)), expected)).toBeLessThanOrEqual(1e-11);
  });
});
