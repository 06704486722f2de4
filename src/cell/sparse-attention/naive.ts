// The slow twin of cell.ts: a whole sequence at once, in float64, as a full score matrix under a mask that is the paper's
// sentence. No slots, no lists, no shared kernel. O(rows^2); for tests only.

import { cos, exp, log, sin } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { readSparseAttention, type SparseAttentionConfig } from './params.ts';

type Vector = number[];

/** Whether row i sees row j, in a stream of any length: what is older than the declared length is gone. */
export function sees(config: SparseAttentionConfig, i: number, j: number): boolean {
  const { pattern, stride, summaries = 1, rowsMax } = config;
  if (j > i) return false;
  if (pattern === 'strided') return i - j < rowsMax && (i - j < stride || (i - j) % stride === 0);
  const blocksBack = Math.floor(i / stride) - Math.floor(j / stride);
  return blocksBack === 0 || (blocksBack < Math.ceil(rowsMax / stride) && j % stride >= stride - summaries);
}

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveSparseAttention(
  weights: Weights,
  prefix: string,
  config: SparseAttentionConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, heads, kvHeads, headDim, theta } = config;
  const params = readSparseAttention(weights, prefix, config);
  const input = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const project = (w: Float32Array, count: number): Vector[][] =>
    input.map((row) => times(count, (head) => dense(w, row, head * headDim, headDim)));
  const turned = (perRow: Vector[][]): Vector[][] =>
    theta === undefined ? perRow : perRow.map((perHead, t) => perHead.map((head) => rotate(head, t, theta)));
  const q = turned(project(params.q, heads));
  const k = turned(project(params.k, kvHeads));
  const v = project(params.v, kvHeads);

  const output = q.map((queries, t) => {
    const seen = times(rows, (s) => s).filter((s) => sees(config, t, s));
    const attended = queries.flatMap((query, head) => {
      const shared = Math.floor((head * kvHeads) / heads);
      const scores = seen.map((s) => dot(query, k[s]![shared]!) / Math.sqrt(headDim));
      const odds = scores.map((score) => exp(score - Math.max(...scores)));
      const total = odds.reduce(add, 0);
      return times(headDim, (i) => odds.map((odd, n) => odd * v[seen[n]!]![shared]![i]!).reduce(add, 0) / total);
    });
    return dense(params.o, attended, 0, dModel);
  });
  return Float64Array.from(output.flat());
}

/** Multiplies pair (i, i + d/2), read as a complex number, by e^(i position theta^(-2i/d)). */
function rotate(head: Vector, position: number, theta: number): Vector {
  const half = head.length / 2;
  return head.map((_, i) => {
    const pair = i % half;
    const angle = position / exp((pair / half) * log(theta));
    const [re, im] = [head[pair]!, head[pair + half]!];
    return i < half ? re * cos(angle) - im * sin(angle) : re * sin(angle) + im * cos(angle);
  });
}

const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dot = (a: Vector, b: Vector): number => a.map((value, i) => value * b[i]!).reduce(add, 0);
const dense = (w: Float32Array, x: Vector, firstRow: number, m: number): Vector =>
  times(m, (i) => x.map((value, j) => w[(firstRow + i) * x.length + j]! * value).reduce(add, 0));
