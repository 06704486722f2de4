// Attention on the WebAssembly kernels: the equations of cell.ts. The projections take all rows of a call at once, q, k, v and
// the gate as one matrix; then each row is turned, kept in the ring and attends. Positions stay float64, in the state.

import { engineError } from '../../base/errors.ts';
import { kernelMemory } from '../../kernel/wasm/memory.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import { rotaryAngles } from '../../kernel/wasm/rotary-angles.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { type Layout, slotOffsets } from '../state.ts';
import type { Counters } from './cache.ts';
import { type AttentionConfig, type AttentionParams, rotaryDim } from './params.ts';

/**
 * @param layout the one of the cell's cache (cache.ts)
 * With `whenFull: 'refuse'` a scan that goes beyond the window throws ERR_CONTEXT_FULL and does none of its rows.
 */
export function lowerAttention(
  params: AttentionParams,
  config: AttentionConfig,
  layout: Layout & Counters,
  simd: Simd,
  region: Region,
): Lowered {
  const { kernels } = simd;
  const { dModel, heads, kvHeads, headDim, window } = config;
  const { wide, narrow, gateWidth, rowWidth, weight, bias } = oneProjection(params, config);
  const enter = region.matrix(weight, rowWidth, dModel, bias);
  const leave = region.matrix(params.o, dModel, wide, params.bias.o);
  const norms = keepNorms(params, config, region);
  const angles = rotaryAngles(config.theta, rotaryDim(config));
  const pairs = angles.dims / 2;
  const rotation = region.floats(Math.max(1, angles.dims));
  const rotationView = region.view(rotation, angles.dims);
  const projected = region.floats(LOWERED_ROWS_MAX * rowWidth); // rows of [q | k | v | gate]
  const attended = region.floats(LOWERED_ROWS_MAX * wide);
  const { rows: rowsAt, position: positionAt } = slotOffsets<Counters>(layout);
  const counters = new Float64Array(kernelMemory().buffer);
  const attend = (config.cache === 'int8' ? int8Ring : floatRing)(config, layout, simd, region);

  function enterRow(q: number, position: number): void {
    const k = q + 4 * wide;
    if (norms) {
      kernels.rmsNorm(q, norms.q, q, headDim, norms.eps, heads);
      kernels.rmsNorm(k, norms.k, k, headDim, norms.eps, kvHeads);
    }
    if (pairs > 0) {
      angles.write(position, rotationView);
      kernels.rotateHeads(q, rotation, heads + kvHeads, headDim, pairs);
    }
    // Nothing subnormal in silence. In int8 a key keeps its size: its scale says how quiet it is, and one row of them is cheap.
    kernels.hush(q, config.cache === 'int8' ? wide : wide + 2 * narrow);
  }

  return {
    scan(state, x, y, rows) {
      const start = counters[(state + positionAt) / 8]!;
      if (config.whenFull === 'refuse' && start + rows > window) throw full(window);
      kernels.matmul(enter.w, enter.bias, x, projected, rowWidth, dModel, rows);
      for (let t = 0; t < rows; t++) {
        const position = start + t;
        const slot = position % window;
        const q = projected + 4 * t * rowWidth;
        const out = attended + 4 * t * wide;
        enterRow(q, position);
        attend(state, q, q + 4 * wide, q + 4 * (wide + narrow), position, slot, out);
        counters[(state + rowsAt) / 8 + slot] = position;
        if (gateWidth > 0) {
          const gate = q + 4 * (wide + 2 * narrow);
          kernels.sigmoidInto(gate, gate, wide);
          kernels.multiplyInto(out, gate, wide);
        }
      }
      counters[(state + positionAt) / 8] = start + rows;
      kernels.matmul(leave.w, leave.bias, attended, y, dModel, wide, rows);
    },
  };
}

/** Attends from q, k, v of a row, at addresses, over the ring in `state`, and keeps the row in `slot`, all but its number. */
type Attend = (state: number, q: number, k: number, v: number, position: number, slot: number, y: number) => void;

