// A mixture of attention heads on the WebAssembly kernels against the plain cell, in a shape that the samples of the laws do
// not have. The laws themselves: test/laws/lowered.test.ts.

import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import type { Tensor } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { closeTo, noiseRows, started, stepRows } from '../laws.ts';
import { lowerCell } from '../lower-cell.ts';
import { moaCell } from './cell.ts';
import type { MoaConfig } from './params.ts';

const config: MoaConfig = { dModel: 13, kvHeads: 3, headDim: 6, experts: 5, chosen: 2, window: 21, theta: 10_000 };

function cellOf(changes: Partial<MoaConfig> = {}): Cell {
  const { dModel, kvHeads, headDim, experts } = config;
  const width = kvHeads * headDim;
  const put = (seed: number, ...shape: number[]): Tensor => ({
    shape,
    data: noiseRows(
      seed,
      1,
      shape.reduce((product, size) => product * size, 1),
    ),
  });
  const weights = new Map([
    ['experts.router.layer.weight', put(1, experts, dModel)],
    ['experts.input_linear.weight', put(2, experts, width, dModel)],
    ['experts.output_linear.weight', put(3, experts, dModel, width)],
    ['kv_proj.weight', put(4, 2 * width, dModel)],
    ['experts.bias', put(5, dModel)],
  ]);
  return moaCell(weights, '', { ...config, ...changes }) as Cell;
}

describe.each(await availableSimd())('a mixture of attention heads on $numerics kernels', (simd) => {
  it('is within 1e-5 of the plain cell, a gap included', () => {
    const plain = cellOf();
    const lowered = lowerCell(plain, simd);
    const x = noiseRows(6, 100, config.dModel);
    const [y, z] = [new Float32Array(x.length), new Float32Array(x.length)];
    const [a, b] = [started(plain), started(lowered)];
    for (const [cell, state, out] of [[plain, a, y] as const, [lowered, b, z] as const]) {
      stepRows(cell, state, x, out, 0, 30);
      cell.skip!(state, 9);
      stepRows(cell, state, x, out, 30, 100);
    }
    expect(closeTo(z, y, 1e-5)).toBe(true);
    for (const slot of ['k', 'v'] as const) expect(closeTo(b.at[slot]!, a.at[slot]!, 1e-5)).toBe(true);
    for (const slot of ['rows', 'position'] as const) expect(b.at[slot]).toEqual(a.at[slot]);
  });

  it('when told to, refuses the row beyond its window, and is left as it was', () => {
    const lowered = lowerCell(cellOf({ window: 9, whenFull: 'refuse' }), simd);
    const state = started(lowered);
    const x = noiseRows(7, 10, config.dModel);
    const y = new Float32Array(x.length);
    lowered.scan!(state, x.subarray(0, 9 * config.dModel), y, 9);
    const before = state.bytes.slice();
    expect(() => lowered.step(state, x, y)).toThrow(expect.objectContaining({ code: 'ERR_CONTEXT_FULL' }));
    expect(state.bytes).toEqual(before);
  });
});
