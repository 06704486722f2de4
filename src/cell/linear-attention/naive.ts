// The slow twin of cell.ts: attention as it is written, over all rows at once, in float64, with no state:
//   y_t = sum_{s <= t} w_ts v_s / (sum_{s <= t} w_ts + eps),   w_ts = phi(q_t) . phi(k_s)
// Reads the tensors itself; shares no kernel with the cell. O(rows^2); for tests only.

import { exp } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { LinearAttentionConfig } from './params.ts';

type Matrix = readonly (readonly number[])[];

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveLinearAttention(
  weights: Weights,
  prefix: string,
  config: LinearAttentionConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, heads, headKDim, headVDim, eps } = config;
  const input = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const dense = (name: string, row: readonly number[]): number[] => {
    const w = weights.get(`${prefix}${name}.weight`)!;
    return times(w.shape[0]!, (o) => row.reduce((sum, value, i) => sum + w.data[o * row.length + i]! * value, 0));
  };
  const headsOf = (name: string, width: number): Matrix[] => {
    const all = input.map((row) => dense(name, row));
    return times(heads, (head) => all.map((row) => row.slice(head * width, (head + 1) * width)));
  };
  const [q, k, v] = [headsOf('q_proj', headKDim), headsOf('k_proj', headKDim), headsOf('v_proj', headVDim)];
  const mixed = times(heads, (head) => naiveMix(q[head]!, k[head]!, v[head]!, eps));
  return Float64Array.from(
    input.flatMap((_, t) =>
      dense(
        'o_proj',
        mixed.flatMap((head) => head[t]!),
      ),
    ),
  );
}

/** One head, before phi: q, k [rows, headKDim], v [rows, headVDim] -> [rows, headVDim]. */
export function naiveMix(q: Matrix, k: Matrix, v: Matrix, eps: number): number[][] {
  const phi = (x: number): number => (x > 0 ? x + 1 : exp(x));
  return q.map((query, t) => {
    const w = k.slice(0, t + 1).map((key) => key.reduce((sum, value, i) => sum + phi(value) * phi(query[i]!), 0));
    const norm = w.reduce((sum, weight) => sum + weight, eps);
    return v[0]!.map((_, j) => w.reduce((sum, weight, s) => sum + weight * v[s]![j]!, 0) / norm);
  });
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
