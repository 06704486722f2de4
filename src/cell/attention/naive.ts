// The slow twin of cell.ts: a whole sequence at once, in float64, as a full score matrix under the sliding mask. No ring,
// no cache, no shared kernel: keys are rotated as complex numbers, and the mask is the sentence "q - window < k <= q".
// An int8 cache is the sentence "keys and values of earlier rows are their nearest 255ths"; rows are rounded to f32 first,
// as the cell's are, or a value on the edge of two steps would fall to the other side. O(rows^2); for tests only.

import { cos, exp, log, sigmoid, sin } from '../../base/math.ts';
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
  const { dModel, heads, kvHeads, headDim, window, qkNorm } = config;
  const params = readAttention(weights, prefix, config);
  const input = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const project = (name: 'q' | 'k' | 'v', count: number, headRows = headDim, from = 0): Vector[][] =>
    input.map((row) => times(count, (j) => dense(params[name], row, j * headRows + from, headDim, params.bias[name])));
  const turned = (perRow: Vector[][], weight?: Float32Array): Vector[][] =>
    perRow.map((perHead, position) =>
      perHead.map((head) => rotate(qkNorm && weight ? norm(head, weight, qkNorm) : head, position, config)),
    );
  const queryRows = config.outputGate ? 2 * headDim : headDim;
  const q = turned(project('q', heads, queryRows), params.norm?.q);
  const k = turned(project('k', kvHeads), params.norm?.k);
  const v = project('v', kvHeads);
  const gates = config.outputGate ? project('q', heads, queryRows, headDim) : undefined;
  const kept = config.cache === 'int8' ? (perRow: Vector[][]) => perRow.map((row) => row.map(nearest)) : same;
  const [keptK, keptV] = [kept(k), kept(v)];

  const output = q.map((queries, t) => {
    const seen = times(rows, (s) => s).filter((s) => t - window < s && s <= t);
    const attended = queries.flatMap((query, head) => {
      const shared = Math.floor((head * kvHeads) / heads);
      const values = seen.map((s) => (s === t ? v : keptV)[s]![shared]!);
      const scores = seen.map((s) => dot(query, (s === t ? k : keptK)[s]![shared]!) / Math.sqrt(headDim));
      const largest = Math.max(...scores);
      const odds = scores.map((score) => exp(score - largest));
      const total = odds.reduce(add, 0);
      return times(headDim, (i) => {
        const mixed = odds.map((odd, s) => odd * values[s]![i]!).reduce(add, 0) / total;
        return gates ? mixed * sigmoid(gates[t]![head]![i]!) : mixed;
      });
    });
    return dense(params.o, attended, 0, dModel, params.bias.o);
  });
  return Float64Array.from(output.flat());
}

/** Multiplies pair (i, i + r/2) of the first r elements, read as a complex number, by e^(i position theta^(-2i/r)). */
function rotate(head: Vector, position: number, { theta, rotaryFactor = 1 }: AttentionConfig): Vector {
  const length = head.length * rotaryFactor;
  const half = length / 2;
  const angle = (i: number) => position / exp((i / half) * log(theta));
  return head.map((value, i) => {
    if (i >= length) return value;
    const pair = i % half;
    const [re, im] = [head[pair]!, head[pair + half]!];
    return i < half ? re * cos(angle(pair)) - im * sin(angle(pair)) : re * sin(angle(pair)) + im * cos(angle(pair));
  });
}

function norm(head: Vector, weight: Float32Array, { eps, plusOne }: { eps: number; plusOne: boolean }): Vector {
  const rms = Math.sqrt(dot(head, head) / head.length + eps);
  return head.map((value, i) => (value / rms) * (weight[i]! + (plusOne ? 1 : 0)));
}

/** A vector on the grid of 127 steps to its largest element. */
function nearest(exact: Vector): Vector {
  const vector = exact.map(Math.fround);
  const step = Math.fround(Math.max(...vector.map(Math.abs)) / 127) || 1;
  return vector.map((value) => Math.max(-127, Math.min(127, Math.round(value / step))) * step);
}

const same = <T>(value: T): T => value;
const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dot = (a: Vector, b: Vector): number => a.map((value, i) => value * b[i]!).reduce(add, 0);
const dense = (w: Float32Array, x: Vector, firstRow: number, m: number, bias?: Float32Array): Vector =>
  times(m, (i) =>
    x.map((value, j) => w[(firstRow + i) * x.length + j]! * value).reduce(add, bias?.[firstRow + i] ?? 0),
  );
