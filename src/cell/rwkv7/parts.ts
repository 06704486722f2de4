// What layers of RWKV-7 are put together from. Read by block.ts; also what lower-blocks.ts lowers.

import type { LayerNormWeights } from '../../kernel/plain/layer-norm.ts';
import type { Cell } from '../cell.ts';

export interface Rwkv7Block {
  /** `ln0`, before anything else; upstream has it in layer 0 only. */
  readonly preNorm?: LayerNormWeights;
  readonly norm1: LayerNormWeights;
  readonly att: Cell;
  readonly norm2: LayerNormWeights;
  readonly ffn: Cell;
}

export interface Rwkv7Parts {
  readonly dModel: number;
  /** Of every LayerNorm: 1e-5 upstream. */
  readonly eps: number;
  /** The first of them made with `first`, the others without. */
  readonly blocks: readonly Rwkv7Block[];
  /** `ln_out`; a missing end is the identity. */
  readonly finalNorm?: LayerNormWeights;
  /** [dOut, dModel], no bias. */
  readonly head?: { readonly weight: Float32Array; readonly dOut: number };
}
