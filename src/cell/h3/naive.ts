// The slow twin of h3Cell: no state, two sums over the whole past per row. The shift SSM as its taps, the diagonal one as the
// kernel K_l = 2 Re(sum_n C_n b_n a_n^l) with a^l in polar form. Float64, O(rows^2).

import { cos, exp, log, sin } from '../../base/math.ts';
import type { H3Config, H3Params } from './params.ts';

type Complex = readonly [re: number, im: number];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const over = ([a, b]: Complex, [c, d]: Complex): Complex => {
  const norm = c * c + d * d;
  return [(a * c + b * d) / norm, (b * c - a * d) / norm];
};

type Long = { readonly [K in 'dt' | 'ARe' | 'AIm' | 'CRe' | 'CIm']: ArrayLike<number> };

/** K of one head, [rows]. */
export function h3Kernel({ dState, method }: H3Config, params: Long, head: number, rows: number): Float64Array {
  const modes = dState / 2;
  const K = new Float64Array(rows);
  const dt = params.dt[head]!;
  for (let n = head * modes; n < (head + 1) * modes; n++) {
    const A: Complex = [params.ARe[n]!, params.AIm[n]!];
    const C: Complex = [params.CRe[n]!, params.CIm[n]!];
    const below: Complex = [1 - (dt / 2) * A[0], (-dt / 2) * A[1]];
    const grown: Complex = [exp(dt * A[0]) * cos(dt * A[1]), exp(dt * A[0]) * sin(dt * A[1])];
    const a = method === 'zoh' ? grown : over([1 + (dt / 2) * A[0], (dt / 2) * A[1]], below);
    const b = method === 'zoh' ? over([grown[0] - 1, grown[1]], A) : over([dt, 0], below);
    const modulus = Math.sqrt(a[0] * a[0] + a[1] * a[1]);
    let turned: Complex = [1, 0];
    for (let l = 0; l < rows; l++) {
      const size = exp(l * log(modulus));
      K[l]! += 2 * times(times(C, b), [size * turned[0], size * turned[1]])[0];
      turned = times(turned, [a[0] / modulus, a[1] / modulus]);
    }
  }
  return K;
}

/** Mixer without its linear layers: q, k, v [rows, dModel] -> [rows, dModel]. @param taps [dModel, N], newest last */
export function h3MixNaive(
  config: H3Config,
  params: Long & { readonly shiftTaps: ArrayLike<number>; readonly D: ArrayLike<number> },
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, dState, headDim } = config;
  const heads = dModel / headDim;
  const shifted = new Float64Array(rows * dModel).map((_, i) => {
    const [t, channel] = [Math.floor(i / dModel), i % dModel];
    let sum = 0;
    for (let l = 0; l < dState && l <= t; l++) {
      sum += params.shiftTaps[(channel + 1) * dState - 1 - l]! * k[(t - l) * dModel + channel]!;
    }
    return sum;
  });
  const y = new Float64Array(rows * dModel);
  for (let head = 0; head < heads; head++) {
    const K = h3Kernel(config, params, head, rows);
    for (let c = head * headDim; c < (head + 1) * headDim; c++) {
      for (let e = 0; e < headDim; e++) {
        const product = (t: number): number => shifted[t * dModel + c]! * v[t * dModel + head * headDim + e]!;
        for (let t = 0; t < rows; t++) {
          let sum = params.D[head]! * product(t);
          for (let l = 0; l <= t; l++) sum += K[l]! * product(t - l);
          y[t * dModel + e * heads + head]! += q[t * dModel + c]! * sum;
        }
      }
    }
  }
  return y;
}

/** x [rows, dModel] -> y [rows, dModel]. */
export function h3Naive(config: H3Config, params: H3Params, x: Float32Array, rows: number): Float64Array {
  const { dModel } = config;
  const linear = (weight: Float32Array, bias: Float32Array, from: number, input: ArrayLike<number>): Float64Array =>
    new Float64Array(rows * dModel).map((_, i) => {
      const [row, out] = [i - (i % dModel), from + (i % dModel)];
      let sum = bias[out]!;
      for (let j = 0; j < dModel; j++) sum += weight[out * dModel + j]! * input[row + j]!;
      return sum;
    });
  const [q, k, v] = [0, 1, 2].map((part) => linear(params.qkvWeight, params.qkvBias, part * dModel, x)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return linear(params.outWeight, params.outBias, 0, h3MixNaive(config, params, q, k, v, rows));
}
