// Gaps wait until the next row comes and are then skipped at once: the sender may declare one gap in many pieces, and
// skip(a), skip(b) differs from skip(a + b) in the last bits. Shared by the two scan operators.

import type { Cell } from '../cell/cell.ts';
import { f64, type State } from '../cell/state.ts';
import type { StreamContext } from './stage.ts';

export interface PendingGap {
  add(rows: number): void;
  /** Moves the cell's state over what waits. A cell without `skip` starts anew. */
  settle(): void;
  forget(): void;
}

/** @param slot name of the cell's arena; the count lives beside it, so a snapshot inside a gap resumes bitwise */
export function pendingGap(
  context: StreamContext,
  slot: string,
  cell: Pick<Cell, 'skip' | 'init'>,
  state: State,
): PendingGap {
  const { rows } = context.state(`${slot}.gap`, { rows: f64(1) }, ({ at }) => at.rows.fill(0)).at;
  return {
    add(count) {
      rows[0]! += count;
    },
    settle() {
      if (rows[0] === 0) return;
      if (cell.skip) cell.skip(state, rows[0]!);
      else cell.init(state);
      rows[0] = 0;
    },
    forget() {
      rows[0] = 0;
    },
  };
}
