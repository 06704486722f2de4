// Mamba on the WebAssembly kernels: the equations of cell.ts, sixteen rows at a time. The projections take all rows of a call
// at once, the convolution and the recurrence go through them one by one inside their kernels. r has a projection of its own,
// so that its rows lie close for dt_proj; A is stored times log2(e), because 2^x costs less than e^x.

import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { packTaps } from '../../kernel/wasm/taps.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { slotOffsets } from '../state.ts';
import type { MambaConfig, MambaLayout, MambaParams } from './params.ts';

export function lowerMamba(
  params: MambaParams,
  config: MambaConfig,
  layout: MambaLayout,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { dModel, dInner, dState, dConv, dtRank } = config;
  const { conv, ssm } = slotOffsets(layout);
  const normSelected = selectedNorms(params, config, kernels, region);
  const dSelected = 2 * dState;
  const rowsMax = LOWERED_ROWS_MAX;

  const inProj = region.matrix(params.inProj, 2 * dInner, dModel, params.inProjBias);
  const outProj = region.matrix(params.outProj, dModel, dInner, params.outProjBias);
  const rProj = region.matrix(params.xProj.subarray(0, dtRank * dInner), dtRank, dInner);
  const bcProj = region.matrix(params.xProj.subarray(dtRank * dInner), dSelected, dInner);
  const dtProj = region.matrix(params.dtProj, dInner, dtRank, params.dtBias);
  const convWeight = region.keep(packTaps(params.convWeight, dInner, dConv));
  const convBias = region.keep(params.convBias);
  const A = region.keep(params.A.map((rate) => rate * Math.LOG2E));
  const D = region.keep(params.D);

  // Rows of in_proj are [x | z], of bcProj [B | C].
  const projected = region.floats(rowsMax * 2 * dInner);
  const mixed = region.floats(rowsMax * dInner);
  const r = region.floats(rowsMax * dtRank);
  const B = region.floats(rowsMax * dSelected);
  const dt = region.floats(rowsMax * dInner);
  const inner = region.floats(rowsMax * dInner);
  const z = projected + 4 * dInner;
  const C = B + 4 * dState;

  return {
    scan(state, x, y, rows) {
      kernels.matmul(inProj.w, inProj.bias, x, projected, 2 * dInner, dModel, rows);
      kernels.convStep(state + conv, projected, 2 * dInner, convWeight, convBias, mixed, dInner, dConv, rows);
      kernels.siluInto(mixed, mixed, rows * dInner);
      kernels.matmul(rProj.w, rProj.bias, mixed, r, dtRank, dInner, rows);
      kernels.matmul(bcProj.w, bcProj.bias, mixed, B, dSelected, dInner, rows);
      normSelected?.(r, B, rows);
      kernels.matmul(dtProj.w, dtProj.bias, r, dt, dInner, dtRank, rows);
      kernels.softplusInto(dt, dt, rows * dInner);
      kernels.selectiveStep(state + ssm, dt, A, mixed, B, C, dSelected, D, inner, dInner, dState, rows);
      kernels.gateRows(inner, z, 2 * dInner, dInner, rows);
      kernels.matmul(outProj.w, outProj.bias, inner, y, dModel, dInner, rows);
    },
  };
}

/** Of r [rows, R] and of the halves of [B | C], in place; undefined where the mixer has none. */
function selectedNorms(
  { norms }: MambaParams,
  { dState, dtRank, selectNorm }: MambaConfig,
  kernels: Simd['kernels'],
  region: Region,
): ((r: number, selected: number, rows: number) => void) | undefined {
  if (!norms || !selectNorm) return undefined;
  const { eps } = selectNorm;
  const [ofR, ofB, ofC] = [region.keep(norms.r), region.keep(norms.B), region.keep(norms.C)];
  return (r, selected, rows) => {
    kernels.rmsNorm(r, ofR, r, dtRank, eps, rows);
    for (let row = 0; row < rows; row++) {
      const B = selected + 8 * dState * row;
      const C = B + 4 * dState;
      kernels.rmsNorm(B, ofB, B, dState, eps, 1);
      kernels.rmsNorm(C, ofC, C, dState, eps, 1);
    }
  };
}
