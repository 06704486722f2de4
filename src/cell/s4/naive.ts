// The slow twin of s4Cell: A written out as a dense real matrix on [Re x, Im x], the bilinear step by Gaussian elimination, no
// Woodbury, no FFT. Float64, N^2 a row and channel.

import { sigmoid } from '../../base/math.ts';
import { gelu } from '../../kernel/plain/s4d-gelu.ts';
import type { S4Config, S4Params } from './params.ts';

type Matrix = number[][];

/** x with m x = b for every column of b. */
function solve(m: Matrix, b: Matrix): Matrix {
  const rows = m.map((row, i) => [...row, ...b[i]!]);
  const size = m.length;
  for (let k = 0; k < size; k++) {
    const best = rows.reduce((at, row, i) => (i > k && Math.abs(row[k]!) > Math.abs(rows[at]![k]!) ? i : at), k);
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    for (let i = 0; i < size; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      rows[i] = rows[i]!.map((value, j) => value - factor * rows[k]![j]!);
    }
  }
  return rows.map((row, i) => row.slice(size).map((value) => value / row[i]!));
}

/** [A_bar, B_bar] of one channel, A_bar = (I - dt/2 A)^-1 (I + dt/2 A), B_bar = (I - dt/2 A)^-1 dt B. */
export function s4Discrete({ dState }: S4Config, params: S4Params, channel: number): { A: Matrix; B: number[] } {
  const modes = dState / 2;
  const i0 = channel * modes;
  const all = Array.from({ length: dState }, (_, i) => i);
  // P^* x = 2 (P_re . x_re + P_im . x_im), a real number that goes to both parts of P.
  const p = all.map((i) => (i < modes ? params.PRe[i0 + i]! : params.PIm[i0 + i - modes]!));
  const b = all.map((i) => (i < modes ? params.BRe[i0 + i]! : params.BIm[i0 + i - modes]!));
  const A = all.map((i) =>
    all.map((k) => {
      const n = i0 + (i % modes);
      if (i % modes !== k % modes) return -2 * p[i]! * p[k]!;
      const turn = i === k ? params.lambdaRe[n]! : i < k ? -params.lambdaIm[n]! : params.lambdaIm[n]!;
      return turn - 2 * p[i]! * p[k]!;
    }),
  );
  const half = params.dt[channel]! / 2;
  const unit = (i: number, k: number): number => (i === k ? 1 : 0);
  const minus = A.map((row, i) => row.map((value, k) => unit(i, k) - half * value));
  const plus = A.map((row, i) => [...row.map((value, k) => unit(i, k) + half * value), 2 * half * b[i]!]);
  const solved = solve(minus, plus);
  return { A: solved.map((row) => row.slice(0, dState)), B: solved.map((row) => row[dState]!) };
}

/** x [rows, dModel] -> y [rows, dModel]; `states`, when given, collects [rows, dModel, dState]. */
export function s4Naive(
  config: S4Config,
  params: S4Params,
  x: ArrayLike<number>,
  rows: number,
  states: number[] = [],
): Float64Array {
  const { dModel, dState, output } = config;
  const y = new Float64Array(rows * dModel);
  for (let channel = 0; channel < dModel; channel++) {
    const { A, B } = s4Discrete(config, params, channel);
    let h = new Array<number>(dState).fill(0);
    for (let t = 0; t < rows; t++) {
      const u = x[t * dModel + channel]!;
      h = A.map((row, i) => row.reduce((sum, a, k) => sum + a * h[k]!, B[i]! * u));
      for (const [i, value] of h.entries()) states[(t * dModel + channel) * dState + i] = value;
      const s = h.reduce((sum, v, i) => sum + params.rows[channel * dState + i]! * v, params.D[channel]! * u);
      y[t * dModel + channel] = output === 'none' ? s : gelu(s);
    }
  }
  if (output !== 'glu') return y;
  return y.map((_, i) => {
    const channel = i % dModel;
    const row = y.subarray(i - channel, i - channel + dModel);
    const linear = (out: number): number =>
      row.reduce((sum, v, k) => sum + params.outWeight![out * dModel + k]! * v, params.outBias![out]!);
    return linear(channel) * sigmoid(linear(dModel + channel));
  });
}
