// Options of the detector and the constants that were chosen on the development half of the benchmark (docs/anomaly.md).

import { assert } from '../../base/assert.ts';

export interface AnomalyOptions {
  /** Columns of a row, each judged by its own past. */
  readonly width: number;
  /** The score that is an alarm; 1 is what the development half of the benchmark asked for. Default 1. */
  readonly threshold?: number;
  /** For about so many rows after an alarm another must be worse to be told. Default QUIET_ROWS. */
  readonly quietRows?: number;
  /** Rows per second, for the times of results; 0: rows without a rate. */
  readonly rateHz: number;
  /** on: a Detection `anomaly` for every row as well. Default off. */
  readonly readings?: 'on' | 'off';
}

export const QUIET_ROWS = 250;
/** Values of a column that are only learned from: nothing is new before. */
export const WARM_ROWS = 120;
/** Distances from the nearest place a number has been, of the range it has had (novelty.ts). */
export const RUNGS: readonly number[] = [0.015, 0.03, 0.06, 0.12];
/** Passages of each that count beforehand, for lack of any. */
export const PRIOR = 0.3;
/** Where a number has been is remembered for so many rows, and up to twice as many. */
export const MAP_ROWS = 100_000;
/** What is new counts for about so many rows, less and less. */
export const HELD_ROWS = 16;
/** An episode is over after so many rows below half of the threshold. */
export const HANG_ROWS = 12;

export function checkOptions({ width, threshold = 1, quietRows = QUIET_ROWS }: AnomalyOptions): void {
  assert(Number.isInteger(width) && width >= 1, 'anomaly needs at least one column');
  assert(threshold > 0, 'the threshold is above 0');
  assert(quietRows >= 1, 'quiet for at least one row');
}
