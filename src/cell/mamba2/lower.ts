// Mamba-2 on the WebAssembly kernels: the equations of cell.ts, sixteen rows at a time. The projections take all rows of a call
// at once, the convolution and the recurrence go through them one by one inside their kernels.

import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { packTaps } from '../../kernel/wasm/taps.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { slotOffsets } from '../state.ts';
import { type Mamba2Config, type Mamba2Layout, type Mamba2Params, mamba2Sizes } from './params.ts';

export function lowerMamba2(
  params: Mamba2Params,
  config: Mamba2Config,
  layout: Mamba2Layout,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { dInner, heads, dMixed, dProj } = mamba2Sizes(config);
  const { dModel, dState, dConv, headDim, nGroups, eps } = config;
  const [dtMin, dtMax] = config.dtLimit;
  const normGroups = config.normOver === 'group' ? nGroups : 1;
  const { conv, ssm } = slotOffsets(layout);
  const rowsMax = LOWERED_ROWS_MAX;

  const inProj = region.matrix(params.inProj, dProj, dModel, params.inProjBias);
  const outProj = region.matrix(params.outProj, dModel, dInner, params.outProjBias);
  const convWeight = region.keep(packTaps(params.convWeight, dMixed, dConv));
  const convBias = region.keep(params.convBias);
  const dtBias = region.keep(params.dtBias);
  const A = region.keep(params.A);
  const D = region.keep(params.D);
  const norm = region.keep(params.normWeight);

  // Rows of in_proj are [z | x B C | dt]; the convolution's are [x B C], each as wide as said.
  const projected = region.floats(rowsMax * dProj);
  const mixed = region.floats(rowsMax * dMixed);
  const inner = region.floats(rowsMax * dInner);
  const dt = region.floats(rowsMax * heads);
  const decay = region.floats(rowsMax * heads);
  const rawMixed = projected + 4 * dInner;
  const rawDt = rawMixed + 4 * dMixed;
  const B = mixed + 4 * dInner;
  const C = B + 4 * nGroups * dState;

  return {
    scan(state, x, y, rows) {
      kernels.matmul(inProj.w, inProj.bias, x, projected, dProj, dModel, rows);
      kernels.convStep(state + conv, rawMixed, dProj, convWeight, convBias, mixed, dMixed, dConv, rows);
      kernels.siluInto(mixed, mixed, rows * dMixed);
      kernels.ssdDt(rawDt, dProj, dtBias, A, dtMin, dtMax, dt, decay, heads, rows);
      kernels.ssdStep(state + ssm, dt, decay, mixed, B, C, dMixed, D, inner, heads, headDim, dState, nGroups, rows);
      kernels.gatedRmsNorm(inner, projected, dProj, norm, dInner, normGroups, eps, rows);
      kernels.matmul(outProj.w, outProj.bias, inner, y, dModel, dInner, rows);
    },
  };
}
