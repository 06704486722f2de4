// The slow twin of cell.ts: a whole sequence at once, in float64, without the recurrence:
//   h_t = sum_{s <= t} a_{s+1} ... a_t b_s,  the product as e to the sum of logs
// Reads the tensors itself, block by block. Shares no kernel with the cell. O(rows^2); for tests only.

import { exp, expm1, sigmoid, softplus, tanh } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { RgLruConfig } from './params.ts';

type Matrix = number[][];

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveRgLru(
  weights: Weights,
  prefix: string,
  config: RgLruConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, lruWidth, heads, dConv } = config;
  const at = (name: string): Float32Array => weights.get(prefix + name)!.data;
  const linear = (name: string, row: readonly number[]): number[] =>
    Array.from(at(`${name}.bias`), (bias, o) =>
      row.reduce((sum, value, i) => sum + value * at(`${name}.weight`)[o * row.length + i]!, bias),
    );
  const input = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const before = input.map((row) => linear('linear_x', row));
  const u = before.map((_, t) =>
    times(lruWidth, (c) => {
      const tap = (j: number) => before[t - dConv + 1 + j]?.[c] ?? 0; // zeros before the first row
      const weight = at('conv_1d.weight');
      return times(dConv, (j) => weight[c * dConv + j]! * tap(j)).reduce(add, at('conv_1d.bias')[c]!);
    }),
  );
  const width = lruWidth / heads;
  const gate = (name: string): Matrix =>
    u.map((row) =>
      row.map((_, c) => {
        const first = c - (c % width);
        const block = row.slice(first, first + width);
        const w = at(`rg_lru.${name}_weight`);
        const products = block.map((value, i) => value * w[(first + i) * width + (c % width)]!);
        return sigmoid(products.reduce(add, at(`rg_lru.${name}_bias`)[c]!));
      }),
    );
  const h = naiveRecurrence(at('rg_lru.recurrent_param'), gate('recurrent_gate'), gate('input_gate'), u);
  const output = h.map((row, t) => {
    const side = linear('linear_y', input[t]!);
    return linear(
      'linear_out',
      row.map((value, c) => value * gelu(side[c]!)),
    );
  });
  return Float64Array.from(output.flat());
}

/** The bare RG-LRU: gates r and i, input x, all [rows, lru] -> h [rows, lru]. */
export function naiveRecurrence(recurrentParam: ArrayLike<number>, r: Matrix, i: Matrix, x: Matrix): Matrix {
  const logA = r.map((row) => row.map((gate, c) => -8 * gate * softplus(recurrentParam[c]!)));
  const b = x.map((row, t) =>
    row.map((value, c) => i[t]![c]! * value * (t === 0 ? 1 : Math.sqrt(-expm1(2 * logA[t]![c]!)))),
  );
  return x.map((row, t) =>
    row.map((_, c) => {
      let h = 0;
      let logDecay = 0;
      for (let s = t; s >= 0; s--) {
        h += exp(logDecay) * b[s]![c]!;
        logDecay += logA[s]![c]!;
      }
      return h;
    }),
  );
}

const gelu = (x: number): number => (x / 2) * (1 + tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
