// The smallest cell there is: a leaky integrator per channel, h = a h + (1 - a) x, y = h. A running mean with the memory of
// 1 / (1 - a) rows; here as the example of how little a kind needs. State: 4 width bytes.

import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32 } from '../state.ts';

/** @param a [width] f32, 0 <= a < 1: how much of the past a row keeps */
export function leakyCell(a: Float32Array): Cell {
  const width = a.length;
  const cell: Cell = {
    kind: 'leaky',
    dIn: width,
    dOut: width,
    layout: { h: f32(width) },
    contextRows: Infinity,
    flops: 4 * width,
    init: ({ at }) => void at.h!.fill(0),
    step({ at }, x, y) {
      for (let i = 0; i < width; i++) y[i] = at.h![i] = a[i]! * at.h![i]! + (1 - a[i]!) * x[i]!;
    },
    /** No input is an input of 0: h decays by a for every row. */
    skip({ at }, rows) {
      for (let i = 0; i < width; i++) for (let t = 0; t < rows && at.h![i] !== 0; t++) at.h![i] = a[i]! * at.h![i]!;
    },
  };
  return { ...cell, scan: scanBySteps(cell) };
}

export const sampleCell = (seed: number): Cell => leakyCell(Float32Array.of(0, 0.5, 1 - 1 / (seed + 2)));

/** The sum it stands for: y_t = sum_s (1 - a) a^(t - s) x_s. */
export function naiveScan(seed: number, x: Float32Array, rows: number): Float64Array {
  const a = Float32Array.of(0, 0.5, 1 - 1 / (seed + 2));
  return Float64Array.from({ length: rows * 3 }, (_, at) => {
    let y = 0;
    for (let s = at, reach = 1; s >= 0; s -= 3, reach *= a[at % 3]!) y += (1 - a[at % 3]!) * reach * x[s]!;
    return y;
  });
}
