// The published scoring of the Numenta Anomaly Benchmark (Lavin & Ahmad 2015, arXiv 1510.03336, sections III B to D), our own
// implementation: labelled windows, a sigmoid that pays for early alarms, three profiles of costs, one threshold for all series,
// and a scale on which a detector that never speaks has 0 and one that speaks at every window's first row has 100.
// The first 15 % of a series, 750 rows at most, are for learning and count for nothing. Held to a slow twin in test/bench.

import { exp } from '../../../base/math.ts';

export interface Profile {
  readonly name: string;
  /** What a window found is worth at its first row, what a false alarm far from a window costs, what a missed window costs. */
  readonly found: number;
  readonly falseAlarm: number;
  readonly missed: number;
}

export const PROFILES: readonly Profile[] = [
  { name: 'standard', found: 1, falseAlarm: 0.11, missed: 1 },
  { name: 'reward_low_FP_rate', found: 1, falseAlarm: 0.22, missed: 1 },
  { name: 'reward_low_FN_rate', found: 1, falseAlarm: 0.11, missed: 2 },
];

/** First and last row of a labelled window. */
export type Window = readonly [first: number, last: number];

/** What a detector said of one series: a score per row, at least 0 and at most 1. */
export interface Scored {
  readonly scores: Float64Array;
  readonly windows: readonly Window[];
}

export interface NabScore {
  /** 0 .. 100, below 0 for a detector that is worse than silence. */
  readonly score: number;
  /** A row whose score reaches it is an alarm; above 1: none is. */
  readonly threshold: number;
  readonly found: number;
  readonly windows: number;
  readonly falseAlarms: number;
}

export const probationRows = (rows: number): number => Math.floor(Math.min(0.15 * rows, 750));

/** 1 - 2 / (1 + e^-5x): near 1 at -1, 0 at 0, near -1 at 1; -1 from 3 on. */
export const scaledSigmoid = (x: number): number => (x >= 3 ? -1 : 2 / (1 + exp(5 * x)) - 1);
const EARLIEST = scaledSigmoid(-1);

/** What an alarm in each row is worth before the profile's costs: 1 .. 0 inside a window, 0 .. -1 outside. */
export function rowWorth(rows: number, windows: readonly Window[]): Float64Array {
  const worth = new Float64Array(rows).fill(-1);
  windows.forEach(([first, last], index) => {
    const width = last - first + 1;
    for (let row = first; row <= last; row++) worth[row] = scaledSigmoid(-(last - row + 1) / width) / EARLIEST;
    const next = windows[index + 1]?.[0] ?? rows;
    for (let row = last + 1; row < next; row++) worth[row] = scaledSigmoid((row - last) / (width - 1));
  });
  return worth;
}

interface Points {
  readonly scores: Float64Array;
  readonly worth: Float64Array;
  /** Number of the window, over all series; -1: none. */
  readonly window: Int32Array;
  readonly windows: number;
  /** Windows that reach beyond the rows for learning. */
  readonly reachable: number;
}

function gather(series: readonly Scored[]): Points {
  const counted = series.map(({ scores }) => scores.length - probationRows(scores.length));
  const rows = counted.reduce((sum, count) => sum + count, 0);
  const scores = new Float64Array(rows);
  const worth = new Float64Array(rows);
  const window = new Int32Array(rows).fill(-1);
  let [at, windows, reachable] = [0, 0, 0];
  series.forEach((one, i) => {
    const start = one.scores.length - counted[i]!;
    scores.set(one.scores.subarray(start), at);
    worth.set(rowWorth(one.scores.length, one.windows).subarray(start), at);
    for (const [first, last] of one.windows) {
      if (last >= start) reachable++;
      for (let row = Math.max(first, start); row <= last; row++) window[at + row - start] = windows;
      windows++;
    }
    at += counted[i]!;
  });
  return { scores, worth, window, windows, reachable };
}

/** The best score over all thresholds, as the benchmark finds it; or the score at a given one. */
export function scoreNab(series: readonly Scored[], profile: Profile, threshold?: number): NabScore {
  const { scores, worth, window, windows, reachable } = gather(series);
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const best = new Float64Array(windows).fill(-profile.missed);
  let [sum, found, falseAlarms] = [-profile.missed * reachable, 0, 0];
  const scale = (raw: number): number =>
    (100 * (raw + profile.missed * windows)) / ((profile.found + profile.missed) * windows);
  const now = (at: number): NabScore => ({ score: scale(sum), threshold: at, found, windows, falseAlarms });
  let answer = now(1.1);
  for (let k = 0; k < order.length; k++) {
    const row = order[k]!;
    if (threshold !== undefined && scores[row]! < threshold) break;
    const at = window[row]!;
    if (at < 0) {
      sum += worth[row]! * profile.falseAlarm;
      falseAlarms++;
    } else {
      if (best[at] === -profile.missed) found++;
      const value = Math.max(best[at]!, worth[row]! * profile.found);
      sum += value - best[at]!;
      best[at] = value;
    }
    const last = k + 1 === order.length || scores[order[k + 1]!] !== scores[row];
    if (last && (threshold !== undefined || scale(sum) > answer.score)) answer = now(threshold ?? scores[row]!);
  }
  return threshold === undefined ? answer : { ...answer, threshold };
}
