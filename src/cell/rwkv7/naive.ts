// The slow twins: whole sequences in float64 without a state. The delta rule is unrolled backwards: with the transition
// M_t = diag(w_t) - kk_t (kk_t a_t)^T each output is a sum over the rows seen, the query carried back through every M:
//   y_t = sum_{s <= t} v_s (k_s . M_{s+1} ... M_t r_t)
// Reads the low-rank pairs as the file has them, so a wrong turn in params.ts cannot hide in both. O(rows^2); for tests.

import { exp, sigmoid, tanh } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type Rwkv7Config, readChannelMix } from './params.ts';

type Row = readonly number[];
type Matrix = readonly Row[];

/** Time mixing: [rows, dIn] from the start state -> [rows, dOut], with v_first beside x or y as in cell.ts. */
export function naiveRwkv7(
  weights: Weights,
  prefix: string,
  { dModel: D, headDim: N, first }: Rwkv7Config,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const raw = (name: string, m: number): Matrix => matrix(weights.get(prefix + name)!.data, m);
  const vector = (name: string): Row => raw(name, 1)[0]!;
  const whole = matrix(x, rows);
  const input = whole.map((row) => row.slice(0, D));
  const stream = (name: string): Matrix => shifted(input, vector(`x_${name}`));
  const project = (name: string, from: Matrix): Matrix => from.map((row) => matvec(raw(`${name}.weight`, D), row));
  const lowRank = (letter: string, from: Matrix, f: (value: number) => number): Matrix =>
    from.map((row) => {
      const inner = vecmat(row, raw(`${letter}1`, D)).map(f);
      return vecmat(inner, raw(`${letter}2`, inner.length));
    });
  const same = (value: number): number => value;
  const plus = (rows: Matrix, base: Row): Matrix => rows.map((row) => row.map((value, i) => value + base[i]!));

  const r = project('receptance', stream('r'));
  const w = each(plus(lowRank('w', stream('w'), tanh), vector('w0')), (z) => exp(-exp(-0.5) * sigmoid(z)));
  const a = each(plus(lowRank('a', stream('a'), same), vector('a0')), sigmoid);
  const gate = lowRank('g', stream('g'), sigmoid);
  const key = project('key', stream('k'));
  const k = key.map((row, t) => row.map((value, i) => value * (1 + (a[t]![i]! - 1) * vector('k_a')[i]!)));
  const erase = key.map((row) => row.map((value, i) => value * vector('k_k')[i]!));
  let v = project('value', stream('v'));
  if (!first) {
    const share = each(plus(lowRank('v', stream('v'), same), vector('v0')), sigmoid);
    v = v.map((row, t) => row.map((value, i) => value + (whole[t]![D + i]! - value) * share[t]![i]!));
  }
  const headed = times(D / N, (h) => {
    const part = (m: Matrix): Matrix => m.map((row) => row.slice(h * N, (h + 1) * N));
    const unit = part(erase).map((row) => row.map((value) => value / Math.max(1e-12, Math.sqrt(dot(row, row)))));
    const [rh, kh, vh, bonus] = [part(r), part(k), part(v), raw('r_k', D / N)[h]!];
    const [weight, bias] = ['ln_x.weight', 'ln_x.bias'].map((name) => vector(name).slice(h * N, (h + 1) * N));
    return naiveWkv7(rh, part(w), kh, vh, unit, part(a)).map((y, t) => {
      const query = rh[t]!.map((value, i) => value * bonus[i]!);
      const own = dot(query, kh[t]!);
      return standardised(y).map((value, i) => value * weight![i]! + bias![i]! + own * vh[t]![i]!);
    });
  });
  const mixed = input.map((_, t) => headed.flatMap((head) => head[t]!).map((value, i) => value * gate[t]![i]!));
  const output = project('output', mixed).map((row, t) => (first ? [...row, ...v[t]!] : row));
  return Float64Array.from(output.flat());
}

/** The bare operator of one head, all [rows][N]: w factors, kk unit keys -> [rows][N]. */
export function naiveWkv7(r: Matrix, w: Matrix, k: Matrix, v: Matrix, kk: Matrix, a: Matrix): Matrix {
  return r.map((query, t) => {
    let z = query;
    let y: Row = query.map(() => 0);
    for (let s = t; s >= 0; s--) {
      const score = dot(k[s]!, z);
      y = y.map((value, j) => value + score * v[s]![j]!);
      const erased = dot(
        kk[s]!.map((value, i) => value * a[s]![i]!),
        z,
      );
      z = z.map((value, i) => w[s]![i]! * value - kk[s]![i]! * erased);
    }
    return y;
  });
}

/** Channel mixing: x [rows, D] from the start state -> y [rows, D]. */
export function naiveRwkv7ChannelMix(
  weights: Weights,
  prefix: string,
  config: Rwkv7Config,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const p = readChannelMix(weights, prefix, config);
  const output = shifted(matrix(x, rows), [...p.mixKey]).map((row) => {
    const hidden = matvec(matrix(p.key, config.dHidden), row).map((value) => Math.max(0, value));
    return matvec(
      matrix(p.value, config.dModel),
      hidden.map((h) => h * h),
    );
  });
  return Float64Array.from(output.flat());
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dot = (a: Row, b: Row): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const each = (m: Matrix, f: (value: number) => number): Matrix => m.map((row) => row.map(f));
const matvec = (w: Matrix, x: Row): number[] => w.map((row) => dot(row, x));
const vecmat = (x: Row, w: Matrix): number[] =>
  w[0]!.map((_, j) =>
    dot(
      x,
      w.map((row) => row[j]!),
    ),
  );
const matrix = (data: ArrayLike<number>, m: number): Matrix => {
  const k = data.length / m;
  return times(m, (i) => times(k, (j) => data[i * k + j]!));
};
/** x + mix (previous x - x), zeros before the first row. */
const shifted = (x: Matrix, mix: Row): Matrix =>
  x.map((row, t) => row.map((now, i) => now + mix[i]! * ((x[t - 1]?.[i] ?? 0) - now)));
/** (row - mean) / sqrt(variance + 64e-5). */
const standardised = (row: Row): number[] => {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const centred = row.map((value) => value - mean);
  return centred.map((value) => value / Math.sqrt(dot(centred, centred) / row.length + 64e-5));
};
