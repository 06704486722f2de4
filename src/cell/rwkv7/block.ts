// Layers of RWKV-7 in a row: LayerNorms, residuals and both mixings, as one cell. v_first lives in scratch here: layer 0
// leaves it beside its output, the wrapper hands it to every later layer of the same row. The embedding look-up is the
// caller's.
//   x = preNorm(x) once;   x += time mixing(norm(x), v_first);  x += channel mixing(norm(x));   y = head finalNorm(x)

import { engineError } from '../../base/errors.ts';
import { type LayerNormWeights, layerNorm } from '../../kernel/plain/layer-norm.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import type { Weights } from '../../weights/tensor.ts';
import { cachedSplit } from '../cached-split.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { joinLayouts, type State } from '../state.ts';
import { rwkv7Cell } from './cell.ts';
import { rwkv7ChannelMixCell } from './channel-mix.ts';
import { lowerRwkv7Blocks } from './lower-blocks.ts';
import { type Rwkv7Config, readNorm } from './params.ts';
import type { Rwkv7Block, Rwkv7Parts } from './parts.ts';

/**
 * The layer under `prefix`, for instance `blocks.0.`: `ln1`, `att`, `ln2`, `ffn` and, where the file has it, `ln0`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readRwkv7Block(weights: Weights, prefix: string, config: Rwkv7Config): Rwkv7Block {
  const norm = (name: string): LayerNormWeights => readNorm(weights, prefix + name, config.dModel);
  return {
    ...(weights.has(`${prefix}ln0.weight`) && { preNorm: norm('ln0') }),
    norm1: norm('ln1'),
    att: rwkv7Cell(weights, `${prefix}att.`, config),
    norm2: norm('ln2'),
    ffn: rwkv7ChannelMixCell(weights, `${prefix}ffn.`, config),
  };
}

/**
 * The blocks as one cell: a row of the embedding in, logits out with a head, else dModel. State slots are named
 * `blocks.<i>.att.<slot>` and `blocks.<i>.ffn.<slot>`, 4 D (N + 2) bytes a layer.
 * @throws ERR_CONFIG_INVALID when widths do not fit together
 */
export function rwkv7BlocksCell(parts: Rwkv7Parts): Cell {
  checkWidths(parts);
  const { dModel, eps, blocks, finalNorm, head } = parts;
  const cells = blocks.flatMap(({ att, ffn }) => [att, ffn]);
  const names = blocks.flatMap((_, i) => [`blocks.${i}.att`, `blocks.${i}.ffn`]);
  const layouts = Object.fromEntries(names.map((name, i) => [name, cells[i]!.layout]));
  const splitOf = cachedSplit(layouts);
  const dOut = head?.dOut ?? dModel;

  // Scratch, rewritten by every step. The second half of each is v_first of the row.
  const x = new Float32Array(dModel);
  const normed = new Float32Array(2 * dModel);
  const added = new Float32Array(2 * dModel);
  const narrow = normed.subarray(0, dModel);
  const narrowAdded = added.subarray(0, dModel);

  const advance = (state: State, input: Float32Array, output: Float32Array, dt: number): void => {
    const states = splitOf(state);
    x.set(input);
    for (let i = 0; i < blocks.length; i++) {
      const { preNorm, norm1, att, norm2, ffn } = blocks[i]!;
      if (preNorm) layerNorm(x, preNorm.weight, preNorm.bias, eps, x);
      layerNorm(x, norm1.weight, norm1.bias, eps, narrow);
      att.stepAfter!(states[2 * i]!, i === 0 ? narrow : normed, i === 0 ? added : narrowAdded, dt);
      if (i === 0) for (let j = dModel; j < 2 * dModel; j++) normed[j] = added[j]!;
      for (let j = 0; j < dModel; j++) x[j] = x[j]! + added[j]!;
      layerNorm(x, norm2.weight, norm2.bias, eps, narrow);
      ffn.stepAfter!(states[2 * i + 1]!, narrow, narrowAdded, dt);
      for (let j = 0; j < dModel; j++) x[j] = x[j]! + added[j]!;
    }
    if (finalNorm) layerNorm(x, finalNorm.weight, finalNorm.bias, eps, x);
    if (head) matvec(head.weight, x, output, dOut, dModel);
    else output.set(x);
  };
  const step = (state: State, input: Float32Array, output: Float32Array): void => advance(state, input, output, 1);

  const lower: Cell['lower'] = cells.every((cell) => cell.lower)
    ? (simd, region) => lowerRwkv7Blocks(parts, simd, region)
    : undefined;
  return {
    kind: 'rwkv7-blocks',
    dIn: dModel,
    dOut,
    layout: joinLayouts(layouts),
    contextRows: Infinity,
    flops: flopsOf(parts),
    init(state) {
      const states = splitOf(state);
      for (const [i, cell] of cells.entries()) cell.init(states[i]!);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut, step }),
    stepAfter: advance,
    ...(lower && { lower }),
    skip(state, rows) {
      const states = splitOf(state);
      for (const [i, cell] of cells.entries()) cell.skip!(states[i]!, rows);
    },
  };
}

/** A LayerNorm is 8 operations a channel, a residual 1. */
function flopsOf({ dModel, blocks, finalNorm, head }: Rwkv7Parts): number {
  let sum = finalNorm ? 8 * dModel : 0;
  for (const { preNorm, att, ffn } of blocks) {
    sum += ((preNorm ? 8 : 0) + 18) * dModel + (att.flops ?? 0) + (ffn.flops ?? 0);
  }
  return sum + (head ? 2 * head.dOut * dModel : 0);
}

function checkWidths({ dModel, eps, blocks, finalNorm, head }: Rwkv7Parts): void {
  const wrong = (found: string, expected: string): Error =>
    engineError('ERR_CONFIG_INVALID', `rwkv7: ${found}`, { expected });
  if (!(eps > 0)) throw wrong(`eps is ${eps}`, 'a positive number');
  for (const [i, { att }] of blocks.entries()) {
    const fits = i === 0 ? att.dIn === dModel && att.dOut === 2 * dModel : att.dIn === 2 * dModel;
    if (!fits) throw wrong(`layer ${i} reads ${att.dIn} and writes ${att.dOut}`, 'layer 0 with `first`, no other');
  }
  const widths = [
    ...blocks.flatMap(({ norm1, norm2, ffn }) => [norm1.weight.length, norm2.weight.length, ffn.dIn, ffn.dOut]),
    finalNorm?.weight.length ?? dModel,
    head ? head.weight.length / head.dOut : dModel,
  ];
  for (const width of widths) if (width !== dModel) throw wrong(`a part is ${width} wide`, `dModel, ${dModel}`);
}
