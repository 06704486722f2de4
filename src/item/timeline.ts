// Rows to microseconds and back for evenly spaced rows. Every `pts` of an audio stream comes from here, so that it depends
// on the row alone and never on how the rows were cut into chunks. Sensors bring their own times: not here.

import { type Micros, micros } from '../base/units.ts';
import type { Span } from './item.ts';

/** Time of a row, rounded to a whole microsecond: the exact row is found again up to 499,999 rows per second. */
export const ptsOf = (row: number, rateHz: number): Micros => micros((row * 1e6) / rateHz);

/** The row whose time is nearest to `pts`. rowOf(ptsOf(row)) = row for every rate below 500 kHz. */
export const rowOf = (pts: Micros, rateHz: number): number => Math.round((pts * rateHz) / 1e6);

/** The place [from, to) on a grid of `rateHz` rows per second. */
export const spanOf = (from: number, to: number, rateHz: number): Span => ({ from, to, pts: ptsOf(from, rateHz) });
