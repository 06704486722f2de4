// Gated linear attention on the WebAssembly kernels: the equations of cell.ts, sixteen rows at a time. The projections take all
// rows of a call at once, the recurrence goes through them one by one inside its kernel.

import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import type { GlaConfig, GlaParams } from './params.ts';

/** S is the only slot of the state. */
export function lowerGla(params: GlaParams, config: GlaConfig, { kernels }: Simd, region: Region): Lowered {
  const { dModel, heads, headKDim, headVDim, gateRank, gateNormalizer, eps } = config;
  const [keys, values] = [heads * headKDim, heads * headVDim];

  const qProj = region.matrix(params.q, keys, dModel);
  const kProj = region.matrix(params.k, keys, dModel);
  const vProj = region.matrix(params.v, values, dModel);
  const gateProj = region.matrix(params.gate, values, dModel);
  const decayDown = region.matrix(params.decayDown, gateRank, dModel);
  const decayUp = region.matrix(params.decayUp, keys, gateRank, params.decayBias);
  const out = region.matrix(params.o, dModel, values);
  const norm = region.keep(params.normWeight);

  const wide = (n: number): number => region.floats(LOWERED_ROWS_MAX * n);
  const [q, k, decay, low] = [wide(keys), wide(keys), wide(keys), wide(gateRank)];
  const [v, gate, mixed] = [wide(values), wide(values), wide(values)];

  return {
    scan(state, x, y, rows) {
      kernels.matmul(qProj.w, qProj.bias, x, q, keys, dModel, rows);
      kernels.matmul(kProj.w, kProj.bias, x, k, keys, dModel, rows);
      kernels.matmul(vProj.w, vProj.bias, x, v, values, dModel, rows);
      kernels.matmul(gateProj.w, gateProj.bias, x, gate, values, dModel, rows);
      kernels.matmul(decayDown.w, decayDown.bias, x, low, gateRank, dModel, rows);
      kernels.matmul(decayUp.w, decayUp.bias, low, decay, keys, gateRank, rows);
      kernels.sigmoidPowerInto(decay, 1 / gateNormalizer, decay, rows * keys);
      kernels.glaStep(state, decay, q, k, v, mixed, heads, headKDim, headVDim, rows);
      kernels.normThenGate(mixed, gate, values, norm, heads, headVDim, eps, rows);
      kernels.matmul(out.w, out.bias, mixed, y, dModel, values, rows);
    },
  };
}
