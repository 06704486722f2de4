// What a family of checkpoints has to say about itself, and what it is asked. One file a family in families/; the table of
// them is in token-model.ts.

import type { Cell } from '../cell/cell.ts';
import type { ConfigReader } from '../weights/config-reader.ts';
import type { Weights } from '../weights/tensor.ts';

export interface TokenModelOptions {
  /**
   * Rows a stream may have, as far as full attention is concerned: its cache is this long, and row `contextRows` + 1 is
   * refused with ERR_CONTEXT_FULL. Default: the model's own max_position_embeddings. Sliding windows keep their width.
   */
  readonly contextRows?: number;
  /** How attention keeps keys and values; f32 by default. Mixtures of attention heads know f32 only. */
  readonly kvCache?: 'f32' | 'int8';
}

/** One part of a model with weights of its own, in the order of computing. Norms and residuals are not listed. */
export interface LayerInfo {
  /** The checkpoint's own prefix, for instance `backbone.layers.0.mixer`. */
  readonly name: string;
  readonly kind: string;
  /** What one stream keeps there. */
  readonly stateBytes: number;
  /** Of one step, a multiply-add as two, at the longest context. */
  readonly flops: number;
}

/** A cache of keys and values: what a row adds to it, and what bounds it. */
export interface KvGrowth {
  readonly bytesPerRow: number;
  /** Rows it ever holds: a sliding window; Infinity for full attention. */
  readonly window: number;
  /** Rows after which it refuses more: the declared context of full attention; Infinity where the window slides. */
  readonly contextRows: number;
}

export interface FamilyBody {
  readonly vocabSize: number;
  readonly dModel: number;
  /** [vocabSize, dModel] f32. */
  readonly embedding: Float32Array;
  readonly embeddingScale: number;
  /** From an embedding row to logits. */
  readonly cell: Cell;
  readonly layers: readonly LayerInfo[];
  readonly kv: readonly KvGrowth[];
  /** A chain: cell i leads from upstream's hidden_states[i - 1] (0: the embedding row) to hidden_states[i]. */
  readonly hidden: readonly Cell[];
}

/**
 * Reads one family. Only the tensors it asks `weights` for count as used.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE, ERR_WEIGHTS_NOT_FINITE
 */
export type Family = (weights: Weights, config: ConfigReader, options: TokenModelOptions) => FamilyBody;
