// A word's prototype out of a few recordings of it: where the trunk stood at the word's end, on average, in deviations from other
// speech; and the threshold that lies between what the recordings score among themselves, each against the others, and what
// other speech scores. The arithmetic at run time: operator/match-words.

import type { TrunkRows } from './trunk-rows.ts';

/** Hops that a mean is taken over: as long as the spotter's own. */
export const HOPS = 12;
/** The end is looked for so many hops around where the sound ends; the trunk is surest 100 ms behind it. */
const SEARCH_HOPS = 25;
const BEHIND_END_HOPS = 10;
const RANGE_NATS = 4.6; // 20 dB
const ROUNDS = 4;
/** Of the way from other speech's best to the tenth part of the recordings that scores least. */
const THRESHOLD_SHARE = 0.6;
const MARGIN_MIN = 0.02;

export interface Background {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

export interface MadePrototype {
  readonly direction: Float64Array;
  readonly threshold: number;
  /** What each recording scores against the others, ascending; the best of other speech. */
  readonly among: readonly number[];
  readonly other: number;
}

/** Mean and deviation of each value of the trunk, its rows averaged as they will be. */
export function backgroundOf(other: TrunkRows): Background {
  const { width } = other;
  const means = windowMeans(other);
  const mean = new Float64Array(width);
  const deviation = new Float64Array(width);
  for (const row of means) for (let i = 0; i < width; i++) mean[i]! += row[i]! / means.length;
  for (const row of means) for (let i = 0; i < width; i++) deviation[i]! += (row[i]! - mean[i]!) ** 2 / means.length;
  return { mean, deviation: deviation.map((value) => Math.sqrt(value) + 1e-3) };
}

export function makePrototype(
  recordings: readonly TrunkRows[],
  other: TrunkRows,
  background: Background,
): MadePrototype {
  const placed = recordings.map((rows) => directions(rows, background));
  let ends = recordings.map((rows) => Math.min(rows.loud.length - 1, soundEnd(rows.loud) + BEHIND_END_HOPS));
  /** Sum of where all recordings stand at their ends, but for one. */
  const sumWithout = (left: number): Float64Array => {
    const sum = new Float64Array(background.mean.length);
    for (const [i, rows] of placed.entries()) {
      if (i !== left) for (let k = 0; k < sum.length; k++) sum[k]! += rows[ends[i]!]![k]!;
    }
    return sum;
  };
  for (let round = 0; round < ROUNDS; round++) {
    ends = placed.map((rows, i) => bestNear(rows, sumWithout(i), ends[i]!));
  }
  const direction = unit(sumWithout(-1));
  const among = placed.map((rows, i) => bestScore(rows, unit(sumWithout(i)))).sort((a, b) => a - b);
  const against = bestScore(directions(other, background), direction);
  const least = among[Math.floor(among.length / 10)]!;
  const threshold = Math.max(against + MARGIN_MIN, against + THRESHOLD_SHARE * (least - against));
  return { direction, threshold: Math.min(0.99, Math.max(0.05, threshold)), among, other: against };
}

/** The best mean cosine of as many hops as the spotter takes. */
export function bestScore(rows: readonly Float64Array[], direction: Float64Array): number {
  const cosines = rows.map((row) => dot(row, direction));
  let best = -1;
  for (let hop = HOPS; hop <= cosines.length; hop++) {
    best = Math.max(best, cosines.slice(hop - HOPS, hop).reduce((sum, value) => sum + value, 0) / HOPS);
  }
  return best;
}

/** Where the trunk stands at each hop: unit vectors of the means of the last hops, in deviations. */
export function directions(rows: TrunkRows, { mean, deviation }: Background): Float64Array[] {
  return windowMeans(rows).map((row) => unit(row.map((value, i) => (value - mean[i]!) / deviation[i]!)));
}

/** [hops] means of the last HOPS rows; rows before the first are zeros. */
function windowMeans({ rows, width, loud }: TrunkRows): Float64Array[] {
  return Array.from(loud, (_, hop) => {
    const mean = new Float64Array(width);
    for (let past = Math.max(0, hop - HOPS + 1); past <= hop; past++) {
      for (let i = 0; i < width; i++) mean[i]! += rows[past * width + i]! / HOPS;
    }
    return mean;
  });
}

function soundEnd(loud: Float32Array): number {
  const cut = loud.reduce((max, value) => Math.max(max, value), -Infinity) - RANGE_NATS;
  return loud.findLastIndex((value) => value >= cut);
}

function bestNear(rows: readonly Float64Array[], direction: Float64Array, end: number): number {
  let best = end;
  for (let hop = Math.max(0, end - SEARCH_HOPS); hop <= Math.min(rows.length - 1, end + SEARCH_HOPS); hop++) {
    if (dot(rows[hop]!, direction) > dot(rows[best]!, direction)) best = hop;
  }
  return best;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector)) + 1e-9;
  return vector.map((value) => value / length);
}
