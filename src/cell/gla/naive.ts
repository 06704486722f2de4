// The slow twin of cell.ts: a whole sequence at once, in float64, with no state:
//   o_t = headKDim^-1/2 sum_{s <= t} sum_i q_ti k_si e^(g_{s+1,i} + ... + g_ti) v_s
// Reads the tensors itself; shares no kernel with the cell. O(rows^2); for tests only.

import { exp, log, sigmoid, silu } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { GlaConfig } from './params.ts';

type Matrix = readonly (readonly number[])[];

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveGla(
  weights: Weights,
  prefix: string,
  config: GlaConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, heads, headKDim, headVDim, gateNormalizer, eps } = config;
  const at = (name: string): Float32Array => weights.get(prefix + name)!.data;
  const input = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const dense = (name: string, row: readonly number[], out: number): number[] =>
    times(out, (o) => row.reduce((sum, value, i) => sum + at(`${name}.weight`)[o * row.length + i]! * value, 0));
  const project = (name: string, width: number): Matrix => input.map((row) => dense(name, row, heads * width));
  const head = (all: Matrix, n: number, width: number): Matrix =>
    all.map((row) => row.slice(n * width, (n + 1) * width));

  const [q, k] = [project('q_proj', headKDim), project('k_proj', headKDim)];
  const [v, gate] = [project('v_proj', headVDim), project('g_proj', headVDim)];
  const g = input.map((row) =>
    dense('gk_proj.1', dense('gk_proj.0', row, config.gateRank), heads * headKDim).map(
      (raw, i) => log(sigmoid(raw + at('gk_proj.1.bias')[i]!)) / gateNormalizer,
    ),
  );
  const mixed = times(heads, (n) =>
    naiveGlaMix(head(q, n, headKDim), head(k, n, headKDim), head(v, n, headVDim), head(g, n, headKDim)),
  );
  const output = input.map((_, t) => {
    const gated = mixed.flatMap((all, n) => {
      const row = all[t]!;
      const rms = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / headVDim + eps);
      return row.map(
        (value, j) => (value / rms) * at('g_norm_swish_gate.weight')[j]! * silu(gate[t]![n * headVDim + j]!),
      );
    });
    return dense('o_proj', gated, dModel);
  });
  return Float64Array.from(output.flat());
}

/** One head: q, k, g [rows, headKDim], v [rows, headVDim] -> o [rows, headVDim]. */
export function naiveGlaMix(q: Matrix, k: Matrix, v: Matrix, g: Matrix): number[][] {
  const scale = 1 / Math.sqrt(q[0]!.length);
  return q.map((query, t) => {
    const out = v[0]!.map(() => 0);
    const elapsed = query.map(() => 0);
    for (let s = t; s >= 0; s--) {
      const score = query.reduce((sum, value, i) => sum + value * k[s]![i]! * exp(elapsed[i]!), 0);
      for (let j = 0; j < out.length; j++) out[j] = out[j]! + scale * score * v[s]![j]!;
      for (let i = 0; i < elapsed.length; i++) elapsed[i] = elapsed[i]! + g[s]![i]!;
    }
    return out;
  });
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
