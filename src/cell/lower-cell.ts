// A cell on the WebAssembly kernels, as a Cell: rows are copied to the kernel memory and back (some 20 ns each way), states are
// worked on where they lie, or copied too when they lie elsewhere. init, skip and irregular steps stay the plain cell's: the
// state means the same to both.

import { assert } from '../base/assert.ts';
import { kernelMemory } from '../kernel/wasm/memory.ts';
import { createRegion } from '../kernel/wasm/region.ts';
import type { Simd } from '../kernel/wasm/simd.ts';
import { type Cell, LOWERED_ROWS_MAX } from './cell.ts';
import { type Layout, type State, stateBytes } from './state.ts';

/** Up to so many values a loop is done before `set` has begun; a detector's one, not a denoiser's 642. */
const COPIED_ONE_BY_ONE = 64;

/**
 * The cell on these kernels: same layout and rows, other rounding; the default scan is bitwise equal to its steps.
 * Inputs under 2^-60 count as 0. The plain cell where the kind has no lowered form.
 * @throws ERR_MEMORY_FULL when the kernel memory has no room for its weights
 */
export function lowerCell<L extends Layout>(cell: Cell<L>, simd: Simd): Cell<L> {
  if (!cell.lower) return cell;
  const { dIn, dOut } = cell;
  const region = createRegion();
  const lowered = cell.lower(simd, region);
  region.livesWith(lowered);
  const { buffer } = kernelMemory();
  const x = region.floats(LOWERED_ROWS_MAX * dIn);
  const y = region.floats(LOWERED_ROWS_MAX * dOut);
  const xRows = region.view(x, LOWERED_ROWS_MAX * dIn);
  const yRows = region.view(y, LOWERED_ROWS_MAX * dOut);
  const size = stateBytes(cell.layout);
  let away: { readonly address: number; readonly bytes: Uint8Array } | undefined;

  function stateHere(): { readonly address: number; readonly bytes: Uint8Array } {
    if (!away) {
      const address = region.floats(size / 4);
      away = { address, bytes: new Uint8Array(buffer, address, size) };
    }
    return away;
  }

  function scan(state: State<L>, input: Float32Array, output: Float32Array, rows: number): void {
    const near = state.bytes.buffer === buffer;
    const here = near ? undefined : stateHere();
    if (here) here.bytes.set(state.bytes);
    const address = here ? here.address : state.bytes.byteOffset;
    for (let from = 0; from < rows; from += LOWERED_ROWS_MAX) {
      const count = Math.min(LOWERED_ROWS_MAX, rows - from);
      const whole = count * dIn === input.length;
      xRows.set(whole ? input : input.subarray(from * dIn, (from + count) * dIn));
      simd.kernels.hush(x, count * dIn); // subnormal products would cost 25 times a row's time
      lowered.scan(address, x, y, count);
      if (count * dOut > COPIED_ONE_BY_ONE) output.set(yRows.subarray(0, count * dOut), from * dOut);
      else for (let i = 0, at = from * dOut; i < count * dOut; i++) output[at + i] = yRows[i]!;
    }
    if (here) state.bytes.set(here.bytes);
  }
  const step = (state: State<L>, input: Float32Array, output: Float32Array): void => scan(state, input, output, 1);

  const { lower: _, forms: __, stepAfter, scan: ___, scanRtol: ____, ...same } = cell;
  return {
    ...same,
    step,
    scan,
    ...(stepAfter && {
      stepAfter(state: State<L>, input: Float32Array, output: Float32Array, dt: number) {
        assert(dt >= 0 && dt < Infinity, 'dt is not a length of time');
        if (dt === 1) step(state, input, output);
        else stepAfter(state, input, output, dt);
      },
    }),
  };
}
