// The slow twin of s4dCell: no state at all, a causal convolution with the kernel K_l = 2 Re(sum_n C_n b_n a_n^l).
// a^l is taken in polar form and the gate in plain loops, so only the parameters are shared with cell.ts. Float64, O(rows^2).

import { cos, exp, log, sigmoid, sin } from '../../base/math.ts';
import { gelu } from '../../kernel/plain/s4d-gelu.ts';
import type { S4dConfig, S4dParams } from './params.ts';

type Complex = readonly [re: number, im: number];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const over = ([a, b]: Complex, [c, d]: Complex): Complex => {
  const norm = c * c + d * d;
  return [(a * c + b * d) / norm, (b * c - a * d) / norm];
};

/** a^l: the modulus by logarithm, the angle by l turns of the unit vector. */
function power(a: Complex, l: number): Complex {
  let turned: Complex = [1, 0];
  const modulus = Math.sqrt(a[0] * a[0] + a[1] * a[1]);
  if (modulus === 0) return l === 0 ? [1, 0] : [0, 0];
  const unit: Complex = [a[0] / modulus, a[1] / modulus];
  for (let i = 0; i < l; i++) turned = times(turned, unit);
  const size = exp(l * log(modulus));
  return [size * turned[0], size * turned[1]];
}

/** K of one channel, [rows]. */
export function s4dKernel(config: S4dConfig, params: S4dParams, channel: number, rows: number): Float64Array {
  const modes = config.dState / 2;
  const dt = params.dt[channel]!;
  const K = new Float64Array(rows);
  for (let n = channel * modes; n < (channel + 1) * modes; n++) {
    const A: Complex = [params.ARe[n]!, params.AIm[n]!];
    const z: Complex = [dt * A[0], dt * A[1]];
    const C: Complex = [params.CRe[n]!, params.CIm[n]!];
    const below: Complex = [1 - z[0] / 2, -z[1] / 2];
    const zoh: Complex = [exp(z[0]) * cos(z[1]), exp(z[0]) * sin(z[1])];
    const a = config.method === 'zoh' ? zoh : over([1 + z[0] / 2, z[1] / 2], below);
    const b = config.method === 'zoh' ? over([zoh[0] - 1, zoh[1]], A) : over([dt, 0], below);
    for (let l = 0; l < rows; l++) K[l]! += 2 * times(times(C, b), power(a, l))[0];
  }
  return K;
}

/** x [rows, dModel] -> y [rows, dModel]. */
export function s4dNaive(config: S4dConfig, params: S4dParams, x: Float32Array, rows: number): Float64Array {
  const { dModel, output } = config;
  const y = new Float64Array(rows * dModel);
  for (let channel = 0; channel < dModel; channel++) {
    const K = s4dKernel(config, params, channel, rows);
    for (let t = 0; t < rows; t++) {
      let sum = params.D[channel]! * x[t * dModel + channel]!;
      for (let l = 0; l <= t; l++) sum += K[l]! * x[(t - l) * dModel + channel]!;
      y[t * dModel + channel] = output === 'none' ? sum : gelu(sum);
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
