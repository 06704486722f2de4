// The slow twins: whole sequences in float64 without a state, each output a sum over all rows seen:
//   y_t = sum_{s < t} (r_t . w_{s+1} ... w_{t-1} k_s) v_s + (r_t . u k_t) v_t
// Reads the low-rank pairs as the file has them, so a wrong turn in params.ts cannot hide in both. Shares no kernel with
// the cells. O(rows^2); for tests only.

import { exp, sigmoid, silu, tanh } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import { type Rwkv6Config, readChannelMix } from './params.ts';

type Row = readonly number[];
type Matrix = readonly Row[];

/** Time mixing: x [rows, D] from the start state -> y [rows, D]. */
export function naiveRwkv6(
  weights: Weights,
  prefix: string,
  config: Rwkv6Config,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel: D, headDim: N } = config;
  const raw = (name: string, m: number): Matrix => matrix(weights.get(prefix + name)!.data, m);
  const vector = (name: string): Row => raw(name, 1)[0]!;
  const square = (name: string): Matrix => matrix(tensor(weights, `${prefix}${name}.weight`, [D, D]), D);
  const input = matrix(x, rows);
  const before = (t: number): Row => input[t - 1] ?? times(D, () => 0);
  const shifted = (t: number, mix: Row): Row => input[t]!.map((now, i) => now + mix[i]! * (before(t)[i]! - now));
  const low = input.map((_, t) => vecmat(shifted(t, vector('time_maa_x')), raw('time_maa_w1', D)).map(tanh));
  const rank = low[0]!.length / 5;
  const stream = (name: string, at: number): Matrix => {
    const base = vector(`time_maa_${name}`);
    const ups = raw('time_maa_w2', 5 * rank).slice(at * rank, (at + 1) * rank);
    return input.map((_, t) => {
      const added = vecmat(low[t]!.slice(at * rank, (at + 1) * rank), ups);
      return shifted(
        t,
        added.map((value, i) => value + base[i]!),
      );
    });
  };
  const w = stream('w', 0).map((row) => {
    const inner = vecmat(row, raw('time_decay_w1', D)).map(tanh);
    const added = vecmat(inner, raw('time_decay_w2', inner.length));
    return vector('time_decay').map((value, i) => exp(-exp(value + added[i]!)));
  });
  const k = stream('k', 1).map((row) => matvec(square('key'), row));
  const v = stream('v', 2).map((row) => matvec(square('value'), row));
  const r = stream('r', 3).map((row) => matvec(square('receptance'), row));
  const gate = stream('g', 4).map((row) => matvec(square('gate'), row).map(silu));
  const u = vector('time_faaaa');
  const headed = times(D / N, (h) => {
    const part = (m: Matrix): Matrix => m.map((row) => row.slice(h * N, (h + 1) * N));
    return naiveWkv6(part(r), part(w), part(k), part(v), u.slice(h * N, (h + 1) * N)).map(standardised);
  });
  const output = input.map((_, t) => {
    const normed = headed.flatMap((head) => head[t]!);
    const gated = normed.map((y, i) => (y * vector('ln_x.weight')[i]! + vector('ln_x.bias')[i]!) * gate[t]![i]!);
    return matvec(square('output'), gated);
  });
  return Float64Array.from(output.flat());
}

/** The bare operator of one head: r, w, k [rows][key], v [rows][value], u [key] -> [rows][value]. w are factors. */
export function naiveWkv6(r: Matrix, w: Matrix, k: Matrix, v: Matrix, u: Row): Matrix {
  return r.map((query, t) => {
    let reach = query; // r_t * w_{s+1} ... w_{t-1}
    let y = v[t]!.map((value) => sum(query.map((q, i) => q * u[i]! * k[t]![i]!)) * value);
    for (let s = t - 1; s >= 0; s--) {
      const score = sum(reach.map((q, i) => q * k[s]![i]!));
      y = y.map((value, j) => value + score * v[s]![j]!);
      reach = reach.map((q, i) => q * w[s]![i]!);
    }
    return y;
  });
}

/** Channel mixing: x [rows, D] from the start state -> y [rows, D]. */
export function naiveRwkv6ChannelMix(
  weights: Weights,
  prefix: string,
  config: Rwkv6Config,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel: D, dHidden: F } = config;
  const p = readChannelMix(weights, prefix, config);
  const input = matrix(x, rows);
  const output = input.map((row, t) => {
    const mixed = (mix: Float32Array): Row => row.map((now, i) => now + mix[i]! * ((input[t - 1]?.[i] ?? 0) - now));
    const hidden = matvec(matrix(p.key, F), mixed(p.mixKey)).map((value) => Math.max(0, value));
    const gate = matvec(matrix(p.receptance, D), mixed(p.mixReceptance)).map(sigmoid);
    const value = hidden.map((h) => h * h);
    return matvec(matrix(p.value, D), value).map((y, i) => y * gate[i]!);
  });
  return Float64Array.from(output.flat());
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const sum = (row: Row): number => row.reduce((a, b) => a + b, 0);
const matvec = (w: Matrix, x: Row): number[] => w.map((row) => sum(row.map((value, j) => value * x[j]!)));
const vecmat = (x: Row, w: Matrix): number[] => w[0]!.map((_, j) => sum(x.map((value, i) => value * w[i]![j]!)));
const matrix = (data: ArrayLike<number>, m: number): Matrix => {
  const k = data.length / m;
  return times(m, (i) => times(k, (j) => data[i * k + j]!));
};
/** (row - mean) / sqrt(variance + 64e-5). */
const standardised = (row: Row): number[] => {
  const mean = sum(row) / row.length;
  const variance = sum(row.map((value) => (value - mean) * (value - mean))) / row.length;
  return row.map((value) => (value - mean) / Math.sqrt(variance + 64e-5));
};
