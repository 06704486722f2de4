// RWKV-4 checkpoints (RWKV/rwkv-4-*-pile): model_type "rwkv". The row of layers is cell/rwkv4's own, with LayerNorms and one
// more norm before the first block. `rescale_every` is ignored, rightly: see cell/rwkv4/README.md.

import { type Rwkv4Branch, readNorm, readRwkv4Block, rwkv4BlocksCell } from '../../cell/rwkv4/index.ts';
import type { Family } from '../family.ts';
import { readEps, readSizes, readWidth } from '../fields.ts';
import { cellLayer, headLayer, readEnds } from '../stack-body.ts';

export const rwkv: Family = (weights, config) => {
  const sizes = readSizes(config);
  const { dModel, vocabSize } = sizes;
  const widths = {
    dModel,
    dAttention: readWidth(config, 'attention_hidden_size', dModel),
    dHidden: readWidth(config, 'intermediate_size', 4 * dModel),
  };
  const eps = readEps(config, 'layer_norm_epsilon', 1e-5);
  const { embedding, head, headName } = readEnds(weights, config, sizes, ['rwkv.embeddings.weight'], 'head');
  const prefixes = Array.from({ length: sizes.layers }, (_, i) => `rwkv.blocks.${i}`);
  const blocks = prefixes.map((prefix) => readRwkv4Block(weights, `${prefix}.`, widths));
  const finalNorm = readNorm(weights, 'rwkv.ln_out', dModel);
  const layer = (name: string, { mixing }: Rwkv4Branch) => cellLayer(name, mixing);
  return {
    vocabSize,
    dModel,
    embedding,
    embeddingScale: 1,
    kv: [],
    cell: rwkv4BlocksCell({ dModel, eps, blocks, finalNorm, head }),
    layers: [
      ...blocks.flatMap(({ attention, feedForward }, i) => [
        layer(`${prefixes[i]}.attention`, attention),
        layer(`${prefixes[i]}.feed_forward`, feedForward),
      ]),
      headLayer(headName, head),
    ],
    // Upstream's hidden_states[0] is behind the first block, not the embedding; the last is behind the final norm.
    hidden: [
      ...blocks.map((block) => rwkv4BlocksCell({ dModel, eps, blocks: [block] })),
      rwkv4BlocksCell({ dModel, eps, blocks: [], finalNorm }),
    ],
  };
};
