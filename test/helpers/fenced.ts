// Arrays in the kernel memory between fences of NaN, for tests of kernels: what reads beyond an array gets NaN, what writes
// beyond it is found.

import { createRegion } from '../../src/kernel/wasm/region.ts';
import { loadSimd, type Numerics, type Simd } from '../../src/kernel/wasm/simd.ts';

const FENCE = 16; // float32 values on each side: more than a vector

export interface Fenced {
  /** Of the first value: 4 bytes off a multiple of 16, so that no kernel relies on alignment. */
  readonly address: number;
  readonly values: Float32Array;
  /** Whether both fences are as they were. */
  intact(): boolean;
}

const region = createRegion();
const owner = { region };
region.livesWith(owner);

export function fenced(values: ArrayLike<number>): Fenced {
  const whole = owner.region.floats(values.length + 2 * FENCE + 1);
  const around = region.view(whole, values.length + 2 * FENCE + 1).fill(NaN);
  const address = whole + 4 * (FENCE + 1);
  around.set(values, FENCE + 1);
  return {
    address,
    values: region.view(address, values.length),
    intact: () => around.every((value, i) => (i > FENCE && i <= FENCE + values.length) || value !== value),
  };
}

/** The numerics that this engine can run. */
export async function availableSimd(): Promise<readonly Simd[]> {
  const tried = await Promise.allSettled((['portable', 'relaxed'] satisfies Numerics[]).map(loadSimd));
  return tried.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
