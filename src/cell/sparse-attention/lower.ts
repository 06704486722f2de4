// Sparse attention on the WebAssembly kernels: the equations of cell.ts. The projections take all rows of a call at once; then
// each row is turned and kept, and the some 2 sqrt(N) rows that it sees are copied side by side for the kernel of a ring.

import { engineError } from '../../base/errors.ts';
import { kernelMemory } from '../../kernel/wasm/memory.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import { rotaryAngles } from '../../kernel/wasm/rotary-angles.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { type Layout, slotOffsets } from '../state.ts';
import type { SparseAttentionConfig, SparseAttentionParams } from './params.ts';
import type { Pattern } from './pattern.ts';

type Slots = Readonly<Record<'k' | 'v' | 'rows' | 'position', Layout[string]>>;

/** With `whenFull: 'refuse'` a scan that goes beyond `rowsMax` throws ERR_CONTEXT_FULL and does none of its rows. */
export function lowerSparseAttention(
  params: SparseAttentionParams,
  config: SparseAttentionConfig,
  layout: Slots,
  pattern: Pattern,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { dModel, heads, kvHeads, headDim, rowsMax, theta } = config;
  const wide = heads * headDim;
  const narrow = kvHeads * headDim;
  const rowWidth = wide + 2 * narrow;
  const at = slotOffsets(layout);
  const weight = new Float32Array(rowWidth * dModel);
  weight.set(params.q);
  weight.set(params.k, wide * dModel);
  weight.set(params.v, (wide + narrow) * dModel);
  const enter = region.matrix(weight, rowWidth, dModel);
  const leave = region.matrix(params.o, dModel, wide);
  const angles = rotaryAngles(theta ?? 1, theta === undefined ? 0 : headDim);
  const rotation = region.floats(Math.max(1, angles.dims));
  const rotationView = region.view(rotation, angles.dims);
  const projected = region.floats(LOWERED_ROWS_MAX * rowWidth); // rows of [q | k | v]
  const attended = region.floats(LOWERED_ROWS_MAX * wide);
  const [keys, values] = [region.floats(pattern.seenMax * narrow), region.floats(pattern.seenMax * narrow)];
  const scratch = region.floats(2 * (pattern.seenMax + 4));
  const counting = region.floats(2 * pattern.seenMax); // float64 zeros: all that was gathered counts
  const seen = region.floats(pattern.seenMax);
  const seenView = new Uint32Array(kernelMemory().buffer, seen, pattern.seenMax);
  const counters = new Float64Array(kernelMemory().buffer);

  function keep(state: number, slot: number, k: number, row: number): void {
    kernels.copyInto(k, state + at.k + 4 * slot * narrow, narrow);
    kernels.copyInto(k + 4 * narrow, state + at.v + 4 * slot * narrow, narrow);
    counters[(state + at.rows) / 8 + slot] = row;
  }

  function attend(state: number, q: number, row: number, y: number): void {
    const k = q + 4 * wide;
    if (angles.dims > 0) {
      angles.write(row, rotationView);
      kernels.rotateHeads(q, rotation, heads + kvHeads, headDim, angles.dims / 2);
    }
    kernels.hush(q, rowWidth); // nothing subnormal in silence
    keep(state, pattern.home(row), k, row);
    const summary = pattern.summaryHome(row);
    if (summary >= 0) keep(state, summary, k, row);
    const count = pattern.visible(counters, row, seenView, (state + at.rows) / 8);
    kernels.gatherRows(state + at.k, seen, keys, count, narrow);
    kernels.gatherRows(state + at.v, seen, values, count, narrow);
    kernels.attendRow(q, keys, values, counting, 0, 0, count, scratch, y, heads, kvHeads, headDim);
  }

  return {
    scan(state, x, y, rows) {
      const start = counters[(state + at.position) / 8]!;
      if (config.whenFull === 'refuse' && start + rows > rowsMax) throw full(rowsMax);
      kernels.matmul(enter.w, enter.bias, x, projected, rowWidth, dModel, rows);
      for (let t = 0; t < rows; t++) attend(state, projected + 4 * t * rowWidth, start + t, attended + 4 * t * wide);
      counters[(state + at.position) / 8] = start + rows;
      kernels.matmul(leave.w, leave.bias, attended, y, dModel, wide, rows);
    },
  };
}

export function full(rowsMax: number): Error {
  return engineError('ERR_CONTEXT_FULL', 'sparse-attention: the declared length is reached', {
    expected: `a stream of at most ${rowsMax} rows`,
  });
}
