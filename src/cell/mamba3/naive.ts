// The slow twin of cell.ts: a whole sequence at once, in float64, without the recurrence. It is the masked attention form
// (2603.15569, section 3), so an error in the state update cannot hide in both:
//   y_t = sum_{s <= t} exp(A_{s+1} dt_{s+1} + ... + A_t dt_t) w_ts (q_t . k_s) v_s + D v_t
//   w_tt = lam_t dt_t;   w_ts = lam_s dt_s + (1 - lam_{s+1}) dt_{s+1}   for s < t
// Angles are summed without turning back at 2 pi. Shares no kernel with the cell. O(rows^2); for tests only.

import { cos, exp, sigmoid, silu, sin, softplus, tanh } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type Mamba3Config, mamba3Sizes, readMamba3 } from './params.ts';

type Matrix = number[][];

/** What the recurrence is given, for every row: dt after softplus, A < 0, the rest as in_proj gives it. */
export interface Mamba3Core {
  /** [rows][H * N], before the rotation. */
  readonly k: Matrix;
  readonly q: Matrix;
  /** [rows][H * P]. */
  readonly v: Matrix;
  /** [rows][H]. */
  readonly dt: Matrix;
  readonly A: Matrix;
  readonly trap: Matrix;
  /** [rows][H * S]. */
  readonly angles: Matrix;
  readonly D: ArrayLike<number>;
}

/** y [rows][H * P]. */
export function naiveMamba3Core({ k, q, v, dt, A, trap, angles, D }: Mamba3Core): Matrix {
  const heads = D.length;
  const lam = trap.map((row) => row.map(sigmoid));
  const angle: Matrix = [];
  for (const [t, row] of angles.entries()) {
    const pairs = row.length / heads;
    angle.push(row.map((raw, i) => (angle[t - 1]?.[i] ?? 0) + tanh(raw) * Math.PI * dt[t]![Math.floor(i / pairs)]!));
  }
  const rotated = (rows: Matrix): Matrix =>
    rows.map((row, t) => times(heads, (j) => turn(row, angle[t]!, heads, j)).flat());
  const [keys, queries] = [rotated(k), rotated(q)];
  return v.map((now, t) =>
    now.map((value, i) => {
      const head = Math.floor((i * heads) / now.length);
      const n = keys[t]!.length / heads;
      let y = D[head]! * value;
      let elapsed = 0;
      for (let s = t; s >= 0; s--) {
        const score = times(n, (m) => queries[t]![head * n + m]! * keys[s]![head * n + m]!).reduce(add, 0);
        const later = s < t ? (1 - lam[s + 1]![head]!) * dt[s + 1]![head]! : 0;
        y += exp(elapsed) * score * (lam[s]![head]! * dt[s]![head]! + later) * v[s]![i]!;
        elapsed += A[s]![head]! * dt[s]![head]!;
      }
      return y;
    }),
  );
}

/** Head `j` of a row of k or q, its first pairs turned. */
function turn(row: number[], angle: number[], heads: number, j: number): number[] {
  const n = row.length / heads;
  const pairs = angle.length / heads;
  const part = row.slice(j * n, (j + 1) * n);
  return part.map((value, m) => {
    const pair = Math.floor(m / 2);
    if (pair >= pairs) return value;
    const theta = angle[j * pairs + pair]!;
    return m % 2 === 0
      ? cos(theta) * value - sin(theta) * part[m + 1]!
      : sin(theta) * part[m - 1]! + cos(theta) * value;
  });
}

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveMamba3(
  weights: Weights,
  prefix: string,
  config: Mamba3Config,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const sizes = mamba3Sizes(config);
  const { dModel, dState, dInner, heads, headDim, nGroups, pairs, shared, dProj, eps } = sizes;
  const p = readMamba3(weights, prefix, sizes);
  const projected = times(rows, (t) =>
    dense(
      p.inProj,
      times(dModel, (i) => x[t * dModel + i]!),
      dProj,
    ),
  );
  const rms = (v: number[], weight: ArrayLike<number>): number[] => {
    const scale = Math.sqrt(v.map((value) => value * value).reduce(add, 0) / v.length + eps);
    return v.map((value, i) => (value / scale) * weight[i]!);
  };
  const columns = (from: number, count: number): Matrix => projected.map((row) => row.slice(from, from + count));
  const keysOf = (from: number, norm: Float32Array, bias: Float32Array): Matrix =>
    columns(from, shared).map((row) =>
      times(heads, (j) => {
        const first = Math.floor(j / (heads / nGroups)) * dState;
        return rms(row.slice(first, first + dState), norm).map((value, n) => value + bias[j * dState + n]!);
      }).flat(),
    );
  const floor = config.aFloor ?? 1e-4;
  const magnitude = (v: number): number =>
    config.decayFrom === 'softplus' ? softplus(v) : v >= 0 ? 1 + v : 1 / (1 - v);
  const atDt = 2 * dInner + 2 * shared;
  const y = naiveMamba3Core({
    k: keysOf(2 * dInner, p.bNorm, p.bBias),
    q: keysOf(2 * dInner + shared, p.cNorm, p.cBias),
    v: columns(dInner, dInner),
    dt: columns(atDt, heads).map((row) => row.map((value, j) => softplus(value + p.dtBias[j]!))),
    A: columns(atDt + heads, heads).map((row) => row.map((value) => -Math.max(magnitude(value), floor))),
    trap: columns(atDt + 2 * heads, heads),
    angles: columns(atDt + 3 * heads, pairs).map((row) => times(heads, () => row).flat()),
    D: p.D,
  });
  const output = y.map((row, t) => {
    const head = (j: number): number[] => row.slice(j * headDim, (j + 1) * headDim);
    const weight = p.normWeight;
    const normed = weight ? times(heads, (j) => rms(head(j), weight.slice(j * headDim))).flat() : row;
    const gated = normed.map((value, i) => value * silu(projected[t]![i]!));
    return dense(p.outProj, gated, dModel);
  });
  return Float64Array.from(output.flat());
}

const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dense = (w: Float32Array, x: readonly number[], m: number): number[] =>
  times(m, (i) => x.map((value, j) => w[i * x.length + j]! * value).reduce(add, 0));
