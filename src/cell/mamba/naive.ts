// The slow twin of cell.ts: a whole sequence at once, in float64, without the recurrence. h is unrolled into the sum over
// all earlier rows, so an error in the state update cannot hide in both:
//   y_t = sum_{s <= t} sum_n C_tn exp(A_n (dt_{s+1} + ... + dt_t)) B_sn dt_s x_s + D x_t      channel by channel
// Shares no kernel with the cell. O(rows^2); for tests only.

import { exp, silu, softplus } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type MambaConfig, readMamba } from './params.ts';

type Matrix = number[][];

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveMamba(
  weights: Weights,
  prefix: string,
  config: MambaConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, dInner, dState, dConv, dtRank, selectNorm } = config;
  const p = readMamba(weights, prefix, config);
  const input: Matrix = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const projected = input.map((row) => dense(p.inProj, row, 2 * dInner, p.inProjBias));
  const mixed: Matrix = projected.map((_, t) =>
    times(dInner, (c) => {
      const tap = (j: number) => projected[t - dConv + 1 + j]?.[c] ?? 0; // zeros before the first row
      return silu(times(dConv, (j) => p.convWeight[c * dConv + j]! * tap(j)).reduce(add, p.convBias[c]!));
    }),
  );
  const normed = (v: number[], weight?: Float32Array): number[] => {
    if (!selectNorm) return v;
    const rms = Math.sqrt(v.map((value) => value * value).reduce(add, 0) / v.length + selectNorm.eps);
    return v.map((value, i) => (value / rms) * weight![i]!);
  };
  const selected = mixed.map((row) => dense(p.xProj, row, dtRank + 2 * dState));
  const dt = selected.map((row) =>
    dense(p.dtProj, normed(row.slice(0, dtRank), p.norms?.r), dInner, p.dtBias).map(softplus),
  );
  const B = selected.map((row) => normed(row.slice(dtRank, dtRank + dState), p.norms?.B));
  const C = selected.map((row) => normed(row.slice(dtRank + dState), p.norms?.C));
  const output = mixed.map((now, t) => {
    const y = now.map((value, c) => {
      let sum = p.D[c]! * value;
      let elapsed = 0;
      for (let s = t; s >= 0; s--) {
        for (let n = 0; n < dState; n++) {
          sum += C[t]![n]! * exp(p.A[c * dState + n]! * elapsed) * B[s]![n]! * dt[s]![c]! * mixed[s]![c]!;
        }
        elapsed += dt[s]![c]!;
      }
      return sum * silu(projected[t]![dInner + c]!);
    });
    return dense(p.outProj, y, dModel, p.outProjBias);
  });
  return Float64Array.from(output.flat());
}

const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dense = (w: Float32Array, x: readonly number[], m: number, bias?: Float32Array): number[] =>
  times(m, (i) => x.map((value, j) => w[i * x.length + j]! * value).reduce(add, bias?.[i] ?? 0));
