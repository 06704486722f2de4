// The slow twin of hippoCell: the same differential equation, solved row by row with a dense matrix exponential of the
// augmented system [[A, B], [0, 0]] over [c; f]. Shares only the matrices with cell.ts: no fixed-point shift, no stored
// powers, no quadrature. Float64 throughout. For tests.

import { log } from '../../base/math.ts';
import { hippoExpm } from '../../kernel/plain/hippo-expm.ts';
import { hippoLegs, hippoLegt } from '../../kernel/plain/hippo-matrices.ts';
import type { HippoConfig } from './params.ts';

/** x [rows, width] -> y [rows, width * order]. */
export function hippoNaive(config: HippoConfig, x: Float32Array, rows: number): Float64Array {
  const { measure, width, order } = config;
  const { A, B } = measure === 'legs' ? hippoLegs(order) : hippoLegt(order, config.windowRows ?? 0);
  const size = order + 1;
  const system = new Float64Array(size * size);
  for (let n = 0; n < order; n++) {
    for (let k = 0; k < order; k++) system[n * size + k] = A[n * order + k]!;
    system[n * size + order] = B[n]!;
  }
  const y = new Float64Array(rows * width * order);
  for (let channel = 0; channel < width; channel++) {
    let c = new Float64Array(order);
    c[0] = x[channel]!;
    for (let t = 0; t < rows; t++) {
      if (t > 0) {
        // LegS in the time s = ln t: dc/ds = A c + B f.
        const map = hippoExpm(system, size, measure === 'legs' ? log((t + 1) / t) : 1);
        const f = x[t * width + channel]!;
        c = c.map((_, n) => c.reduce((sum, v, k) => sum + map[n * size + k]! * v, map[n * size + order]! * f));
      }
      y.set(c, (t * width + channel) * order);
    }
  }
  return y;
}
