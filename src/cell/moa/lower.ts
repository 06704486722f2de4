// A mixture of attention heads on the WebAssembly kernels: the equations of cell.ts. Keys, values and the router's logits are
// one matrix and take all rows of a call at once; then each row is kept, and the experts that the plain router picks attend.
// Rounding may turn a tie of two logits: then other experts run than in the plain cell.

import { engineError } from '../../base/errors.ts';
import { routeTopK } from '../../kernel/plain/moe-router.ts';
import { kernelMemory } from '../../kernel/wasm/memory.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import { rotaryAngles } from '../../kernel/wasm/rotary-angles.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { type Layout, slotOffsets } from '../state.ts';
import type { MoaConfig, MoaParams } from './params.ts';

type Slots = Readonly<Record<'k' | 'v' | 'rows' | 'position', Layout[string]>>;

/** With `whenFull: 'refuse'` a scan that goes beyond the window throws ERR_CONTEXT_FULL and does none of its rows. */
export function lowerMoa(
  params: MoaParams,
  config: MoaConfig,
  layout: Slots,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { dModel, kvHeads, headDim, window, chosen: count } = config;
  const width = kvHeads * headDim;
  const rowWidth = 2 * width + config.experts;
  const at = slotOffsets(layout);
  const weight = new Float32Array(rowWidth * dModel);
  weight.set(params.kv);
  weight.set(params.router, 2 * width * dModel);
  const enter = region.matrix(weight, rowWidth, dModel);
  const experts = params.q.map((q, e) => ({
    q: region.matrix(q, width, dModel),
    o: region.matrix(params.o[e]!, dModel, width),
  }));
  const bias = region.keep(params.bias);
  const angles = rotaryAngles(config.theta, headDim);
  const rotation = region.floats(headDim);
  const rotationView = region.view(rotation, headDim);
  const projected = region.floats(LOWERED_ROWS_MAX * rowWidth); // rows of [k | v | logits]
  const logits = Array.from({ length: LOWERED_ROWS_MAX }, (_, t) =>
    region.view(projected + 4 * (t * rowWidth + 2 * width), config.experts),
  );
  const [q, attended, made] = [region.floats(width), region.floats(width), region.floats(dModel)];
  const scratch = region.floats(2 * (window + 4));
  const counters = new Float64Array(kernelMemory().buffer);
  const chosen = new Uint32Array(count);
  const gates = new Float64Array(count);

  function keep(state: number, k: number, position: number): void {
    const slot = position % window;
    angles.write(position, rotationView);
    kernels.rotateHeads(k, rotation, kvHeads, headDim, headDim / 2);
    kernels.hush(k, 2 * width); // nothing subnormal in silence
    kernels.copyInto(k, state + at.k + 4 * slot * width, width);
    kernels.copyInto(k + 4 * width, state + at.v + 4 * slot * width, width);
    counters[(state + at.rows) / 8 + slot] = position;
  }

  /** y += gate * what one expert makes of the row x, whose key is kept and whose rotation lies in `rotation`. */
  function mix(state: number, x: number, y: number, position: number, expert: number, gate: number): void {
    const { q: into, o: out } = experts[expert]!;
    kernels.matmul(into.w, into.bias, x, q, width, dModel, 1);
    kernels.rotateHeads(q, rotation, kvHeads, headDim, headDim / 2);
    kernels.hush(q, width);
    const low = Math.max(0, position - window + 1);
    const used = Math.min(window, position + 1);
    // biome-ignore format: the kernel's arguments by kind
    kernels.attendRow(q, state + at.k, state + at.v, state + at.rows, low, position, used, scratch, attended, kvHeads, kvHeads, headDim);
    kernels.matmul(out.w, out.bias, attended, made, dModel, width, 1);
    kernels.addScaled(y, made, gate, dModel);
  }

  return {
    scan(state, x, y, rows) {
      const start = counters[(state + at.position) / 8]!;
      if (config.whenFull === 'refuse' && start + rows > window) throw full(window);
      kernels.matmul(enter.w, enter.bias, x, projected, rowWidth, dModel, rows);
      for (let t = 0; t < rows; t++) {
        const to = y + 4 * t * dModel;
        keep(state, projected + 4 * t * rowWidth, start + t);
        routeTopK(logits[t]!, 'chosen', chosen, gates);
        kernels.copyInto(bias, to, dModel);
        for (let j = 0; j < count; j++) mix(state, x + 4 * t * dModel, to, start + t, chosen[j]!, gates[j]!);
      }
      counters[(state + at.position) / 8] = start + rows;
    },
  };
}

export function full(window: number): Error {
  return engineError('ERR_CONTEXT_FULL', 'moa: the declared context is full', {
    expected: `a stream of at most ${window} rows`,
  });
}
