// What is watched in a column, a number per row each: short memories of its level, spread and rate of change, of the size and of
// the direction of what its one-step forecast did not expect, and of its deviation from its time of day and hour of the week.
// Whether a number is unusual is surprise.ts' business. Memories are exponential: O(1) a row, constant in size; one over `rows`
// forgets at 2 / (rows + 1), as a mean over so many rows does.

/** What an alarm can be about, in words; a detection carries the place in this list. */
export const CAUSES = ['level', 'spread', 'rate', 'error', 'drift', 'day', 'week'] as const;
export type Cause = (typeof CAUSES)[number];

export interface Statistic {
  readonly cause: Cause;
  readonly rows: number;
  /** The surprise that one row in a thousand reached on the development half of the benchmark, without its labels: counts as 1. */
  readonly usual: number;
}

export const STATISTICS: readonly Statistic[] = [
  { cause: 'level', rows: 8, usual: 1.97 },
  { cause: 'level', rows: 32, usual: 1.27 },
  { cause: 'level', rows: 128, usual: 0.702 },
  { cause: 'spread', rows: 64, usual: 1.03 },
  { cause: 'spread', rows: 128, usual: 0.778 },
  { cause: 'rate', rows: 64, usual: 1.77 },
  { cause: 'rate', rows: 128, usual: 1.18 },
  { cause: 'error', rows: 8, usual: 2.64 },
  { cause: 'drift', rows: 32, usual: 1.95 },
  { cause: 'drift', rows: 128, usual: 1.06 },
  { cause: 'day', rows: 4, usual: 2.68 },
  { cause: 'day', rows: 16, usual: 1.72 },
  { cause: 'day', rows: 48, usual: 1.19 },
  { cause: 'week', rows: 4, usual: 2.75 },
  { cause: 'week', rows: 16, usual: 1.97 },
  { cause: 'week', rows: 48, usual: 1.36 },
];

/** What one value brings to each kind of statistic; NaN: nothing. */
export type Signals = Record<Cause, number>;

/** Of each statistic its memory, its second moment and the signals it has had. */
interface Memories {
  readonly short: Float64Array;
  readonly square: Float64Array;
  readonly seen: Float64Array;
}

/** Fills `out` [STATISTICS.length]; NaN: nothing to say. */
export function readStatistics({ short, square, seen }: Memories, signals: Signals, out: Float64Array): void {
  for (let k = 0; k < STATISTICS.length; k++) {
    const { cause, rows } = STATISTICS[k]!;
    const signal = signals[cause];
    out[k] = NaN;
    if (signal !== signal) continue;
    seen[k]! += 1;
    const rate = Math.max(2 / (rows + 1), 1 / seen[k]!);
    const deviation = signal - short[k]!;
    short[k]! += rate * deviation;
    if (cause === 'spread') {
      square[k] = (1 - rate) * (square[k]! + rate * deviation * deviation);
      out[k] = Math.sqrt(square[k]!);
    } else out[k] = short[k]!;
  }
}
