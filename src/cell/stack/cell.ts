// Blocks in a row, with optional ends: itself a cell. A model is a stack with an embedding and a head.
//   x = embed(u);   for each block: x += mixer(norm(x)), then x += mlp(norm(x));   y = activation(head(finalNorm(x)))
// Knows no kind of mixer: they are passed in, and their states lie side by side in the stack's state, named `layers.0.ssm`.
// The residual stream is f32. Slow twin: naive.ts. Reading from checkpoints: params.ts.

import { engineError } from '../../base/errors.ts';
import { sigmoid } from '../../base/math.ts';
import { gatedMlp } from '../../kernel/plain/gated-mlp.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { rmsNorm } from '../../kernel/plain/rms-norm.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { joinLayouts, type Layout, type State, splitState } from '../state.ts';
import type { Block, StackParts } from './params.ts';

/**
 * The stack as one cell: dIn and dOut are those of its ends. With a window of W rows in each of L mixers y sees
 * 1 + L (W - 1) rows back.
 * @throws ERR_CONFIG_INVALID when widths do not fit together
 */
export function stackCell(parts: StackParts): Cell {
  checkWidths(parts);
  const { dModel, eps, blocks, embed, finalNorm, head } = parts;
  const layouts = Object.fromEntries(blocks.map(({ mixer }, i) => [`layers.${i}`, mixer.layout]));
  const splitOf = cachedSplit(layouts);
  const dIn = embed?.dIn ?? dModel;
  const dOut = head?.dOut ?? dModel;
  const run = blocks.map((block) => blockRunner(block, dModel, eps));
  const x = new Float32Array(dModel); // scratch: the residual stream

  const step = (state: State, input: Float32Array, output: Float32Array): void => {
    const states = splitOf(state);
    if (embed) matvec(embed.weight, input, x, dModel, dIn, embed.bias);
    else x.set(input);
    for (let i = 0; i < run.length; i++) run[i]!(states[i]!, x);
    if (finalNorm) rmsNorm(x, finalNorm, eps, x);
    if (head) matvec(head.weight, x, output, dOut, dModel, head.bias);
    else output.set(x);
    if (parts.activation === 'sigmoid') for (let i = 0; i < dOut; i++) output[i] = sigmoid(output[i]!);
  };

  const cell: Cell = {
    kind: 'stack',
    dIn,
    dOut,
    layout: joinLayouts(layouts),
    contextRows: blocks.reduce((seen, { mixer }) => seen + mixer.contextRows - 1, 1),
    init(state) {
      const states = splitOf(state);
      for (const [i, { mixer }] of blocks.entries()) mixer.init(states[i]!);
    },
    step,
    scan: scanBySteps({ dIn, dOut, step }),
  };
  if (!blocks.every(({ mixer }) => mixer.skip)) return cell;
  return {
    ...cell,
    skip(state, rows) {
      const states = splitOf(state);
      for (const [i, { mixer }] of blocks.entries()) mixer.skip?.(states[i]!, rows);
    },
  };
}

/** One block on the residual stream x [dModel], in place. */
function blockRunner(
  { norm, mixer, mlp }: Block,
  dModel: number,
  eps: number,
): (state: State, x: Float32Array) => void {
  const normed = new Float32Array(dModel);
  const added = new Float32Array(dModel);
  const gated = new Float32Array(mlp?.dHidden ?? 0);
  const raised = new Float32Array(mlp?.dHidden ?? 0);
  return (state, x) => {
    rmsNorm(x, norm, eps, normed);
    mixer.step(state, normed, added);
    for (let i = 0; i < dModel; i++) x[i] = x[i]! + added[i]!;
    if (!mlp) return;
    rmsNorm(x, mlp.norm, eps, normed);
    gatedMlp(mlp, normed, gated, raised, added);
    for (let i = 0; i < dModel; i++) x[i] = x[i]! + added[i]!;
  };
}

/** The parts of a state, split once for each state: views cost 1 us to make and nothing to keep. */
function cachedSplit(layouts: Readonly<Record<string, Layout>>): (whole: State) => readonly State[] {
  const cache = new WeakMap<State, readonly State[]>();
  return (whole) => {
    let split = cache.get(whole);
    if (!split) {
      split = splitState(layouts, whole);
      cache.set(whole, split);
    }
    return split;
  };
}

function checkWidths({ dModel, blocks, embed, finalNorm, head }: StackParts): void {
  const widths = [
    ...blocks.flatMap(({ mixer, norm, mlp }) => [mixer.dIn, mixer.dOut, norm.length, mlp?.norm.length ?? dModel]),
    embed?.dOut ?? dModel,
    finalNorm?.length ?? dModel,
    head?.dIn ?? dModel,
  ];
  for (const width of widths) {
    if (width !== dModel) {
      throw engineError('ERR_CONFIG_INVALID', `stack: a part is ${width} wide`, { expected: `dModel, ${dModel}` });
    }
  }
}
