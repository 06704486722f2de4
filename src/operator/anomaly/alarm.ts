// From scores to few alarms. After one, a bar stands at several times its score and sinks: only what is worse is told meanwhile.
// And what has come as badly before is told less and less: a candidate's score is divided by how many of its kind the last
// thousands of rows have seen (a nightly backup is news for some nights). State in an arena; who asks: episode.ts.

import { exp } from '../../base/math.ts';
import { f64, type Views } from '../../cell/state.ts';

/** A second alarm must be this much worse than the first at once, and less so as rows pass. */
const WORSE = 2;
/** e-foldings of the bar over the quiet rows. */
const SINKS = 3;
/** Candidates remembered, for so many rows (1 / e), and how much each of them takes off. */
const KNOWN = 32;
const KNOWN_ROWS = 3000;
const HABIT = 0.6;
/** A candidate is of the same kind when it was at least so bad; one within so many rows is the same event. */
const ALIKE = 0.7;
const EVENT_ROWS = 100;

export const ALARM_LAYOUT = {
  /** Height of the bar at a row; 0: none. */
  bar: f64(1),
  barRow: f64(1),
  /** Candidates before: their worst scores and last rows, a ring, and its next place. */
  scores: f64(KNOWN),
  rows: f64(KNOWN),
  place: f64(1),
};
export type AlarmViews = Views<typeof ALARM_LAYOUT>;

export function initAlarm(at: AlarmViews): void {
  at.bar.fill(0);
  at.barRow.fill(0);
  at.scores.fill(0);
  at.rows.fill(-Infinity);
  at.place.fill(0);
}

/** What the score of `row` is worth as an alarm: 0 below the bar. Learns from it when it is above. */
export function candidate(at: AlarmViews, row: number, score: number, quietRows: number): number {
  const bar = at.bar[0]! * exp((-SINKS / quietRows) * (row - 1 - at.barRow[0]!));
  if (!(score > bar)) return 0;
  at.bar[0] = WORSE * score;
  at.barRow[0] = row;
  let known = 0;
  for (let k = 0; k < KNOWN; k++) {
    const ago = row - at.rows[k]!;
    if (ago > EVENT_ROWS && at.scores[k]! >= ALIKE * score) known += exp(-ago / KNOWN_ROWS);
  }
  const last = (at.place[0]! + KNOWN - 1) % KNOWN;
  const sameEvent = row - at.rows[last]! <= EVENT_ROWS;
  const place = sameEvent ? last : at.place[0]!;
  at.scores[place] = sameEvent ? Math.max(at.scores[place]!, score) : score;
  at.rows[place] = row;
  if (!sameEvent) at.place[0] = (place + 1) % KNOWN;
  return score / (1 + HABIT * known);
}
