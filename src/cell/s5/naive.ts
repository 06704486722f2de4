// The slow twin of s5Cell: no recurrence. What the input of row j gives to row t is written down directly,
//   y_t = sum_j factor Re(C e^(Lambda step T_tj) b_j (B u_j)) + D u_t,   T_tj = time from row j to row t,
// for rows at any times. The bilinear rule has a power in place of the exponential. Float64, O(rows^2).

import { cos, exp, log, sigmoid, sin, tanh } from '../../base/math.ts';
import type { S5Config, S5Params } from './params.ts';

type Complex = readonly [re: number, im: number];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const over = ([a, b]: Complex, [c, d]: Complex): Complex => {
  const norm = c * c + d * d;
  return [(a * c + b * d) / norm, (b * c - a * d) / norm];
};
const cexp = ([re, im]: Complex): Complex => [exp(re) * cos(im), exp(re) * sin(im)];
const power = (a: Complex, n: number): Complex => (n === 0 ? [1, 0] : times(a, power(a, n - 1)));

type Numbers = Omit<{ readonly [K in keyof S5Params]: ArrayLike<number> }, 'out1' | 'out2'>;

/** [transition over the time between rows j and t, what enters at row j] of mode p; dt in rows. */
function response(config: S5Config, params: Numbers, p: number, times_: readonly number[], j: number, t: number) {
  const lambda: Complex = [params.lambdaRe[p]!, params.lambdaIm[p]!];
  const step = params.step[p]!;
  if (config.method === 'zoh') {
    const between = step * (times_[t]! - times_[j]!);
    const own = step * (times_[j]! - (j > 0 ? times_[j - 1]! : 0));
    const grown = cexp([own * lambda[0], own * lambda[1]]);
    const enters = over([grown[0] - 1, grown[1]], lambda);
    return [cexp([between * lambda[0], between * lambda[1]]), enters] as const;
  }
  const below: Complex = [1 - (step / 2) * lambda[0], (-step / 2) * lambda[1]];
  const a = over([1 + (step / 2) * lambda[0], (step / 2) * lambda[1]], below);
  return [power(a, t - j), over([step, 0], below)] as const;
}

/** The SSM alone: x [rows, H] -> y [rows, H]. @param gaps [rows] time before each row, in rows (zoh only; default 1) */
export function s5SsmNaive(
  config: S5Config,
  params: Numbers,
  x: ArrayLike<number>,
  rows: number,
  gaps: ArrayLike<number> = new Float64Array(rows).fill(1),
): Float64Array {
  const { dModel, modes } = config;
  const factor = config.conjSym ? 2 : 1;
  let now = 0;
  const clock = Array.from(gaps, (gap) => (now += gap));
  const y = new Float64Array(rows * dModel);
  for (let t = 0; t < rows; t++) {
    for (let p = 0; p < modes; p++) {
      let h: Complex = [0, 0];
      for (let j = 0; j <= t; j++) {
        let u: Complex = [0, 0];
        for (let k = 0; k < dModel; k++) {
          const value = x[j * dModel + k]!;
          u = [u[0] + params.BRe[p * dModel + k]! * value, u[1] + params.BIm[p * dModel + k]! * value];
        }
        const [grows, enters] = response(config, params, p, clock, j, t);
        const part = times(grows, times(enters, u));
        h = [h[0] + part[0], h[1] + part[1]];
      }
      for (let k = 0; k < dModel; k++) {
        y[t * dModel + k]! += factor * times([params.CRe[k * modes + p]!, params.CIm[k * modes + p]!], h)[0];
      }
    }
    for (let k = 0; k < dModel; k++) y[t * dModel + k]! += params.D[k]! * x[t * dModel + k]!;
  }
  return y;
}

const gelu = (v: number): number => 0.5 * v * (1 + tanh(exp(0.5 * log(2 / Math.PI)) * (v + 0.044715 * v * v * v)));

/** The layer: x [rows, H] -> [rows, H]. */
export function s5Naive(config: S5Config, params: S5Params, x: Float32Array, rows: number): Float64Array {
  const { dModel, output } = config;
  const ssm = s5SsmNaive(config, params, x, rows);
  if (output === 'none') return ssm;
  const active = ssm.map(gelu);
  if (output === 'gelu') return active;
  const linear = ({ weight, bias }: NonNullable<S5Params['out2']>, i: number): number => {
    const [row, out] = [i - (i % dModel), i % dModel];
    let sum = bias[out]!;
    for (let k = 0; k < dModel; k++) sum += weight[out * dModel + k]! * active[row + k]!;
    return sum;
  };
  return ssm.map((value, i) => {
    const passed = output === 'half_glu2' ? value : output === 'half_glu1' ? active[i]! : linear(params.out1!, i);
    return passed * sigmoid(linear(params.out2!, i));
  });
}
