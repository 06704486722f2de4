// scanCell: rows in, rows out, through a cell whose state lives in the stream's arena.
//   in  ──[x0 x1]──[x2]──gap(2)──[x5]──reset──[x6]──
//   out ──[y0 y1]──[y2]──gap(2)──[y5]──reset──[y6]──   y5 comes after cell.skip(2), y6 from the start state
// Any chunking of the same rows gives the same rows. A row that comes out non-finite leaves as Gap{fault} and the state
// starts anew behind it. Not for cells that answer later (scan-cell-async/). Contract: cell/cell.ts.

import type { Cell } from '../../cell/cell.ts';
import type { Layout, State } from '../../cell/state.ts';
import { makeStage } from '../make-stage.ts';
import { pendingGap } from '../pending-gap.ts';
import { chunkCellRows, firstFault, nonFinite, rowResults, type ScanOptions, spanCellRows } from '../row-results.ts';
import type { Stage } from '../stage.ts';

/**
 * Chunk [rows, dIn] -> Chunk [rows, dOut]. A gap of n cell rows becomes cell.skip(n); a cell without `skip` starts anew.
 * Several rows go through cell.scan where there is one, so a cell that declares scanRtol is chunk-invariant within it.
 * @throws ERR_INVARIANT for a chunk that is not whole cell rows
 */
export function scanCell<L extends Layout>(cell: Cell<L>, options: ScanOptions): Stage {
  const { dIn, dOut } = cell;
  const { spanRows, slot = cell.kind, onFault } = options;

  function restart(state: State<L>): void {
    onFault?.(nonFinite());
    cell.init(state);
  }

  /** x [rows, dIn] -> y [rows, dOut]. A faulty row keeps its values; the row behind it is computed from the start state. */
  function advance(state: State<L>, x: Float32Array, y: Float32Array, rows: number): void {
    let row = 0;
    if (rows > 1 && cell.scan) {
      cell.scan(state, x, y, rows);
      const fault = firstFault(y, dOut, rows);
      if (fault === rows) return;
      restart(state);
      row = fault + 1; // what the scan did beyond the fault is void: go on by single steps
    }
    for (; row < rows; row++) {
      const out = rows === 1 ? y : y.subarray(row * dOut, (row + 1) * dOut);
      cell.step(state, rows === 1 ? x : x.subarray(row * dIn, (row + 1) * dIn), out);
      if (firstFault(out, dOut, 1) === 0) restart(state);
    }
  }

  return makeStage((context, emit) => {
    const state = context.state(slot, cell.layout, (fresh) => cell.init(fresh));
    const gap = pendingGap(context, slot, cell as Cell, state);
    return {
      chunk(item) {
        const rows = chunkCellRows(item, dIn, spanRows);
        const y = new Float32Array(rows * dOut);
        gap.settle();
        advance(state, item.data, y, rows);
        for (const result of rowResults(item, y, dOut, options)) emit(result);
      },
      gap(item) {
        gap.add(spanCellRows(item, spanRows));
        emit(item);
      },
      mark(item) {
        if (item.what === 'reset') {
          gap.forget();
          cell.init(state);
        }
        emit(item);
      },
    };
  });
}
