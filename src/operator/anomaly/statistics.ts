// What is watched in a column, a number per row each: its value, short memories of its rate of change (beside a long one too), of
// what its one-step forecast did not expect, of its distance from its hour of the week, and of how often it stands still.
// Whether a number is new is novelty.ts' business. Memories are exponential: O(1) a row, constant in size; one over `rows`
// forgets at 2 / (rows + 1), as a mean over so many rows does.

import { log } from '../../base/math.ts';

/** What an alarm can be about, in words; a detection carries the place in this list. */
export const CAUSES = ['level', 'rate', 'drift', 'week', 'still'] as const;
export type Cause = (typeof CAUSES)[number];

export interface Statistic {
  readonly cause: Cause;
  readonly rows: number;
  /** Instead of the memory: the logarithm of its ratio to one over so many rows. */
  readonly against?: number;
  /** What its nats count. */
  readonly weight: number;
}

export const STATISTICS: readonly Statistic[] = [
  { cause: 'level', rows: 1, weight: 1 },
  { cause: 'week', rows: 4, weight: 1 },
  { cause: 'rate', rows: 64, weight: 1 },
  { cause: 'drift', rows: 16, weight: 1 },
  { cause: 'still', rows: 16, weight: 0.3 },
  { cause: 'rate', rows: 32, against: 256, weight: 0.3 },
];

/** What one value brings to each kind of statistic; NaN: nothing. */
export type Signals = Record<Cause, number>;

/** Of each statistic its memory, the long one beside it and the signals it has had. */
interface Memories {
  readonly short: Float64Array;
  readonly long: Float64Array;
  readonly signals: Float64Array;
}
const LEAST = 1e-9; // of the usual deviation: a ratio of less is one of nothing

/** Fills `out` [STATISTICS.length]; NaN: nothing to say. `scale` is the column's usual deviation. */
export function readStatistics(memories: Memories, from: Signals, scale: number, out: Float64Array): void {
  const { short, long, signals } = memories;
  for (let k = 0; k < STATISTICS.length; k++) {
    const { cause, rows, against } = STATISTICS[k]!;
    const signal = from[cause];
    out[k] = NaN;
    if (signal !== signal) continue;
    signals[k]! += 1;
    short[k]! += rateOf(rows, signals[k]!) * (signal - short[k]!);
    out[k] = short[k]!;
    if (against === undefined) continue;
    long[k]! += rateOf(against, signals[k]!) * (signal - long[k]!);
    const small = LEAST * scale;
    out[k] = signals[k]! < rows ? NaN : log((short[k]! + small) / (long[k]! + small));
  }
}

const rateOf = (rows: number, signals: number): number => Math.max(2 / (rows + 1), 1 / signals);
