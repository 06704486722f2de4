// RWKV-4 checkpoints (RWKV/rwkv-4-*-pile): model_type "rwkv". Its norms are LayerNorms, with one more (`pre_ln`) before the
// first block. `rescale_every` is ignored, rightly: see cell/rwkv4/README.md.

import { readNorm, readRwkv4Block } from '../../cell/rwkv4/index.ts';
import { tensor } from '../../weights/tensor.ts';
import type { Family } from '../family.ts';
import { readEps, readSizes, readWidth } from '../fields.ts';
import { readEnds, stackBody } from '../stack-body.ts';

export const rwkv: Family = (weights, config) => {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  const widths = {
    dModel,
    dAttention: readWidth(config, 'attention_hidden_size', dModel),
    dHidden: readWidth(config, 'intermediate_size', 4 * dModel),
  };
  const eps = readEps(config, 'layer_norm_epsilon', 1e-5);
  const ends = readEnds(weights, config, sizes, ['rwkv.embeddings.weight'], 'head');
  const blocks = Array.from({ length: sizes.layers }, (_, i) => {
    const layer = `rwkv.blocks.${i}`;
    const names = { mixer: `${layer}.attention`, feedForward: `${layer}.feed_forward` };
    return { ...readRwkv4Block(weights, `${layer}.`, widths), names };
  });
  const norms = {
    ...(weights.has('rwkv.blocks.0.pre_ln.weight') && {
      embedNorm: readNorm(weights, 'rwkv.blocks.0.pre_ln', dModel),
    }),
    finalNorm: tensor(weights, 'rwkv.ln_out.weight', [dModel]),
    finalNormBias: tensor(weights, 'rwkv.ln_out.bias', [dModel]),
  };
  return stackBody({ dModel, eps, blocks, ...norms }, ends, 'first block');
};
