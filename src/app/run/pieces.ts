// Cuts a source's blocks into pieces, with what is missing between them in its place.

import type { RowFault } from '../../wire/row-builder.ts';
import type { SourceBlock } from '../source/source.ts';

export interface Piece {
  /** Source row where it starts. */
  readonly at: number;
  /** [n, width]; empty when the piece is a hole. */
  readonly rows: Float32Array;
  readonly times?: Float64Array;
  /** Rows that are missing here; 0 unless it is a hole. */
  readonly missing: number;
  readonly why: 'lost' | 'fault';
  /** What stood where a number should be. */
  readonly fault?: RowFault;
}

/** All pieces from row `first` on, each of at most `rowsMax` rows. @param at row with which the blocks begin */
export async function* pieces(
  blocks: AsyncIterable<SourceBlock>,
  width: number,
  rowsMax: number,
  first = 0,
  at = 0,
): AsyncGenerator<Piece> {
  let next = at;
  for await (const block of blocks) {
    for (const piece of cut(block, width, rowsMax, next)) {
      next = piece.at + piece.missing + piece.rows.length / width;
      if (next <= first) continue;
      yield piece.at < first ? behind(piece, first - piece.at, width) : piece;
    }
  }
}

function* cut(block: SourceBlock, width: number, rowsMax: number, start: number): Generator<Piece> {
  const { rows, times, faults = [], lostBefore = 0 } = block;
  const none = new Float32Array(0);
  if (lostBefore > 0) yield { at: start, rows: none, missing: lostBefore, why: 'lost' };
  const base = start + lostBefore;
  let row = 0;
  for (const [index, end] of [...faults.map((fault) => fault.row), rows.length / width].entries()) {
    for (; row < end; row = Math.min(row + rowsMax, end)) {
      const to = Math.min(row + rowsMax, end);
      const own = times ? { times: times.subarray(row, to) } : {};
      yield { at: base + row, rows: rows.subarray(row * width, to * width), ...own, missing: 0, why: 'lost' };
    }
    const fault = faults[index];
    if (fault) yield { at: base + end, rows: none, missing: 1, why: 'fault', fault };
    row = end + 1;
  }
}

function behind(piece: Piece, skip: number, width: number): Piece {
  if (piece.missing > 0) return { ...piece, at: piece.at + skip, missing: piece.missing - skip };
  const times = piece.times ? { times: piece.times.subarray(skip) } : {};
  return { ...piece, at: piece.at + skip, rows: piece.rows.subarray(skip * width), ...times };
}
