// Griffin's block on the WebAssembly kernels: the equations of cell.ts, sixteen rows at a time. The gates' blocks are small
// dense layers of their own, turned from x W to W x.

import { packPanels } from '../../kernel/wasm/panels.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { packTaps } from '../../kernel/wasm/taps.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { slotOffsets } from '../state.ts';
import type { RgLruLayout } from './branches.ts';
import type { Affine, RgLruConfig, RgLruParams } from './params.ts';

export function lowerRgLru(
  params: RgLruParams,
  config: RgLruConfig,
  layout: RgLruLayout,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { dModel, lruWidth, heads, dConv } = config;
  const { linearX, linearY, linearOut } = params;
  const slots = slotOffsets(layout);
  const block = lruWidth / heads;

  const intoX = region.matrix(linearX.weight, lruWidth, dModel, linearX.bias);
  const intoY = region.matrix(linearY.weight, lruWidth, dModel, linearY.bias);
  const out = region.matrix(linearOut.weight, dModel, lruWidth, linearOut.bias);
  const convWeight = region.keep(packTaps(params.conv.weight, lruWidth, dConv));
  const convBias = region.keep(params.conv.bias);
  const recurrent = blocks(params.recurrentGate, heads, block, region);
  const input = blocks(params.inputGate, heads, block, region);
  const rate = region.keep(params.rate);

  const wide = (): number => region.floats(LOWERED_ROWS_MAX * lruWidth);
  const [raw, u, gate, r, i] = [wide(), wide(), wide(), wide(), wide()];

  return {
    scan(state, x, y, rows) {
      const n = rows * lruWidth;
      kernels.matmul(intoY.w, intoY.bias, x, gate, lruWidth, dModel, rows);
      kernels.geluTanhInto(gate, gate, n);
      kernels.matmul(intoX.w, intoX.bias, x, raw, lruWidth, dModel, rows);
      kernels.convStep(state + slots.conv, raw, lruWidth, convWeight, convBias, u, lruWidth, dConv, rows);
      kernels.blocksMatmul(recurrent.w, recurrent.bias, u, r, heads, block, rows);
      kernels.blocksMatmul(input.w, input.bias, u, i, heads, block, rows);
      kernels.rgLruStep(state + slots.h, state + slots.started, r, i, u, rate, gate, gate, lruWidth, rows);
      kernels.matmul(out.w, out.bias, gate, y, dModel, lruWidth, rows);
    },
  };
}

/** The blocks of a gate behind each other, each in panels. @param gate weight [heads, in, out], bias [heads, out] */
function blocks(
  gate: Affine,
  heads: number,
  width: number,
  region: Region,
): { readonly w: number; readonly bias: number } {
  const size = width * width;
  const packed = Array.from({ length: heads }, (_, head) => {
    const weight = gate.weight.subarray(head * size, (head + 1) * size);
    const turned = weight.map((__, at) => weight[(at % width) * width + Math.floor(at / width)]!);
    return packPanels(turned, width, width, gate.bias.subarray(head * width, (head + 1) * width));
  });
  return {
    w: region.keep(packed.flatMap(({ panels }) => [...panels])),
    bias: region.keep(packed.flatMap(({ padded }) => [...padded])),
  };
}
