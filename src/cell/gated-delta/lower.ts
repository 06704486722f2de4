// Gated DeltaNet on the WebAssembly kernels: the equations of cell.ts, sixteen rows at a time. The projections take all rows of a
// call at once, the convolution and the recurrence go through them one by one inside their kernels.

import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { packTaps } from '../../kernel/wasm/taps.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { slotOffsets } from '../state.ts';
import { type GatedDeltaConfig, type GatedDeltaParams, gatedDeltaWidths } from './params.ts';
import type { GatedDeltaLayout } from './wy.ts';

/** Of the norm of queries and keys. */
const UNIT_EPS = 1e-6;

export function lowerGatedDelta(
  params: GatedDeltaParams,
  config: GatedDeltaConfig,
  layout: GatedDeltaLayout,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { keys, values, dMixed, dProj } = gatedDeltaWidths(config);
  const { dModel, keyHeads, valueHeads, headKDim, headVDim, dConv, eps } = config;
  const { conv, S } = slotOffsets(layout);
  const shared = valueHeads / keyHeads;
  const betaMax = config.allowNegEigval ? 2 : 1;

  const inProj = region.matrix(params.inProj, dProj, dModel);
  const outProj = region.matrix(params.outProj, dModel, values);
  const convWeight = region.keep(packTaps(params.convWeight, dMixed, dConv));
  const noBias = region.floats(dMixed);
  const A = region.keep(params.A);
  const dtBias = region.keep(params.dtBias);
  const norm = region.keep(params.normWeight);

  // Rows of in_proj are [q k v | z | b | a]; the convolution's are [q | k | v].
  const wide = (n: number): number => region.floats(LOWERED_ROWS_MAX * n);
  const [projected, mixed, attended] = [wide(dProj), wide(dMixed), wide(values)];
  const [beta, dt, decay] = [wide(valueHeads), wide(valueHeads), wide(valueHeads)];
  const z = projected + 4 * dMixed;
  const b = z + 4 * values;
  const a = b + 4 * valueHeads;
  const k = mixed + 4 * keys;
  const v = k + 4 * keys;

  return {
    scan(state, x, y, rows) {
      kernels.matmul(inProj.w, inProj.bias, x, projected, dProj, dModel, rows);
      kernels.convStep(state + conv, projected, dProj, convWeight, noBias, mixed, dMixed, dConv, rows);
      kernels.siluInto(mixed, mixed, rows * dMixed);
      kernels.unitHeads(mixed, dMixed, 2 * keyHeads, headKDim, UNIT_EPS, rows);
      kernels.sigmoidRows(b, dProj, betaMax, beta, valueHeads, rows);
      kernels.ssdDt(a, dProj, dtBias, A, 0, Infinity, dt, decay, valueHeads, rows);
      // biome-ignore format: one call a line
      kernels.gatedDeltaStep(state + S, decay, beta, mixed, k, v, dMixed, attended, valueHeads, shared, headKDim, headVDim, rows);
      kernels.normThenGate(attended, z, dProj, norm, valueHeads, headVDim, eps, rows);
      kernels.matmul(outProj.w, outProj.bias, attended, y, dModel, values, rows);
    },
  };
}
