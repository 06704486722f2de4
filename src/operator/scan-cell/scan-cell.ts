// scanCell: rows in, rows out, through a cell whose state lives in the stream's arena.
//   in  ──[x0 x1]──[x2]──gap(2)──[x5]──reset──[x6]──
//   out ──[y0 y1]──[y2]──gap(2)──[y5]──reset──[y6]──   y5 comes after cell.skip(2), y6 from the start state
// Any chunking of the same rows gives the same rows. A row that comes out non-finite leaves as Gap{fault} and the state
// starts anew behind it. Not for cells that answer later (scan-cell-async/). Contract: cell/cell.ts.

import { concatMap, defer } from 'rxjs';
import type { Cell } from '../../cell/cell.ts';
import type { Layout, State } from '../../cell/state.ts';
import type { Chunk, Item } from '../../item/item.ts';
import { cellRows, checkChunk, firstFault, nonFinite, rowResults, type ScanOptions } from '../row-results.ts';
import type { Stage } from '../stage.ts';

/**
 * Chunk [rows, dIn] -> Chunk [rows, dOut]. A gap of n cell rows becomes cell.skip(n); a cell without `skip` starts anew.
 * Several rows go through cell.scan where there is one, so a cell that declares scanRtol is chunk-invariant within it.
 * The data handed on is scratch: it is overwritten by the next chunk.
 * @throws ERR_INVARIANT for chunks of another width and for gaps that are not whole cell rows
 */
export function scanCell<L extends Layout>(cell: Cell<L>, options: ScanOptions): Stage {
  let scratch = new Float32Array(cell.dOut);

  function handle(state: State<L>, item: Item): Item[] {
    switch (item.kind) {
      case 'chunk': {
        checkChunk(item, cell.dIn, options.spanRows);
        const size = item.rows * cell.dOut;
        if (scratch.length < size) scratch = new Float32Array(size);
        const y = scratch.subarray(0, size);
        advance(state, item, y);
        return rowResults(item, y, cell.dOut, options);
      }
      case 'gap': {
        const rows = cellRows(item, options.spanRows);
        if (cell.skip) cell.skip(state, rows);
        else cell.init(state);
        return [item];
      }
      case 'mark':
        if (item.what === 'reset') cell.init(state);
        return [item];
      default:
        return [item];
    }
  }

  /** y [rows, dOut]; a faulty row keeps its non-finite values, and the row behind it is computed from the start state. */
  function advance(state: State<L>, { data: x, rows }: Chunk, y: Float32Array): void {
    let row = 0;
    if (rows > 1 && cell.scan) {
      cell.scan(state, x, y, rows);
      const fault = firstFault(y, cell.dOut, rows);
      if (fault === rows) return;
      restart(state);
      row = fault + 1; // what the scan did beyond the fault is void: go on by single steps
    }
    for (; row < rows; row++) {
      const out = y.subarray(row * cell.dOut, (row + 1) * cell.dOut);
      cell.step(state, x.subarray(row * cell.dIn, (row + 1) * cell.dIn), out);
      if (firstFault(out, cell.dOut, 1) === 0) restart(state);
    }
  }

  function restart(state: State<L>): void {
    options.onFault?.(nonFinite());
    cell.init(state);
  }

  return (context) => (source) =>
    defer(() => {
      const state = context.state(options.slot ?? cell.kind, cell.layout, (fresh) => cell.init(fresh));
      return source.pipe(concatMap((item) => handle(state, item)));
    });
}
