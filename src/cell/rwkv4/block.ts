// Layers of RWKV-4 in a row: LayerNorms, residuals and both mixings, as one cell. A checkpoint is read with
// readRwkv4Block for each layer and the ends beside them (README.md shows how); the embedding look-up is the caller's.
//   x = preNorm(x) once;   x += time mixing(norm(x));  x += channel mixing(norm(x));   y = head finalNorm(x)
// The residual stream is f32.

import { engineError } from '../../base/errors.ts';
import { layerNorm } from '../../kernel/plain/layer-norm.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import type { Weights } from '../../weights/tensor.ts';
import { cachedSplit } from '../cached-split.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { joinLayouts, type Layout, type State } from '../state.ts';
import { rwkv4Cell } from './cell.ts';
import { rwkv4ChannelMixCell } from './channel-mix.ts';
import { type NormParams, type Rwkv4Config, readNorm } from './params.ts';

/** x += mixing(norm(x)). */
export interface Rwkv4Branch {
  readonly norm: NormParams;
  readonly mixing: Cell;
}

export interface Rwkv4Block {
  /** Before anything else; upstream has it in layer 0 only. */
  readonly preNorm?: NormParams;
  readonly attention: Rwkv4Branch;
  readonly feedForward: Rwkv4Branch;
}

export interface Rwkv4Parts {
  readonly dModel: number;
  /** Of every norm: `layer_norm_epsilon`. */
  readonly eps: number;
  readonly blocks: readonly Rwkv4Block[];
  /** `ln_out`; a missing end is the identity. */
  readonly finalNorm?: NormParams;
  /** [dOut, dModel], no bias. */
  readonly head?: { readonly weight: Float32Array; readonly dOut: number };
}

/**
 * The layer under `prefix`, for instance `rwkv.blocks.0.`: `ln1`, `attention`, `ln2`, `feed_forward` and, where the
 * checkpoint has it, `pre_ln`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readRwkv4Block(weights: Weights, prefix: string, config: Rwkv4Config): Rwkv4Block {
  const norm = (name: string): NormParams => readNorm(weights, prefix + name, config.dModel);
  return {
    ...(weights.has(`${prefix}pre_ln.weight`) && { preNorm: norm('pre_ln') }),
    attention: { norm: norm('ln1'), mixing: rwkv4Cell(weights, `${prefix}attention.`, config) },
    feedForward: { norm: norm('ln2'), mixing: rwkv4ChannelMixCell(weights, `${prefix}feed_forward.`, config) },
  };
}

/**
 * The blocks as one cell: a row of the embedding in, logits out with a head, else dModel. State slots are named
 * `blocks.<i>.attention.<slot>` and `blocks.<i>.feed_forward.<slot>`, 4 (2 D + 3 A) bytes a layer.
 * @throws ERR_CONFIG_INVALID when widths do not fit together
 */
export function rwkv4BlocksCell(parts: Rwkv4Parts): Cell {
  checkWidths(parts);
  const { dModel, eps, blocks, finalNorm, head } = parts;
  const branches = blocks.flatMap(({ attention, feedForward }) => [attention, feedForward]);
  const layouts: Record<string, Layout> = {};
  for (const [i, { attention, feedForward }] of blocks.entries()) {
    layouts[`blocks.${i}.attention`] = attention.mixing.layout;
    layouts[`blocks.${i}.feed_forward`] = feedForward.mixing.layout;
  }
  const splitOf = cachedSplit(layouts);
  const dOut = head?.dOut ?? dModel;
  const x = new Float32Array(dModel); // scratch: the residual stream
  const normed = new Float32Array(dModel);
  const added = new Float32Array(dModel);

  const advance = (state: State, input: Float32Array, output: Float32Array, dt: number): void => {
    const states = splitOf(state);
    x.set(input);
    for (let b = 0; b < branches.length; b++) {
      const preNorm = b % 2 === 0 ? blocks[b / 2]!.preNorm : undefined;
      if (preNorm) layerNorm(x, preNorm.weight, preNorm.bias, eps, x);
      const { norm, mixing } = branches[b]!;
      layerNorm(x, norm.weight, norm.bias, eps, normed);
      if (dt === 1) mixing.step(states[b]!, normed, added);
      else mixing.stepAfter!(states[b]!, normed, added, dt);
      for (let i = 0; i < dModel; i++) x[i] = x[i]! + added[i]!;
    }
    if (finalNorm) layerNorm(x, finalNorm.weight, finalNorm.bias, eps, x);
    if (head) matvec(head.weight, x, output, dOut, dModel);
    else output.set(x);
  };
  const step = (state: State, input: Float32Array, output: Float32Array): void => advance(state, input, output, 1);

  return {
    kind: 'rwkv4-blocks',
    dIn: dModel,
    dOut,
    layout: joinLayouts(layouts),
    contextRows: Infinity,
    flops: flopsOf(parts),
    init(state) {
      const states = splitOf(state);
      for (const [b, { mixing }] of branches.entries()) mixing.init(states[b]!);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut, step }),
    stepAfter: advance,
    skip(state, rows) {
      const states = splitOf(state);
      for (const [b, { mixing }] of branches.entries()) mixing.skip!(states[b]!, rows);
    },
  };
}

/** A LayerNorm is 8 operations a channel, a residual 1. */
function flopsOf({ dModel, blocks, finalNorm, head }: Rwkv4Parts): number {
  let sum = finalNorm ? 8 * dModel : 0;
  for (const { preNorm, attention, feedForward } of blocks) {
    sum += (preNorm ? 8 : 0) * dModel + 18 * dModel;
    sum += (attention.mixing.flops ?? 0) + (feedForward.mixing.flops ?? 0);
  }
  return sum + (head ? 2 * head.dOut * dModel : 0);
}

function checkWidths({ dModel, eps, blocks, finalNorm, head }: Rwkv4Parts): void {
  const wrong = (found: string, expected: string): Error =>
    engineError('ERR_CONFIG_INVALID', `rwkv4: ${found}`, { expected });
  if (!(eps > 0)) throw wrong(`eps is ${eps}`, 'a positive number');
  const branches = blocks.flatMap(({ attention, feedForward }) => [attention, feedForward]);
  const widths = [
    ...branches.flatMap(({ norm, mixing }) => [norm.weight.length, mixing.dIn, mixing.dOut]),
    ...blocks.map(({ preNorm }) => preNorm?.weight.length ?? dModel),
    finalNorm?.weight.length ?? dModel,
    head ? head.weight.length / head.dOut : dModel,
  ];
  for (const width of widths) if (width !== dModel) throw wrong(`a part is ${width} wide`, `dModel, ${dModel}`);
}
