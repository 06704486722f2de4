// Whole layers of RWKV-7 on the WebAssembly kernels: the equations of block.ts, sixteen rows at a time, layer by layer. The two
// mixings: lower.ts.

import type { LayerNormWeights } from '../../kernel/plain/layer-norm.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd, SimdKernels } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { stateBytes } from '../state.ts';
import { copier } from './lower.ts';
import type { Rwkv7Parts } from './parts.ts';

/** Every cell of the blocks has a `lower`. The parts of the state lie side by side, time mixing first. */
export function lowerRwkv7Blocks(parts: Rwkv7Parts, simd: Simd, region: Region): Lowered {
  const { dModel, eps, blocks, finalNorm, head } = parts;
  const { kernels } = simd;
  const norm = (weights: LayerNormWeights): Into => normInto(weights, eps, kernels, region);
  const wide = (n: number): number => region.floats(LOWERED_ROWS_MAX * n);
  const [stream, narrow, added] = [wide(dModel), wide(dModel), wide(dModel)];
  const [normed, made] = [wide(2 * dModel), wide(2 * dModel)]; // [norm | v_first] and layer 0's [y | v_first]
  const copy = copier(region);
  const last = finalNorm && norm(finalNorm);
  const out = head && region.matrix(head.weight, head.dOut, dModel);

  let offset = 0;
  const after = (bytes: number): number => {
    offset += bytes;
    return offset - bytes;
  };
  const layers = blocks.map(({ preNorm, norm1, att, norm2, ffn }) => ({
    preNorm: preNorm && norm(preNorm),
    norm1: norm(norm1),
    att: att.lower!(simd, region),
    attState: after(stateBytes(att.layout)),
    norm2: norm(norm2),
    ffn: ffn.lower!(simd, region),
    ffnState: after(stateBytes(ffn.layout)),
  }));

  /** Time mixing of narrow into added. Layer 0 makes v_first, the others read it. */
  function mixTime(i: number, state: number, rows: number): void {
    const { att, attState } = layers[i]!;
    if (i === 0) att.scan(state + attState, narrow, made, rows);
    for (let row = 0; row < rows; row++) {
      const one = 4 * row * dModel;
      const pair = 2 * one;
      if (i === 0) {
        copy(made + pair, added + one, dModel);
        copy(made + pair + 4 * dModel, normed + pair + 4 * dModel, dModel);
      } else copy(narrow + one, normed + pair, dModel);
    }
    if (i > 0) att.scan(state + attState, normed, added, rows);
  }

  return {
    scan(state, x, y, rows) {
      copy(x, stream, rows * dModel);
      for (let i = 0; i < layers.length; i++) {
        const { preNorm, norm1, norm2, ffn, ffnState } = layers[i]!;
        preNorm?.(stream, stream, rows);
        norm1(stream, narrow, rows);
        mixTime(i, state, rows);
        kernels.addInto(stream, added, rows * dModel);
        norm2(stream, narrow, rows);
        ffn.scan(state + ffnState, narrow, added, rows);
        kernels.addInto(stream, added, rows * dModel);
      }
      last?.(stream, stream, rows);
      if (out) kernels.matmul(out.w, out.bias, stream, y, out.m, dModel, rows);
      else copy(stream, y, rows * dModel);
    },
  };
}

type Into = (x: number, y: number, rows: number) => void;

function normInto({ weight, bias }: LayerNormWeights, eps: number, kernels: SimdKernels, region: Region): Into {
  const [w, b, n] = [region.keep(weight), region.keep(bias), weight.length];
  return (x, y, rows) => kernels.layerNorm(x, w, b, y, n, eps, rows);
}
