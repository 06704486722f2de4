// How many rows of time lie between two rows that bring their own times: the step in units of the usual step, which is the
// median of the last 31. A step of 5 usual steps is 4 missing rows and one row; a jitter of 3 % counts as none.

import { clearState, f64, type State } from '../../cell/state.ts';

const STEPS = 31;
const TICKS_PER_ROW = 16; // what the memories resolve

export const PACE_LAYOUT = {
  /** Time of the last row in microseconds; NaN: none, or a gap came after it. */
  last: f64(1),
  /** Ring of the last steps in microseconds, and how many were seen. */
  steps: f64(STEPS),
  count: f64(1),
};

export function initPace(state: State<typeof PACE_LAYOUT>): void {
  clearState(state);
  state.at.last[0] = NaN;
}

const sorted = new Float64Array(STEPS); // scratch

/** Rows of time since the row before, in sixteenths: 1 for even times, at least 1/16. Learns the step. */
export function rowsSince({ at }: State<typeof PACE_LAYOUT>, timeUs: number): number {
  const { last, steps, count } = at;
  const step = timeUs - last[0]!;
  last[0] = timeUs;
  if (step !== step) return 1;
  if (step > 0) {
    steps[count[0]! % STEPS] = step;
    count[0]! += 1;
  }
  const known = Math.min(count[0]!, STEPS);
  if (known === 0) return 1;
  for (let i = 0; i < known; i++) {
    let k = i;
    for (; k > 0 && sorted[k - 1]! > steps[i]!; k--) sorted[k] = sorted[k - 1]!;
    sorted[k] = steps[i]!;
  }
  const usual = sorted[Math.floor((known - 1) / 2)]!;
  return Math.max(Math.round((step / usual) * TICKS_PER_ROW), 1) / TICKS_PER_ROW;
}

/** Rows that are missing before a row that comes `dtRows` after the one before. */
export const missingRows = (dtRows: number): number => Math.max(Math.round(dtRows) - 1, 0);
