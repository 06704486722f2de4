// What `millrace run --in` takes, once opened: rows at a stated rate and width, with holes declared. A source knows
// nothing of pipelines; which one suits it, resampling and pacing are for others. Kinds: open-source.ts.

import type { RowFault } from '../../wire/row-builder.ts';

export interface SourceBlock {
  /** [n, width] row-major; the receiver owns it. NaN: no value. */
  readonly rows: Float32Array;
  /** Microseconds of each row, [n]; NaN where a row is faulty. Absent: rows are evenly spaced at `rateHz`. */
  readonly times?: Float64Array;
  /** Rows of this block that could not be read (their values are NaN): each is a gap of one row. */
  readonly faults?: readonly RowFault[];
  /** Rows lost directly before this block, because the reader was slower than a live source. Absent: 0. */
  readonly lostBefore?: number;
}

export interface Source {
  readonly kind: 'audio' | 'sensor';
  /** Live: time passes whether or not anybody reads; there is no end but `close`. */
  readonly live: boolean;
  /** Rows a second; 0: unknown or uneven. */
  readonly rateHz: number;
  readonly width: number;
  /** One name per column. */
  readonly names: readonly string[];
  /** Length, where it is known before reading. */
  readonly seconds?: number;
  /** All rows in order, in constant memory. Files may be read again; anything else once. */
  blocks(): AsyncIterable<SourceBlock>;
  /** The same from row `first` on, without reading what lies before it. Absent: it must be read and passed over. */
  blocksFrom?(first: number): AsyncIterable<SourceBlock>;
  /** Ends reading and frees what was opened: a device, a file, the standard input. */
  close(): Promise<void>;
}

export const channelNames = (width: number): string[] => Array.from({ length: width }, (_, c) => `channel${c + 1}`);
