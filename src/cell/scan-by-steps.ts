// `scan` for a cell that has no blocked form: a loop of steps over two scratch rows. Bitwise equal to steps because it is
// steps. The scratch belongs to the cell object, which one thread uses.

import type { Cell } from './cell.ts';
import type { Layout, State } from './state.ts';

/** A `scan` for `cell`: x [rows, dIn] -> y [rows, dOut]. Allocates nothing after it is made. */
export function scanBySteps<L extends Layout>(
  cell: Pick<Cell<L>, 'dIn' | 'dOut' | 'step'>,
): (state: State<L>, x: Float32Array, y: Float32Array, rows: number) => void {
  const { dIn, dOut } = cell;
  const input = new Float32Array(dIn);
  const output = new Float32Array(dOut);
  return (state, x, y, rows) => {
    for (let t = 0; t < rows; t++) {
      for (let i = 0; i < dIn; i++) input[i] = x[t * dIn + i]!;
      cell.step(state, input, output);
      for (let i = 0; i < dOut; i++) y[t * dOut + i] = output[i]!;
    }
  };
}
