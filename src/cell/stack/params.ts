// Reads the parts of a stack from a checkpoint, under the names of two families:
//   backbone (Mamba): backbone.layers.i.norm.weight, backbone.norm_f.weight
//   model (Llama):    model.layers.i.{input_layernorm,post_attention_layernorm}.weight, .mlp.*_proj.weight, model.norm.weight
// The mixers are read by their own kinds and passed in: this folder knows none of them.

import { engineError } from '../../base/errors.ts';
import type { GatedMlpWeights } from '../../kernel/plain/gated-mlp.ts';
import type { LayerNormWeights } from '../../kernel/plain/layer-norm.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';

/** A dense layer: y = W x + b. */
export interface Linear {
  readonly dIn: number;
  readonly dOut: number;
  /** [dOut, dIn] row-major. */
  readonly weight: Float32Array;
  /** [dOut]; absent: none. */
  readonly bias?: Float32Array;
}

/** A cell behind its norm: x += cell(norm(x)). */
export interface Sublayer {
  /** [dModel]. Upstream's (1 + w) norms come with the 1 added. */
  readonly norm: Float32Array;
  /** [dModel]: makes the norm a LayerNorm; RMSNorm without. */
  readonly normBias?: Float32Array;
  readonly cell: Cell;
}

/** x += mixer(norm(x)), then x += mlp(norm(x)) or the cell of `feedForward`: experts, or a channel mix with a state. */
export interface Block {
  readonly norm: Float32Array;
  readonly normBias?: Float32Array;
  readonly mixer: Cell;
  readonly mlp?: GatedMlpWeights & { readonly norm: Float32Array; readonly dHidden: number };
  readonly feedForward?: Sublayer;
}

export interface StackParts {
  readonly dModel: number;
  /** Of every norm. */
  readonly eps: number;
  readonly blocks: readonly Block[];
  /** Ends; a missing one is the identity. */
  readonly embed?: Linear;
  /** [dModel], on what enters the first block, residual path included: RWKV's `pre_ln`. */
  readonly embedNorm?: LayerNormWeights;
  /** [dModel], before the head. */
  readonly finalNorm?: Float32Array;
  readonly finalNormBias?: Float32Array;
  readonly head?: Linear;
  /** After the head: y = cap tanh(y / cap), as Gemma bounds its logits. */
  readonly softCap?: number;
  /** Last of all. */
  readonly activation?: 'sigmoid' | 'none';
}

export interface BodyConfig {
  readonly dModel: number;
  readonly eps: number;
  /** Width inside the MLPs of the Llama family. */
  readonly dHidden?: number;
}

/**
 * Blocks and final norm of a body, one block for each mixer, without ends: spread it and add `embed` and `head`.
 * @param family `model` blocks have an MLP and need `dHidden`; `backbone` blocks have none
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readBody(
  weights: Weights,
  family: 'backbone' | 'model',
  config: BodyConfig,
  mixers: readonly Cell[],
): StackParts {
  const { dModel, eps, dHidden } = config;
  const vector = (name: string): Float32Array => tensor(weights, `${family}.${name}.weight`, [dModel]);
  if (family === 'backbone') {
    const blocks = mixers.map((mixer, i) => ({ norm: vector(`layers.${i}.norm`), mixer }));
    return { dModel, eps, blocks, finalNorm: vector('norm_f') };
  }
  if (dHidden === undefined) {
    throw engineError('ERR_CONFIG_INVALID', 'stack: no dHidden', { expected: 'the width of the MLPs' });
  }
  const blocks = mixers.map((mixer, i) => {
    const matrix = (name: string, m: number, k: number): Float32Array =>
      tensor(weights, `model.layers.${i}.mlp.${name}_proj.weight`, [m, k]);
    const mlp = {
      dHidden,
      norm: vector(`layers.${i}.post_attention_layernorm`),
      gate: matrix('gate', dHidden, dModel),
      up: matrix('up', dHidden, dModel),
      down: matrix('down', dModel, dHidden),
    };
    return { norm: vector(`layers.${i}.input_layernorm`), mixer, mlp };
  });
  return { dModel, eps, blocks, finalNorm: vector('norm') };
}

/** `<name>.weight` [dOut, dIn] and `<name>.bias` [dOut]. @throws ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE */
export function readLinear(weights: Weights, name: string, dIn: number, dOut: number): Linear {
  const weight = tensor(weights, `${name}.weight`, [dOut, dIn]);
  return { dIn, dOut, weight, bias: tensor(weights, `${name}.bias`, [dOut]) };
}
