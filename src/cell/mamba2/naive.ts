// The slow twin of cell.ts: a whole sequence at once, in float64, without the recurrence. It is the masked attention form
// of the same function (2405.21060, section 3.2), so an error in the state update cannot hide in both:
//   y_t = sum_{s <= t} exp(A (dt_{s+1} + ... + dt_t)) (C_t . B_s) dt_s x_s + D x_t
// Shares no kernel with the cell. O(rows^2); for tests only.

import { exp, silu, softplus } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type Mamba2Config, mamba2Sizes, readMamba2 } from './params.ts';

type Matrix = number[][];

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveMamba2(
  weights: Weights,
  prefix: string,
  config: Mamba2Config,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, dConv, eps, nGroups, normOver } = config;
  const { dInner, heads, dMixed, dProj } = mamba2Sizes(config);
  const params = readMamba2(weights, prefix, config);
  const [dtMin, dtMax] = config.dtLimit;
  const input: Matrix = times(rows, (t) => times(dModel, (i) => x[t * dModel + i]!));
  const projected = input.map((row) => dense(params.inProj, row, dProj, params.inProjBias));
  const mixed = projected.map((_, t) =>
    times(dMixed, (c) => {
      const tap = (j: number) => projected[t - dConv + 1 + j]?.[dInner + c] ?? 0; // zeros before the first row
      const filtered = times(dConv, (j) => params.convWeight[c * dConv + j]! * tap(j)).reduce(add, params.convBias[c]!);
      return silu(filtered);
    }),
  );
  const dt = projected.map((row) =>
    times(heads, (j) => Math.min(dtMax, Math.max(dtMin, softplus(row[dInner + dMixed + j]! + params.dtBias[j]!)))),
  );
  const output = attend(config, params.A, params.D, mixed, dt).map((y, t) => {
    const gated = y.map((value, i) => value * silu(projected[t]![i]!));
    const size = normOver === 'group' ? dInner / nGroups : dInner;
    const normed = gated.map((g, i) => {
      const first = i - (i % size);
      const squares = gated.slice(first, first + size).map((value) => value * value);
      return (g / Math.sqrt(squares.reduce(add, 0) / size + eps)) * params.normWeight[i]!;
    });
    return dense(params.outProj, normed, dModel, params.outProjBias);
  });
  return Float64Array.from(output.flat());
}

/** The sequence mixing: mixed [rows, E + 2GN] and dt [rows, H] -> y [rows, E]. */
function attend(config: Mamba2Config, A: Float64Array, D: Float32Array, mixed: Matrix, dt: Matrix): Matrix {
  const { dState, headDim, nGroups } = config;
  const { dInner, heads } = mamba2Sizes(config);
  return mixed.map((now, t) =>
    times(dInner, (i) => {
      const head = Math.floor(i / headDim);
      const b = dInner + Math.floor((head * nGroups) / heads) * dState;
      const c = b + nGroups * dState;
      let y = D[head]! * now[i]!;
      let elapsed = 0;
      for (let s = t; s >= 0; s--) {
        const then = mixed[s]!;
        const score = times(dState, (n) => now[c + n]! * then[b + n]!).reduce(add, 0);
        y += exp(A[head]! * elapsed) * score * dt[s]![head]! * then[i]!;
        elapsed += dt[s]![head]!;
      }
      return y;
    }),
  );
}

const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dense = (w: Float32Array, x: readonly number[], m: number, bias?: Float32Array): number[] =>
  times(m, (i) => x.map((value, j) => w[i * x.length + j]! * value).reduce(add, bias?.[i] ?? 0));
