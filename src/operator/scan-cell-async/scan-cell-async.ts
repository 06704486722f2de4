// scanCellAsync: scanCell for a cell that answers later (ONNX Runtime). Same items out, in the same order.
//   in  ──[x0]──gap──[x1]───────────          one run at a time per stream: while it is under way the session is told
//   out ─────────[y0]──gap──[y1]────          (context.busy) and feeds nothing more, and what it fed already waits here
// Memory is bounded by what one fed item becomes in the stages in front. A run that fails is a faulty row: Gap{fault}, and
// the state starts anew. Unsubscribing or the stream's abort signal stops it: the row under way ends, none follows.

import { concatMap, defer, EMPTY, fromEvent, map, Observable, takeUntil } from 'rxjs';
import { asEngineError } from '../../base/errors.ts';
import type { AsyncCell } from '../../cell/cell.ts';
import type { Layout, State } from '../../cell/state.ts';
import type { Chunk, Item } from '../../item/item.ts';
import { pendingGap } from '../pending-gap.ts';
import { chunkCellRows, firstFault, nonFinite, rowResults, type ScanOptions, spanCellRows } from '../row-results.ts';
import type { Stage } from '../stage.ts';

/**
 * Chunk [rows, dIn] -> Chunk [rows, dOut], a run per row. Gaps, marks and faults as in scanCell. The state is settled, and
 * may be copied, whenever no promise given to context.busy is open.
 * @throws ERR_INVARIANT for a chunk that is not whole cell rows
 */
export function scanCellAsync<L extends Layout>(cell: AsyncCell<L>, options: ScanOptions): Stage {
  const { dIn, dOut } = cell;
  const { spanRows, slot = cell.kind, onFault } = options;

  /** One row. A failed run leaves NaN in y, which rowResults turns into a gap. */
  async function runRow(state: State<L>, x: Float32Array, y: Float32Array): Promise<void> {
    try {
      await cell.run(state, x, y);
      if (firstFault(y, dOut, 1) === 0) throw nonFinite();
    } catch (thrown) {
      y.fill(NaN);
      onFault?.(asEngineError(thrown));
      cell.init(state);
    }
  }

  function runChunk(state: State<L>, chunk: Chunk, busy: (work: Promise<unknown>) => void): Observable<Item> {
    const rows = chunkCellRows(chunk, dIn, spanRows);
    const y = new Float32Array(rows * dOut);
    return new Observable((subscriber) => {
      const work = async (): Promise<void> => {
        for (let row = 0; row < rows; row++) {
          const x = chunk.data.subarray(row * dIn, (row + 1) * dIn);
          await runRow(state, x, y.subarray(row * dOut, (row + 1) * dOut));
          if (subscriber.closed) return;
        }
        for (const result of rowResults(chunk, y, dOut, options)) subscriber.next(result);
        subscriber.complete();
      };
      // Open until the results are out, so the session counts the rows as consumed only when none can be lost.
      busy(work().catch((thrown: unknown) => subscriber.error(thrown)));
    });
  }

  return (context) => (source) =>
    defer(() => {
      if (context.signal.aborted) return EMPTY;
      const state = context.state(slot, cell.layout, (fresh) => cell.init(fresh));
      const gap = pendingGap(context, slot, cell as AsyncCell, state);
      return source.pipe(
        map(keep),
        concatMap((item) => {
          if (item.kind === 'chunk') {
            gap.settle();
            return runChunk(state, item, (work) => context.busy(work));
          }
          if (item.kind === 'gap') gap.add(spanCellRows(item, spanRows));
          if (item.kind === 'mark' && item.what === 'reset') {
            gap.forget();
            cell.init(state);
          }
          return [item];
        }),
        takeUntil(fromEvent(context.signal, 'abort')),
      );
    });
}

/** A chunk's data belongs to the sender once `next` returns; here it is read later. */
function keep(item: Item): Item {
  if (item.kind !== 'chunk') return item;
  return { ...item, data: item.data.slice(), ...(item.times && { times: item.times.slice() }) };
}
