// A family whose layers stand in a row, norm - mixer - residual, norm - feed-forward - residual: its parts become one
// stack cell, the list of its layers, and the cells that end at each layer.

import type { Cell } from '../cell/cell.ts';
import { type Block, type Linear, type StackParts, stackCell } from '../cell/stack/index.ts';
import { stateBytes } from '../cell/state.ts';
import type { ConfigReader } from '../weights/config-reader.ts';
import { tensor, type Weights } from '../weights/tensor.ts';
import type { FamilyBody, KvGrowth, LayerInfo, TokenModelOptions } from './family.ts';
import type { Context, Sizes } from './fields.ts';

export interface ModelBlock extends Block {
  /** Prefixes of its parts in the checkpoint, without the last dot. */
  readonly names: { readonly mixer: string; readonly feedForward?: string };
  readonly kv?: KvGrowth;
}

export interface Ends {
  /** [vocabSize, dModel]. */
  readonly embedding: Float32Array;
  readonly embeddingScale?: number;
  readonly head: Linear;
  readonly headName: string;
}

export interface BodyParts extends StackParts {
  readonly blocks: readonly ModelBlock[];
}

/** @param hiddenFrom what upstream's hidden_states[0] is: the embedding, or (Mamba) what the first block made of it */
export function stackBody(
  parts: BodyParts,
  ends: Ends,
  hiddenFrom: 'embedding' | 'first block' = 'embedding',
): FamilyBody {
  const { dModel, eps, blocks, embedNorm, softCap: _ofHead, ...finalNorms } = parts;
  const part = (some: readonly Block[], norms = {}): Cell => stackCell({ dModel, eps, blocks: some, ...norms });
  const startOf = (index: number) => (index === 0 && embedNorm ? { embedNorm } : {});
  const single = blocks.map((block, i) => part([block], startOf(i)));
  // Upstream's last hidden state is behind the final norm.
  const last = part(blocks.slice(-1), { ...startOf(blocks.length - 1), ...finalNorms });
  const { head, headName, embedding, embeddingScale = 1 } = ends;
  return {
    vocabSize: head.dOut,
    dModel,
    embedding,
    embeddingScale,
    cell: stackCell({ ...parts, head }),
    layers: [...blocks.flatMap((block) => layersOf(block, dModel)), headLayer(headName, head)],
    kv: blocks.flatMap(({ kv }) => kv ?? []),
    hidden: hiddenFrom === 'embedding' ? [part([]), ...single.slice(0, -1), last] : [...single, part([], finalNorms)],
  };
}

/** The output layer as one of a model's layers. */
function headLayer(name: string, { dIn, dOut }: Pick<Linear, 'dIn' | 'dOut'>): LayerInfo {
  return { name, kind: 'linear', stateBytes: 0, flops: 2 * dIn * dOut };
}

function cellLayer(name: string, { kind, layout, flops }: Cell): LayerInfo {
  return { name, kind, stateBytes: stateBytes(layout), flops: flops ?? 0 };
}

function layersOf({ names, mixer, mlp, feedForward }: ModelBlock, dModel: number): LayerInfo[] {
  const layers = [cellLayer(names.mixer, mixer)];
  const second = names.feedForward ?? `${names.mixer} (feed-forward)`;
  if (mlp) layers.push({ name: second, kind: 'gated-mlp', stateBytes: 0, flops: 6 * dModel * mlp.dHidden });
  if (feedForward) layers.push(cellLayer(second, feedForward.cell));
  return layers;
}

/**
 * Embedding and head. A checkpoint without a head of its own has its embedding as one, unless config.json denies it
 * (`tie_word_embeddings: false`).
 * @param embeddings names under which the embedding may be stored, the usual one first
 */
export function readEnds(
  weights: Weights,
  config: ConfigReader,
  { dModel, vocabSize }: Sizes,
  embeddings: readonly [string, ...string[]],
  headName = 'lm_head',
): Ends {
  const name = embeddings.find((candidate) => weights.has(candidate)) ?? embeddings[0];
  const embedding = tensor(weights, name, [vocabSize, dModel]);
  const stored = `${headName}.weight`;
  const tied = !weights.has(stored) && config.flag('tie_word_embeddings', true);
  const weight = tied ? embedding : tensor(weights, stored, [vocabSize, dModel]);
  return { embedding, head: { dIn: dModel, dOut: vocabSize, weight }, headName: tied ? `${name} (as head)` : headName };
}

/** What a cache of `kvHeads` heads takes for a row. */
export function kvGrowth(kvHeads: number, headDim: number, context: Context, options: TokenModelOptions): KvGrowth {
  const perHead = options.kvCache === 'int8' ? headDim + 4 : 4 * headDim; // a byte each and a scale, or f32
  const { window, whenFull } = context;
  const bytesPerRow = 2 * kvHeads * perHead;
  return whenFull === 'slide'
    ? { bytesPerRow, window, contextRows: Infinity }
    : { bytesPerRow, window: Infinity, contextRows: window };
}
