// A stack on the WebAssembly kernels: the blocks of cell.ts, layer by layer over up to sixteen rows, so that a layer's weights
// are read once for all of them. Possible when every mixer and feed-forward cell can be lowered.

import type { LayerNormWeights } from '../../kernel/plain/layer-norm.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import type { Simd, SimdKernels } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import { type Layout, stateBytes } from '../state.ts';
import type { Layer } from './layers.ts';
import type { Linear, StackParts } from './params.ts';

/** What a piece does to rows in the kernel memory: `x` in place, or x -> y. */
type InPlace = (state: number, x: number, rows: number) => void;
type Into = (x: number, y: number, rows: number) => void;

/** The first `rows` rows of the residual stream go through all layers before the next call's do. */
export function lowerStack(parts: StackParts, layers: readonly Layer[], simd: Simd, region: Region): Lowered {
  const { dModel, eps, embed, embedNorm, finalNorm, finalNormBias, head } = parts;
  const { kernels } = simd;
  const dOut = head?.dOut ?? dModel;
  const stream = region.floats(LOWERED_ROWS_MAX * dModel);
  const enter = embed ? dense(embed, kernels, region) : copy(dModel, region);
  const first = embedNorm ? norm(embedNorm, eps, dModel, kernels, region) : undefined;
  const last = finalNorm ? norm({ weight: finalNorm, bias: finalNormBias }, eps, dModel, kernels, region) : undefined;
  const leave = head ? dense(head, kernels, region) : copy(dModel, region);
  let offset = 0;
  const blocks = layers.map((layer) => {
    const block = lowerLayer(layer, offset, parts, simd, region);
    offset += stateBytes(layer.cell.layout as Layout);
    return block;
  });
  return {
    scan(state, x, y, rows) {
      enter(x, stream, rows);
      first?.(stream, stream, rows);
      for (let i = 0; i < blocks.length; i++) blocks[i]!(state, stream, rows);
      last?.(stream, stream, rows);
      leave(stream, y, rows);
      if (parts.activation === 'sigmoid') kernels.sigmoidInto(y, y, rows * dOut);
    },
  };
}

/** x += cell(norm(x)), then x += mlp(norm(x)). `offset`: of the cell's state in the stack's, in bytes. */
function lowerLayer(layer: Layer, offset: number, { dModel, eps }: StackParts, simd: Simd, region: Region): InPlace {
  const { kernels } = simd;
  const cell = layer.cell.lower!(simd, region);
  const before = norm({ weight: layer.norm, bias: layer.normBias }, eps, dModel, kernels, region);
  const mlp = layer.mlp && lowerMlp(layer.mlp, dModel, eps, kernels, region);
  const normed = region.floats(LOWERED_ROWS_MAX * dModel);
  const added = region.floats(LOWERED_ROWS_MAX * dModel);
  return (state, x, rows) => {
    before(x, normed, rows);
    cell.scan(state + offset, normed, added, rows);
    kernels.addInto(x, added, rows * dModel);
    if (!mlp) return;
    mlp(x, added, rows);
    kernels.addInto(x, added, rows * dModel);
  };
}

function lowerMlp(
  mlp: NonNullable<Layer['mlp']>,
  dModel: number,
  eps: number,
  kernels: SimdKernels,
  region: Region,
): Into {
  const { dHidden } = mlp;
  const gate = region.matrix(mlp.gate, dHidden, dModel, mlp.gateBias);
  const up = region.matrix(mlp.up, dHidden, dModel, mlp.upBias);
  const down = region.matrix(mlp.down, dModel, dHidden, mlp.downBias);
  const before = norm({ weight: mlp.norm }, eps, dModel, kernels, region);
  const normed = region.floats(LOWERED_ROWS_MAX * dModel);
  const gated = region.floats(LOWERED_ROWS_MAX * dHidden);
  const raised = region.floats(LOWERED_ROWS_MAX * dHidden);
  const activate = mlp.activation === 'gelu_tanh' ? kernels.geluTanhInto : kernels.siluInto;
  return (x, y, rows) => {
    before(x, normed, rows);
    kernels.matmul(gate.w, gate.bias, normed, gated, dHidden, dModel, rows);
    kernels.matmul(up.w, up.bias, normed, raised, dHidden, dModel, rows);
    activate(gated, gated, rows * dHidden);
    kernels.multiplyInto(gated, raised, rows * dHidden);
    kernels.matmul(down.w, down.bias, gated, y, dModel, dHidden, rows);
  };
}

function dense({ weight, bias, dIn, dOut }: Linear, kernels: SimdKernels, region: Region): Into {
  const matrix = region.matrix(weight, dOut, dIn, bias);
  return (x, y, rows) => kernels.matmul(matrix.w, matrix.bias, x, y, dOut, dIn, rows);
}

/** An end that is the identity. */
function copy(dModel: number, region: Region): Into {
  const bytes = new Uint8Array(region.view(0, 0).buffer);
  return (x, y, rows) => bytes.copyWithin(y, x, x + 4 * rows * dModel);
}

type Norm = Pick<LayerNormWeights, 'weight'> & { readonly bias?: Float32Array | undefined };

function norm({ weight, bias }: Norm, eps: number, dModel: number, kernels: SimdKernels, region: Region): Into {
  const w = region.keep(weight);
  if (!bias) return (x, y, rows) => kernels.rmsNorm(x, w, y, dModel, eps, rows);
  const b = region.keep(bias);
  return (x, y, rows) => kernels.layerNorm(x, w, b, y, dModel, eps, rows);
}
