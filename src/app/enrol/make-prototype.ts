// A word's prototype out of a few recordings of it: the way the embedding took to the word's end, on average, in quiet and in noise;
// and the threshold that lies between what recordings score that were left out and what running speech scores. The embedding is
// such that running speech has mean 0 and covariance 1 in it, so that a cosine is a distance from other speech in all directions
// alike (train/README.md). The arithmetic at run time: operator/match-words.

import type { TrunkRows } from './trunk-rows.ts';

/** Hops that a mean is taken over: as long as the spotter's own. */
export const HOPS = 12;
/** A way is where that mean stands now, 150 and 300 ms ago: most of a word, whatever was said before it. As in train/background.py. */
export const LAGS = [0, 15, 30] as const;
/** The end is looked for so many hops around where the sound ends; the trunk is surest 100 ms behind it. */
const SEARCH_HOPS = 25;
const BEHIND_END_HOPS = 10;
const RANGE_NATS = 4.6; // 20 dB
const ROUNDS = 4;
/** Recordings are left out a quarter at a time. */
const PARTS = 4;
/** Other speech's score: the mean of so many rows of the background that come nearest. */
const NEAREST = 4;
/** Of the way from other speech's score to the tenth part of the recordings that scores least. */
const THRESHOLD_SHARE = 0.75;

/** One recording, and the same sound in noise: hop by hop alike. */
export interface Recorded {
  readonly quiet: TrunkRows;
  readonly noisy: readonly TrunkRows[];
}

/** [rows][lags * width] ways of running speech. */
export type Background = readonly Float64Array[];

export interface MadePrototype {
  readonly direction: Float64Array;
  readonly threshold: number;
  /** What each recording scores against the others, ascending. */
  readonly among: readonly number[];
  /** What other speech comes to. */
  readonly other: number;
}

interface Placed {
  readonly quiet: readonly Float64Array[];
  readonly noisy: readonly (readonly Float64Array[])[];
}

export function makePrototype(recordings: readonly Recorded[], background: Background): MadePrototype {
  const placed = recordings.map(({ quiet, noisy }) => ({ quiet: directions(quiet), noisy: noisy.map(directions) }));
  const ends = alignedEnds(
    placed,
    recordings.map(({ quiet }) => Math.min(quiet.loud.length - 1, soundEnd(quiet.loud) + BEHIND_END_HOPS)),
  );
  const direction = prototypeOf(placed, ends, () => true);
  const among = placed
    .map((one, i) =>
      bestScore(
        one.quiet,
        prototypeOf(placed, ends, (k) => k % PARTS !== i % PARTS),
      ),
    )
    .sort((a, b) => a - b);
  const nearest = background.map((row) => dot(row, direction)).sort((a, b) => b - a);
  const other = nearest.slice(0, NEAREST).reduce((sum, score) => sum + score, 0) / Math.min(NEAREST, nearest.length);
  const least = among[Math.floor(among.length / 10)]!;
  const threshold = other + THRESHOLD_SHARE * Math.max(0, least - other);
  return { direction, threshold: Math.min(0.99, Math.max(0.05, threshold)), among, other };
}

/** Ends at which the recordings are most alike, each moved towards the others a few times. */
function alignedEnds(placed: readonly Placed[], first: readonly number[]): number[] {
  let ends = [...first];
  for (let round = 0; round < ROUNDS; round++) {
    const sum = sumOf(placed.map(({ quiet }, i) => quiet[ends[i]!]!));
    ends = placed.map(({ quiet }, i) => {
      const others = sum.map((value, k) => value - quiet[ends[i]!]![k]!);
      return bestNear(quiet, others, ends[i]!);
    });
  }
  return ends;
}

function prototypeOf(placed: readonly Placed[], ends: readonly number[], take: (i: number) => boolean): Float64Array {
  const rows = placed.flatMap(({ quiet, noisy }, i) => (take(i) ? [quiet, ...noisy].map((all) => all[ends[i]!]!) : []));
  return unit(sumOf(rows));
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

/** The way at each hop [lags * width], of length 1, each place of the same length; rows before the first are zeros. */
export function directions({ rows, width, loud }: TrunkRows): Float64Array[] {
  const places = Array.from(loud, (_, hop) => {
    const mean = new Float64Array(width);
    for (let past = Math.max(0, hop - HOPS + 1); past <= hop; past++) {
      for (let i = 0; i < width; i++) mean[i]! += rows[past * width + i]! / HOPS;
    }
    return unit(mean);
  });
  const share = 1 / Math.sqrt(LAGS.length);
  return places.map((_, hop) => {
    const way = new Float64Array(LAGS.length * width);
    for (const [k, lag] of LAGS.entries()) {
      const place = places[hop - lag];
      for (let i = 0; place && i < width; i++) way[k * width + i] = share * place[i]!;
    }
    return way;
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

function sumOf(rows: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(rows[0]!.length);
  for (const row of rows) for (let k = 0; k < sum.length; k++) sum[k]! += row[k]!;
  return sum;
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector)) + 1e-9;
  return vector.map((value) => value / length);
}