function floatRing(config: AttentionConfig, layout: Layout & Counters, { kernels }: Simd, region: Region): Attend {
  const { heads, kvHeads, headDim, window } = config;
  const at = slotOffsets(layout as Layout & Counters & { k: Layout[string]; v: Layout[string] });
  const narrow = kvHeads * headDim;
  const scratch = region.floats(2 * (window + 4));
  const counters = new Float64Array(kernelMemory().buffer);
  return (state, q, k, v, position, slot, y) => {
    kernels.copyInto(k, state + at.k + 4 * slot * narrow, narrow);
    kernels.copyInto(v, state + at.v + 4 * slot * narrow, narrow);
    counters[(state + at.rows) / 8 + slot] = position;
    const low = Math.max(0, position - window + 1);
    const used = Math.min(window, position + 1);
    // biome-ignore format: the kernel's arguments by kind
    kernels.attendRow(q, state + at.k, state + at.v, state + at.rows, low, position, used, scratch, y, heads, kvHeads, headDim);
  };
}

function int8Ring(config: AttentionConfig, layout: Layout & Counters, { kernels }: Simd, region: Region): Attend {
  const { heads, kvHeads, headDim, window } = config;
  type Slots = Counters & Record<'k' | 'v' | 'kScale' | 'vScale', Layout[string]>;
  const at = slotOffsets(layout as Layout & Slots);
  const narrow = kvHeads * headDim;
  const scratch = region.floats(2 * (window + 4));
  return (state, q, k, v, position, slot, y) => {
    const ringK = state + at.k;
    const ringV = state + at.v;
    const kScale = state + at.kScale;
    const vScale = state + at.vScale;
    const low = Math.max(0, position - window + 1);
    const used = Math.min(window, position);
    // biome-ignore format: the kernel's arguments by kind
    kernels.attendRowInt8(q, k, v, ringK, ringV, kScale, vScale, state + at.rows, low, position - 1, used, scratch, y, heads, kvHeads, headDim);
    kernels.quantiseHeads(k, ringK + slot * narrow, kScale + 4 * slot * kvHeads, kvHeads, headDim);
    kernels.quantiseHeads(v, ringV + slot * narrow, vScale + 4 * slot * kvHeads, kvHeads, headDim);
  };
}

/** The projections as one matrix with rows [q | k | v | gate]; with a gate, q_proj has query and gate of each head in turn. */
function oneProjection({ q, k, v, bias }: AttentionParams, config: AttentionConfig) {
  const { dModel, heads, headDim } = config;
  const wide = heads * headDim;
  const narrow = config.kvHeads * headDim;
  const gateWidth = config.outputGate ? wide : 0;
  const rowWidth = wide + 2 * narrow + gateWidth;
  const weight = new Float32Array(rowWidth * dModel);
  const shift = new Float32Array(rowWidth);
  const put = (
    row: number,
    from: Float32Array,
    biases: Float32Array | undefined,
    first: number,
    rows: number,
  ): void => {
    weight.set(from.subarray(first * dModel, (first + rows) * dModel), row * dModel);
    if (biases) shift.set(biases.subarray(first, first + rows), row);
  };
  put(wide, k, bias.k, 0, narrow);
  put(wide + narrow, v, bias.v, 0, narrow);
  if (gateWidth === 0) put(0, q, bias.q, 0, wide);
  else {
    for (let head = 0; head < heads; head++) {
      put(head * headDim, q, bias.q, 2 * head * headDim, headDim);
      put(wide + 2 * narrow + head * headDim, q, bias.q, (2 * head + 1) * headDim, headDim);
    }
  }
  return { wide, narrow, gateWidth, rowWidth, weight, bias: shift };
}

function keepNorms({ norm }: AttentionParams, { qkNorm }: AttentionConfig, region: Region) {
  if (!qkNorm || !norm) return undefined;
  const keep = (weight: Float32Array): number => region.keep(weight.map((w) => (qkNorm.plusOne ? 1 + w : w)));
  return { q: keep(norm.q), k: keep(norm.k), eps: qkNorm.eps };
}

export function full(window: number): Error {
  return engineError('ERR_CONTEXT_FULL', 'attention: the declared context is full', {
    expected: `a stream of at most ${window} rows`,
  });
}
