// The slow twin of cell.ts: a whole sequence at once, in float64, as a full score matrix under the sliding mask. No ring,
// no cache, no shared kernel: keys are rotated as complex numbers, and the mask is the sentence "q - window < k <= q".
// O(rows^2); for tests only.

import { cos, exp, log, sin } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type AttentionConfig, readAttention } from './params.ts';

type Vector = number[];

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveAttention(
  weights: Weights,
  prefix: string,
  config: AttentionConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, heads, kvHeads, headDim, window, theta } = config;
  const params = readAttention(weights, prefix, config);
  const input = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const project = (w: Float32Array, count: number): Vector[][] =>
    input.map((row) => times(count, (head) => dense(w, row, head * headDim, headDim)));
  const rotated = (perRow: Vector[][]): Vector[][] =>
    perRow.map((perHead, position) => perHead.map((head) => rotate(head, position, theta)));
  const q = rotated(project(params.q, heads));
  const k = rotated(project(params.k, kvHeads));
  const v = project(params.v, kvHeads);

  const output = q.map((queries, t) => {
    const seen = times(rows, (s) => s).filter((s) => t - window < s && s <= t);
    const attended = queries.flatMap((query, head) => {
      const shared = Math.floor((head * kvHeads) / heads);
      const scores = seen.map((s) => dot(query, k[s]![shared]!) / Math.sqrt(headDim));
      const largest = Math.max(...scores);
      const odds = scores.map((score) => exp(score - largest));
      const total = odds.reduce(add, 0);
      return times(
        headDim,
        (i) =>
          dot(
            odds,
            seen.map((s) => v[s]![shared]![i]!),
          ) / total,
      );
    });
    return dense(params.o, attended, 0, dModel);
  });
  return Float64Array.from(output.flat());
}

/** Multiplies pair (i, i + d/2), read as a complex number, by e^(i position theta^(-2i/d)). */
function rotate(head: Vector, position: number, theta: number): Vector {
  const half = head.length / 2;
  const angle = (i: number) => position / exp((i / half) * log(theta));
  return times(head.length, (i) => {
    const pair = i % half;
    const [re, im] = [head[pair]!, head[pair + half]!];
    return i < half ? re * cos(angle(pair)) - im * sin(angle(pair)) : re * sin(angle(pair)) + im * cos(angle(pair));
  });
}

const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dot = (a: Vector, b: Vector): number => a.map((value, i) => value * b[i]!).reduce(add, 0);
const dense = (w: Float32Array, x: Vector, firstRow: number, m: number): Vector =>
  times(m, (i) => x.map((value, j) => w[(firstRow + i) * x.length + j]! * value).reduce(add, 0));
