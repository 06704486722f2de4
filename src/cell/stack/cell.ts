// Blocks in a row, with optional ends: itself a cell. A model is a stack with an embedding and a head.
//   x = embedNorm(embed(u));   for each block: x += mixer(norm(x)), then x += mlp(norm(x));   y = activation(head(finalNorm(x)))
// Knows no kind of mixer or feed-forward cell: they are passed in, and their states lie side by side in the stack's state,
// named `layers.0.ssm`, `layers.0.feed_forward.shift`.
// The residual stream is f32. Slow twin: naive.ts. Reading from checkpoints: params.ts.

import { engineError } from '../../base/errors.ts';
import { sigmoid, tanh } from '../../base/math.ts';
import { gatedMlp } from '../../kernel/plain/gated-mlp.ts';
import { layerNorm } from '../../kernel/plain/layer-norm.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { rmsNorm } from '../../kernel/plain/rms-norm.ts';
import { cachedSplit } from '../cached-split.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { joinLayouts, type State } from '../state.ts';
import { cellsOf, type Layer } from './layers.ts';
import { lowerStack } from './lower.ts';
import type { StackParts } from './params.ts';

/**
 * The stack as one cell: dIn and dOut are those of its ends. With a window of W rows in each of L mixers y sees
 * 1 + L (W - 1) rows back.
 * @throws ERR_CONFIG_INVALID when widths do not fit together
 */
export function stackCell(parts: StackParts): Cell {
  checkWidths(parts);
  const { dModel, eps, blocks, embed, embedNorm, finalNorm, head, softCap } = parts;
  const layers = blocks.flatMap(cellsOf);
  const layouts = Object.fromEntries(layers.map(({ name, cell }) => [name, cell.layout]));
  const splitOf = cachedSplit(layouts);
  const dIn = embed?.dIn ?? dModel;
  const dOut = head?.dOut ?? dModel;
  const run = layers.map((layer) => layerRunner(layer, dModel, eps));
  const x = new Float32Array(dModel); // scratch: the residual stream

  const stepAfter = (state: State, input: Float32Array, output: Float32Array, dt: number): void => {
    const states = splitOf(state);
    if (embed) matvec(embed.weight, input, x, dModel, dIn, embed.bias);
    else x.set(input);
    if (embedNorm) layerNorm(x, embedNorm.weight, embedNorm.bias, eps, x);
    for (let i = 0; i < run.length; i++) run[i]!(states[i]!, x, dt);
    if (finalNorm) normInto(x, finalNorm, parts.finalNormBias, eps, x);
    if (head) matvec(head.weight, x, output, dOut, dModel, head.bias);
    else output.set(x);
    if (softCap) for (let i = 0; i < dOut; i++) output[i] = softCap * tanh(output[i]! / softCap);
    if (parts.activation === 'sigmoid') for (let i = 0; i < dOut; i++) output[i] = sigmoid(output[i]!);
  };

  const step = (state: State, input: Float32Array, output: Float32Array): void => stepAfter(state, input, output, 1);
  const timed = layers.every((layer) => layer.cell.stepAfter || layer.cell.contextRows === 1);
  // Gemma's cap on logits has no kernel: whoever caps writes text, and is not in a hurry of microseconds.
  const lowers = !softCap && layers.every((layer) => layer.cell.lower);
  const cell: Cell = {
    kind: 'stack',
    dIn,
    dOut,
    layout: joinLayouts(layouts),
    contextRows: layers.reduce((seen, { cell: { contextRows } }) => seen + contextRows - 1, 1),
    flops: flopsOf(parts, layers),
    init(state) {
      const states = splitOf(state);
      for (const [i, layer] of layers.entries()) layer.cell.init(states[i]!);
    },
    step,
    scan: scanBySteps({ dIn, dOut, step }),
    ...(lowers && { lower: (simd, region) => lowerStack(parts, layers, simd, region) }),
    ...(timed ? { stepAfter } : {}),
  };
  // A cell without state across rows has nothing to skip.
  if (!layers.every((layer) => layer.cell.skip || layer.cell.contextRows === 1)) return cell;
  return {
    ...cell,
    skip(state, rows) {
      const states = splitOf(state);
      for (const [i, layer] of layers.entries()) layer.cell.skip?.(states[i]!, rows);
    },
  };
}

/** One layer on the residual stream x [dModel], in place. */
function layerRunner(layer: Layer, dModel: number, eps: number): (state: State, x: Float32Array, dt: number) => void {
  const { norm, normBias, cell, mlp } = layer;
  const normed = new Float32Array(dModel);
  const added = new Float32Array(dModel);
  const gated = new Float32Array(mlp?.dHidden ?? 0);
  const raised = new Float32Array(mlp?.dHidden ?? 0);
  return (state, x, dt) => {
    normInto(x, norm, normBias, eps, normed);
    if (dt === 1 || !cell.stepAfter) cell.step(state, normed, added);
    else cell.stepAfter(state, normed, added, dt);
    for (let i = 0; i < dModel; i++) x[i] = x[i]! + added[i]!;
    if (!mlp) return;
    rmsNorm(x, mlp.norm, eps, normed);
    gatedMlp(mlp, normed, gated, raised, added);
    for (let i = 0; i < dModel; i++) x[i] = x[i]! + added[i]!;
  };
}

function normInto(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  eps: number,
  y: Float32Array,
): void {
  if (bias) layerNorm(x, weight, bias, eps, y);
  else rmsNorm(x, weight, eps, y);
}

/** Of one step; 0 when a cell does not say. Norms and residuals count 6 a value. */
function flopsOf({ dModel, embed, head }: StackParts, layers: readonly Layer[]): number {
  const ends = 2 * (embed ? embed.dIn * dModel : 0) + 2 * (head ? head.dOut * dModel : 0);
  return layers.reduce((sum, { cell, mlp }) => sum + (cell.flops ?? 0) + 6 * dModel * (1 + (mlp?.dHidden ?? 0)), ends);
}

function checkWidths({ dModel, blocks, embed, embedNorm, finalNorm, head }: StackParts): void {
  const widths = [
    ...blocks
      .flatMap(cellsOf)
      .flatMap(({ cell, norm, mlp }) => [cell.dIn, cell.dOut, norm.length, mlp?.norm.length ?? dModel]),
    embed?.dOut ?? dModel,
    embedNorm?.weight.length ?? dModel,
    embedNorm?.bias.length ?? dModel,
    finalNorm?.length ?? dModel,
    head?.dIn ?? dModel,
  ];
  for (const width of widths) {
    if (width !== dModel) {
      throw engineError('ERR_CONFIG_INVALID', `stack: a part is ${width} wide`, { expected: `dModel, ${dModel}` });
    }
  }
}
