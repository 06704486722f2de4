// Sparse attention on the WebAssembly kernels against the plain cell, for shapes that the samples of the laws do not have. The
// laws themselves: test/laws/lowered.test.ts.

import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import type { Tensor } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { closeTo, noiseRows, started, stepRows } from '../laws.ts';
import { lowerCell } from '../lower-cell.ts';
import { sparseAttentionCell } from './cell.ts';
import type { SparseAttentionConfig } from './params.ts';

const CONFIGS: readonly SparseAttentionConfig[] = [
  { dModel: 12, heads: 4, kvHeads: 2, headDim: 12, theta: 10_000, pattern: 'strided', stride: 8, rowsMax: 64 },
  { dModel: 12, heads: 2, kvHeads: 1, headDim: 5, pattern: 'fixed', stride: 7, summaries: 3, rowsMax: 50 },
  { dModel: 12, heads: 3, kvHeads: 3, headDim: 6, theta: 500, pattern: 'fixed', stride: 1, rowsMax: 40 },
];
const named = CONFIGS.map((config) => [`${config.pattern}, heads of ${config.headDim}`, config] as const);

function cellOf(config: SparseAttentionConfig): Cell {
  const { dModel, heads, kvHeads, headDim } = config;
  const put = (seed: number, m: number, k: number): Tensor => ({
    shape: [m, k],
    data: noiseRows(seed, m, k).map((value) => value / 2),
  });
  const weights = new Map([
    ['q_proj.weight', put(1, heads * headDim, dModel)],
    ['k_proj.weight', put(2, kvHeads * headDim, dModel)],
    ['v_proj.weight', put(3, kvHeads * headDim, dModel)],
    ['o_proj.weight', put(4, dModel, heads * headDim)],
  ]);
  return sparseAttentionCell(weights, '', config) as Cell;
}

describe.each(await availableSimd())('sparse attention on $numerics kernels', (simd) => {
  it.each(named)('is within 5e-6 of the plain cell, a gap and the declared length included: %s', (_name, config) => {
    const plain = cellOf(config);
    const lowered = lowerCell(plain, simd);
    const x = noiseRows(5, 150, config.dModel);
    const [y, z] = [new Float32Array(x.length), new Float32Array(x.length)];
    const [a, b] = [started(plain), started(lowered)];
    for (const [cell, state, out] of [[plain, a, y] as const, [lowered, b, z] as const]) {
      stepRows(cell, state, x, out, 0, 30);
      cell.skip!(state, 9);
      stepRows(cell, state, x, out, 30, 150);
    }
    expect(closeTo(z, y, 5e-6)).toBe(true);
    for (const slot of ['k', 'v'] as const) expect(closeTo(b.at[slot]!, a.at[slot]!, 5e-6)).toBe(true);
    for (const slot of ['rows', 'position'] as const) expect(b.at[slot]).toEqual(a.at[slot]);
  });

  it('when told to, refuses the row beyond the declared length, and is left as it was', () => {
    const config = { ...CONFIGS[0]!, rowsMax: 9, whenFull: 'refuse' } as const;
    const lowered = lowerCell(cellOf(config), simd);
    const state = started(lowered);
    const x = noiseRows(6, 10, config.dModel);
    const y = new Float32Array(x.length);
    lowered.scan!(state, x.subarray(0, 9 * config.dModel), y, 9);
    const before = state.bytes.slice();
    expect(() => lowered.step(state, x, y)).toThrow(expect.objectContaining({ code: 'ERR_CONTEXT_FULL' }));
    expect(state.bytes).toEqual(before);
  });
});
