// Linear attention on the WebAssembly kernels: the equations of cell.ts, sixteen rows at a time. Projections and feature map are
// float32, the sums of the state stay float64.

import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { slotOffsets } from '../state.ts';
import type { LinearAttentionLayout } from './chunked.ts';
import type { LinearAttentionConfig, LinearAttentionParams } from './params.ts';

export function lowerLinearAttention(
  params: LinearAttentionParams,
  config: LinearAttentionConfig,
  layout: LinearAttentionLayout,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { dModel, heads, headKDim, headVDim, eps } = config;
  const [keys, values] = [heads * headKDim, heads * headVDim];
  const { S, z } = slotOffsets(layout);

  const qProj = region.matrix(params.q, keys, dModel);
  const kProj = region.matrix(params.k, keys, dModel);
  const vProj = region.matrix(params.v, values, dModel);
  const out = region.matrix(params.o, dModel, values);

  const wide = (n: number): number => region.floats(LOWERED_ROWS_MAX * n);
  const [q, k, v, mixed] = [wide(keys), wide(keys), wide(values), wide(values)];

  return {
    scan(state, x, y, rows) {
      kernels.matmul(qProj.w, qProj.bias, x, q, keys, dModel, rows);
      kernels.matmul(kProj.w, kProj.bias, x, k, keys, dModel, rows);
      kernels.matmul(vProj.w, vProj.bias, x, v, values, dModel, rows);
      kernels.eluPlusOneInto(q, q, rows * keys);
      kernels.eluPlusOneInto(k, k, rows * keys);
      kernels.linearAttentionStep(state + S, state + z, q, k, v, mixed, eps, heads, headKDim, headVDim, rows);
      kernels.matmul(out.w, out.bias, mixed, y, dModel, values, rows);
    },
  };
}
