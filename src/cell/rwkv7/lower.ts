// RWKV-7 on the WebAssembly kernels: the equations of cell.ts and channel-mix.ts, sixteen rows at a time. The projections take all rows
// of a call at once, the recurrence goes through them one by one inside its kernel. Whole layers: lower-blocks.ts.

import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd, SimdKernels } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { slotOffsets } from '../state.ts';
import {
  type ChannelMixParams,
  HEAD_EPS,
  type LowRank,
  type Rwkv7Config,
  type Rwkv7Layout,
  type TimeMixParams,
} from './params.ts';

/** Dense layers, one after another, on rows in the kernel memory. */
type Into = (x: number, y: number, rows: number) => void;

export function lowerRwkv7(
  params: TimeMixParams,
  config: Rwkv7Config,
  layout: Rwkv7Layout,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const { dModel, headDim, first } = config;
  const slots = slotOffsets(layout);
  const [dIn, dOut] = first ? [dModel, 2 * dModel] : [2 * dModel, dModel];

  const dense = (weight: Float32Array): Into => denseInto(weight, dModel, kernels, region);
  const low = (pair: LowRank, f?: Activate): Into => lowRankInto(pair, f, kernels, region);
  const { mix } = params;
  const streams = [
    { mix: region.keep(mix.r), into: dense(params.receptance) },
    { mix: region.keep(mix.w), into: low(params.decay, kernels.tanhInto) },
    { mix: region.keep(mix.k), into: dense(params.key) },
    { mix: region.keep(mix.a), into: low(params.rate) },
    { mix: region.keep(mix.g), into: low(params.gate, kernels.sigmoidInto) },
  ];
  const mixV = region.keep(mix.v);
  const [value, output] = [dense(params.value), dense(params.output)];
  const toFirst = params.toFirst && low(params.toFirst);
  const [keyErase, keyWrite, bonus] = [params.keyErase, params.keyWrite, params.bonus].map(region.keep) as Three;
  const [weight, bias] = [region.keep(params.normWeight), region.keep(params.normBias)];

  const wide = (): number => region.floats(LOWERED_ROWS_MAX * dModel);
  const [r, w, k, erase, gate] = [wide(), wide(), wide(), wide(), wide()];
  const targets = [r, w, k, erase, gate];
  const [v, share, kk, mixed, attended, out] = [wide(), wide(), wide(), wide(), wide(), wide()];
  const copy = copier(region);

  return {
    scan(state, x, y, rows) {
      const shift = state + slots.shift;
      for (let i = 0; i < streams.length; i++) {
        kernels.tokenShift(shift, x, dIn, streams[i]!.mix, mixed, dModel, rows);
        streams[i]!.into(mixed, targets[i]!, rows);
      }
      kernels.tokenShift(shift, x, dIn, mixV, mixed, dModel, rows);
      value(mixed, v, rows);
      if (toFirst) {
        toFirst(mixed, share, rows);
        kernels.rwkv7Blend(v, share, x + 4 * dModel, dIn, dModel, rows);
      }
      kernels.rwkv7Prepare(w, erase, k, keyErase, keyWrite, kk, headDim, dModel, rows);
      kernels.rwkv7Step(state + slots.S, w, r, k, v, kk, erase, attended, headDim, dModel, rows);
      kernels.rwkv7Finish(attended, r, k, v, gate, bonus, weight, bias, HEAD_EPS, headDim, dModel, rows);
      copy(x + 4 * (rows - 1) * dIn, shift, dModel);
      if (!first) return output(attended, y, rows);
      output(attended, out, rows);
      for (let row = 0; row < rows; row++) {
        copy(out + 4 * row * dModel, y + 4 * row * dOut, dModel);
        copy(v + 4 * row * dModel, y + 4 * (row * dOut + dModel), dModel);
      }
    },
  };
}

/** `shift` is the only slot of the state. */
export function lowerChannelMix(
  params: ChannelMixParams,
  { dModel, dHidden }: Rwkv7Config,
  { kernels }: Simd,
  region: Region,
): Lowered {
  const mix = region.keep(params.mixKey);
  const key = region.matrix(params.key, dHidden, dModel);
  const value = region.matrix(params.value, dModel, dHidden);
  const mixed = region.floats(LOWERED_ROWS_MAX * dModel);
  const hidden = region.floats(LOWERED_ROWS_MAX * dHidden);
  const copy = copier(region);
  return {
    scan(state, x, y, rows) {
      kernels.tokenShift(state, x, dModel, mix, mixed, dModel, rows);
      kernels.matmul(key.w, key.bias, mixed, hidden, dHidden, dModel, rows);
      kernels.reluSquareInto(hidden, hidden, rows * dHidden);
      kernels.matmul(value.w, value.bias, hidden, y, dModel, dHidden, rows);
      copy(x + 4 * (rows - 1) * dModel, state, dModel);
    },
  };
}

type Three = [number, number, number];
type Activate = SimdKernels['tanhInto'];

/** y = W x. @param weight [dModel, dModel] */
function denseInto(weight: Float32Array, dModel: number, kernels: SimdKernels, region: Region): Into {
  const { w, bias } = region.matrix(weight, dModel, dModel);
  return (x, y, rows) => kernels.matmul(w, bias, x, y, dModel, dModel, rows);
}

/** y = base + up f(down x), with its own scratch. */
function lowRankInto(
  { rank, down, up, base }: LowRank,
  f: Activate | undefined,
  kernels: SimdKernels,
  region: Region,
): Into {
  const dModel = base.length;
  const lower = region.matrix(down, rank, dModel);
  const upper = region.matrix(up, dModel, rank, base);
  const inner = region.floats(LOWERED_ROWS_MAX * rank);
  return (x, y, rows) => {
    kernels.matmul(lower.w, lower.bias, x, inner, rank, dModel, rows);
    f?.(inner, inner, rows * rank);
    kernels.matmul(upper.w, upper.bias, inner, y, dModel, rank, rows);
  };
}

/** n float32 values from one address to another. */
export function copier(region: Region): (from: number, to: number, n: number) => void {
  const bytes = new Uint8Array(region.view(0, 0).buffer);
  return (from, to, n) => void bytes.copyWithin(to, from, from + 4 * n);
}
