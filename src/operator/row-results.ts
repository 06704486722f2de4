// What the two scan operators share: how a chunk divides into cell rows, and how the rows that came out of a cell become
// items. A row that holds NaN or Infinity is a fault and leaves as a Gap, so nothing non-finite travels on. Knows no cell
// and no stream; see scan-cell/ and scan-cell-async/.

import { assert } from '../base/assert.ts';
import { type EngineError, engineError } from '../base/errors.ts';
import { micros } from '../base/units.ts';
import type { Chunk, Item, Span } from '../item/item.ts';

/** Options of both operators. */
export interface ScanOptions {
  /** Grid rows that one cell row covers: a 10 ms hop at 16 kHz is 160. */
  readonly spanRows: number;
  /** Grid rows per second, used only to time the rows behind a fault inside a chunk. Absent or 0: they keep its pts. */
  readonly rateHz?: number;
  /** Name of the state arena, unique within a pipeline. Default: the cell's kind. */
  readonly slot?: string;
  /** Called once for every row lost to a fault, before its Gap goes out. For counting; must not throw. */
  readonly onFault?: (error: EngineError) => void;
}

/** Cell rows that a span touches: the last hop of a stream, or a gap before a reset, may be a part of one. */
export const spanCellRows = (span: Span, spanRows: number): number => Math.ceil((span.to - span.from) / spanRows);

/**
 * Cell rows in a chunk. Its values are read as [rows, dIn]: a hop of 512 samples (512 rows of width 1) is one row of 512.
 * @throws ERR_INVARIANT when the values are not whole rows, or the span says another number of rows
 */
export function chunkCellRows(chunk: Chunk, dIn: number, spanRows: number): number {
  const rows = chunk.data.length / dIn;
  assert(Number.isInteger(rows), 'a chunk does not hold whole rows of the width that the cell takes');
  assert(spanCellRows(chunk, spanRows) === rows, 'a chunk covers more or fewer grid rows than its rows say');
  assert(!chunk.times || chunk.rows === rows, 'rows with times of their own cannot be taken together');
  return rows;
}

/** The first row at or after `first` of y [rows, width] with a NaN or an Infinity; `rows` when all are finite. */
export function firstFault(y: Float32Array, width: number, rows: number, first = 0): number {
  const end = rows * width;
  for (let i = first * width; i < end; ) {
    // x - x is 0, or NaN for NaN and Infinity: all four sums stay 0 while all is well, and wait for nothing but themselves.
    const stop = Math.min(i + FAULT_STRIDE, end);
    const from = i;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (; i + 4 <= stop; i += 4) {
      a += y[i]! - y[i]!;
      b += y[i + 1]! - y[i + 1]!;
      c += y[i + 2]! - y[i + 2]!;
      d += y[i + 3]! - y[i + 3]!;
    }
    for (; i < stop; i++) a += y[i]! - y[i]!;
    if (a + b + c + d === 0) continue;
    for (let k = from; k < stop; k++) if (y[k]! - y[k]! !== 0) return Math.floor(k / width);
  }
  return rows;
}
/** Values looked over at once. */
const FAULT_STRIDE = 4096;

export const nonFinite = (): EngineError =>
  engineError('ERR_NON_FINITE_STATE', 'the cell gave a value that is not finite; its state starts anew');

/** y [rows, width] as items over the span of `chunk`: finite runs as chunks (y or views of it), the rest as Gap{fault}. */
export function rowResults(chunk: Chunk, y: Float32Array, width: number, options: ScanOptions): Item[] {
  const rows = y.length / width;
  const firstBad = firstFault(y, width, rows);
  if (firstBad === rows) return rows === 0 ? [] : [allRows(chunk, y, rows, width)];
  const items: Item[] = [];
  for (let row = 0; row < rows; ) {
    const fault = row === 0 ? firstBad : firstFault(y, width, rows, row);
    if (fault > row) {
      const data = y.subarray(row * width, fault * width);
      const times = chunk.times && { times: chunk.times.subarray(row, fault) };
      items.push({ kind: 'chunk', ...part(chunk, row, fault, options), rows: fault - row, width, data, ...times });
    }
    row = fault;
    while (row < rows && firstFault(y, width, row + 1, row) === row) row++;
    if (row > fault) items.push({ kind: 'gap', ...part(chunk, fault, row, options), why: 'fault' });
  }
  return items;
}

/** The usual case, made in one piece: every stream pays for it at every hop. */
function allRows({ from, to, pts, times }: Chunk, data: Float32Array, rows: number, width: number): Chunk {
  const whole: Chunk = { kind: 'chunk', from, to, pts, rows, width, data };
  return times ? { ...whole, times } : whole;
}

function part(chunk: Chunk, first: number, end: number, { spanRows, rateHz }: ScanOptions): Span {
  const elapsedUs = rateHz ? (first * spanRows * 1e6) / rateHz : 0;
  return {
    from: chunk.from + first * spanRows,
    to: Math.min(chunk.to, chunk.from + end * spanRows),
    pts: micros(first > 0 && chunk.times ? chunk.times[first]! : chunk.pts + elapsedUs),
  };
}
