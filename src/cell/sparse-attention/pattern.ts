// Who sees whom in the two factorised patterns of Sparse Transformers (Child et al. 2019, 1904.10509, section 4.3), and
// where a row is kept. Row i sees row j <= i when
//   strided   j > i - l, or (i - j) mod l = 0          every residue comes back, so every row must be kept: N slots
//   fixed     j in the block of i, or j in the last c columns of its block: l + c ceil(N / l) slots, O(sqrt N) at l = sqrt N
// A slot counts only if it holds the row that is looked for: gaps and rings not yet full need no other care.

import type { SparseAttentionConfig } from './params.ts';

export interface Pattern {
  /** Rows that are kept at once. */
  readonly slots: number;
  /** How many rows a row can see at most. */
  readonly seenMax: number;
  /** How far back the oldest of them can lie, the row itself included. */
  readonly contextRows: number;
  /** Where a row is kept. The second is -1 for none: a summary lies in its block and behind it. */
  home(row: number): number;
  summaryHome(row: number): number;
  /**
   * Writes the slots of the rows that `row` sees, its own included, and returns how many.
   * @param rows the row in each slot, from `from` on (0)
   */
  visible(rows: Float64Array, row: number, out: Uint32Array, from?: number): number;
}

export function patternOf(config: SparseAttentionConfig): Pattern {
  return config.pattern === 'strided' ? strided(config) : fixed(config);
}

function strided({ stride, rowsMax }: SparseAttentionConfig): Pattern {
  return {
    slots: rowsMax,
    seenMax: stride + Math.floor((rowsMax - 1) / stride),
    contextRows: rowsMax,
    home: (row) => row % rowsMax,
    summaryHome: () => -1,
    visible(rows, row, out, from = 0) {
      const oldest = Math.max(0, row - rowsMax + 1);
      let count = 0;
      for (let j = row; j >= oldest && j > row - stride; j--) {
        if (rows[from + (j % rowsMax)] === j) out[count++] = j % rowsMax;
      }
      for (let j = row - stride; j >= oldest; j -= stride) {
        if (rows[from + (j % rowsMax)] === j) out[count++] = j % rowsMax;
      }
      return count;
    },
  };
}

function fixed({ stride, rowsMax, summaries = 1 }: SparseAttentionConfig): Pattern {
  const blocks = Math.ceil(rowsMax / stride); // the one being written among them
  const firstColumn = stride - summaries;
  const summarySlot = (block: number, column: number): number =>
    stride + (block % blocks) * summaries + column - firstColumn;
  return {
    slots: stride + blocks * summaries,
    seenMax: stride + (blocks - 1) * summaries,
    contextRows: blocks === 1 ? stride : (blocks - 1) * stride + summaries,
    home: (row) => row % stride,
    summaryHome(row) {
      const column = row % stride;
      return column < firstColumn ? -1 : summarySlot(Math.floor(row / stride), column);
    },
    visible(rows, row, out, from = 0) {
      const own = Math.floor(row / stride);
      let count = 0;
      for (let j = own * stride; j <= row; j++) {
        if (rows[from + (j % stride)] === j) out[count++] = j % stride;
      }
      for (let block = Math.max(0, own - blocks + 1); block < own; block++) {
        for (let column = firstColumn; column < stride; column++) {
          const slot = summarySlot(block, column);
          if (rows[from + slot] === block * stride + column) out[count++] = slot;
        }
      }
      return count;
    },
  };
}
