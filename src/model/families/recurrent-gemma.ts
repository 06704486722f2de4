// RecurrentGemma (google/recurrentgemma-2b, 9b): recurrent blocks (RG-LRU) and local attention in turns, GeGLU with
// biases, norms of 1 + w, a soft cap on the logits. The MLP is half of `intermediate_size` wide.

import { attentionCell } from '../../cell/attention/index.ts';
import { rgLruCell } from '../../cell/rg-lru/index.ts';
import type { ConfigReader } from '../../weights/config-reader.ts';
import { tensor } from '../../weights/tensor.ts';
import { toBfloat16 } from '../bfloat16.ts';
import type { Family } from '../family.ts';
import { readContext, readEps, readRope, readSizes, readWidth } from '../fields.ts';
import { plusOne, readMlp } from '../gated-mlp.ts';
import { kvGrowth, readEnds, stackBody } from '../stack-body.ts';

export const recurrentGemma: Family = (weights, config, options) => {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  const heads = readWidth(config, 'num_attention_heads');
  const kvHeads = readWidth(config, 'num_key_value_heads', heads);
  const headDim = readWidth(config, 'head_dim', dModel / heads);
  const context = readContext(config, options, readWidth(config, 'attention_window_size'));
  const attention = {
    dModel,
    heads,
    kvHeads,
    headDim,
    ...readRope(config, { theta: 10_000, rotaryFactor: 0.5 }),
    ...context,
    cache: options.kvCache ?? 'f32',
    // o_proj has its bias always, the others when the config says so.
    biases: config.flag('attention_bias', false) ? (['q', 'k', 'v', 'o'] as const) : (['o'] as const),
  };
  const lruWidth = readWidth(config, 'lru_width', dModel);
  const recurrence = { dModel, lruWidth, heads, dConv: readWidth(config, 'conv1d_width') };
  config.oneOf('hidden_activation', ['gelu_pytorch_tanh'], 'gelu_pytorch_tanh');
  const dHidden = readWidth(config, 'intermediate_size') / 2;
  const mlp = { dModel, dHidden, biased: true, activation: 'gelu_tanh' } as const;
  const norm = (name: string): Float32Array => plusOne(tensor(weights, `${name}.weight`, [dModel]));
  const kinds = readKinds(config);
  const ends = readEnds(weights, config, sizes, ['model.embed_tokens.weight']);
  const blocks = Array.from({ length: sizes.layers }, (_, i) => {
    const layer = `model.layers.${i}`;
    const names = { mixer: `${layer}.temporal_block`, feedForward: `${layer}.mlp_block` };
    const attends = kinds[i % kinds.length] === 'attention';
    return {
      norm: norm(`${layer}.temporal_pre_norm`),
      mixer: attends
        ? attentionCell(weights, `${names.mixer}.`, attention)
        : rgLruCell(weights, `${names.mixer}.`, recurrence),
      mlp: { ...readMlp(weights, `${names.feedForward}.`, mlp), norm: norm(`${layer}.channel_pre_norm`) },
      names,
      ...(attends && { kv: kvGrowth(kvHeads, headDim, context, options) }),
    };
  });
  const softCap = config.number('logits_soft_cap', 30);
  if (!(softCap > 0)) throw config.wrong('logits_soft_cap', 'a positive number');
  const parts = { dModel, eps: readEps(config, 'rms_norm_eps', 1e-6), blocks, finalNorm: norm('model.final_norm') };
  return stackBody({ ...parts, softCap }, { ...ends, embeddingScale: toBfloat16(Math.sqrt(dModel)) });
};

/** The pattern that the layers repeat: `block_types`, or what newer files call it. */
function readKinds(config: ConfigReader): readonly string[] {
  const field = config.has('block_types') ? 'block_types' : '_block_types';
  const kinds = config.texts(field);
  if (kinds.length === 0 || !kinds.every((kind) => kind === 'recurrent' || kind === 'attention')) {
    throw config.wrong(field, 'a list of "recurrent" and "attention"');
  }
  return kinds;
}
