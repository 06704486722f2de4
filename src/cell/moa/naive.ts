// The slow twin of cell.ts, the way upstream lays it out: the queries of the chosen experts side by side, largest gate
// first, query head j reads key head j mod kvHeads, and a full score matrix under the mask. float64, O(rows^2); for tests.

import { cos, exp, log, sin } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type MoaConfig, readMoa } from './params.ts';

type Vector = number[];

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveMoa(
  weights: Weights,
  prefix: string,
  config: MoaConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, kvHeads, headDim, chosen, window, theta } = config;
  const params = readMoa(weights, prefix, config);
  const width = kvHeads * headDim;
  const input = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const heads = (row: Vector): Vector[] =>
    times(row.length / headDim, (j) => row.slice(j * headDim, (j + 1) * headDim));
  const kv = input.map((row) => dense(params.kv, row));
  const k = kv.map((row, t) => heads(row.slice(0, width)).map((head) => rotate(head, t, theta)));
  const v = kv.map((row) => heads(row.slice(width)));

  const output = input.map((row, t) => {
    const logits = dense(params.router, row);
    const order = logits.map((_, e) => e).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const picked = order.slice(0, chosen);
    const odds = softmax(picked.map((e) => logits[e]!));
    const queries = picked.flatMap((e) => heads(dense(params.q[e]!, row)).map((head) => rotate(head, t, theta)));
    const seen = times(rows, (s) => s).filter((s) => t - window < s && s <= t);
    const attended = queries.flatMap((query, j) => {
      const scores = softmax(seen.map((s) => dot(query, k[s]![j % kvHeads]!) / Math.sqrt(headDim)));
      return times(headDim, (i) => scores.map((score, n) => score * v[seen[n]!]![j % kvHeads]![i]!).reduce(add, 0));
    });
    const made = picked.map((e, slot) => dense(params.o[e]!, attended.slice(slot * width, (slot + 1) * width)));
    return times(dModel, (i) => made.map((y, slot) => odds[slot]! * y[i]!).reduce(add, params.bias[i]!));
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

function softmax(scores: Vector): Vector {
  const odds = scores.map((score) => exp(score - Math.max(...scores)));
  const total = odds.reduce(add, 0);
  return odds.map((odd) => odd / total);
}

const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dot = (a: Vector, b: Vector): number => a.map((value, i) => value * b[i]!).reduce(add, 0);
const dense = (w: Float32Array, x: Vector): Vector =>
  times(w.length / x.length, (i) => x.map((value, j) => w[i * x.length + j]! * value).reduce(add, 0));
