// What the trained network is given of a row: how the value stands against the level, the value before, both profiles; how the
// level stands against the profile's; the coming season's profile at eight places; and how many seasons were seen. All but the
// last in usual deviations, at most 10. The training code does the same: train/forecast_data.py (known).

import type { ChannelViews } from './channel-state.ts';
import { seasonShift } from './experts.ts';
import type { Moment } from './reader.ts';
import { PROFILE_SEASONS } from './sizes.ts';

const LEADS = 8;
export const INPUTS = 6 + LEADS;
const LIMIT = 10;

/** Fills `inputs` [INPUTS]; returns the value's distance from the profile at the present level, as the network's outputs are. */
export function fillInputs(
  inputs: Float32Array,
  { values, profile, week, rows }: ChannelViews,
  { row, level, deviation }: Moment,
  seasonRows: number,
): number {
  let at = 0;
  const put = (distance: number): number => (inputs[at++] = Math.min(Math.max(distance / deviation, -LIMIT), LIMIT));
  const phase = row % seasonRows;
  const value = values[row % values.length]!;
  const before = rows[0]! > 1 ? values[(row - 1) % values.length]! : value;
  put(value - level);
  put(value - before);
  const away = put(value - profile[phase]!);
  put(value - week[phase]!);
  const shift = seasonShift({ profile }, level);
  put(shift);
  for (let lead = 1; lead <= LEADS; lead++) {
    put(profile[(phase + Math.round((lead * seasonRows) / LEADS)) % seasonRows]! - level);
  }
  inputs[at] = Math.min(1, (rows[0]! - 1) / (PROFILE_SEASONS * seasonRows));
  return away - inputs[4]!;
}
