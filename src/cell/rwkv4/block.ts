// Reads a layer of RWKV-4: both mixings behind their LayerNorms, in the form that cell/stack takes a block. The stack does the
// rest (residuals, ends); README.md shows a whole model.
//   x += time mixing(ln1(x));   x += channel mixing(ln2(x))

import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { rwkv4Cell } from './cell.ts';
import { rwkv4ChannelMixCell } from './channel-mix.ts';
import { type Rwkv4Config, readNorm } from './params.ts';

/** A block of a stack, its parts all there: norms are [dModel]. */
export interface Rwkv4Block {
  readonly norm: Float32Array;
  readonly normBias: Float32Array;
  /** The time mixing. */
  readonly mixer: Cell;
  /** The channel mixing. */
  readonly feedForward: { readonly norm: Float32Array; readonly normBias: Float32Array; readonly cell: Cell };
}

/**
 * The layer under `prefix`, for instance `rwkv.blocks.0.`: `ln1`, `attention`, `ln2`, `feed_forward`. The `pre_ln` of layer
 * 0 is not of the block: it is the stack's `embedNorm`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readRwkv4Block(weights: Weights, prefix: string, config: Rwkv4Config): Rwkv4Block {
  const ln1 = readNorm(weights, `${prefix}ln1`, config.dModel);
  const ln2 = readNorm(weights, `${prefix}ln2`, config.dModel);
  return {
    norm: ln1.weight,
    normBias: ln1.bias,
    mixer: rwkv4Cell(weights, `${prefix}attention.`, config),
    feedForward: {
      norm: ln2.weight,
      normBias: ln2.bias,
      cell: rwkv4ChannelMixCell(weights, `${prefix}feed_forward.`, config),
    },
  };
}
