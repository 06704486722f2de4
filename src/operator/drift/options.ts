// Options of the health watch and the constants of its tests. Delays and false alarms that follow from them: drift.test.ts.

import { assert } from '../../base/assert.ts';

export interface DriftOptions {
  /** Columns of a row, each watched by itself. */
  readonly width: number;
  /** Rows per second, for the times of results; 0: rows without a rate. */
  readonly rateHz: number;
  /** One value for so many rows is a stuck sensor, unless it has stood still for a quarter of that before. Default 60. */
  readonly stuckRows?: number;
  /** What the sensor can measure; absent: anything. */
  readonly low?: number;
  readonly high?: number;
}

export const STUCK_ROWS = 60;

/** What a detection `drift.<kind>` is about. */
export const KINDS = ['stuck', 'range', 'level', 'spread', 'rate', 'trend'] as const;
export type Kind = (typeof KINDS)[number];

/** Rows that a reference is learned from before anything is held against it, and over which it forgets. */
export const LEARN_ROWS = 400;
export const REFERENCE_ROWS = 5000;

export function checkOptions({ width, stuckRows = STUCK_ROWS, low = -Infinity, high = Infinity }: DriftOptions): void {
  assert(Number.isInteger(width) && width >= 1, 'drift needs at least one column');
  assert(Number.isInteger(stuckRows) && stuckRows >= 2, 'a sensor is stuck after two rows at least');
  assert(low < high, 'the range has a low and a high end');
}
