// Jamba (ai21labs/Jamba-*): Mamba layers with an attention layer every few, experts every other layer, model_type "jamba".
// Attention has no positions. Mixers norm r, B and C with weights. Experts are read one by one, as the hub has them, or
// fused, as transformers 5 has them in memory.

import { type AttentionConfig, attentionCell } from '../../cell/attention/index.ts';
import type { Cell } from '../../cell/cell.ts';
import { type MambaConfig, mambaCell } from '../../cell/mamba/index.ts';
import { moeCell } from '../../cell/moe/index.ts';
import type { ConfigReader } from '../../weights/config-reader.ts';
import { tensor } from '../../weights/tensor.ts';
import type { Family, TokenModelOptions } from '../family.ts';
import { readContext, readEps, readSizes, readWidth } from '../fields.ts';
import { readMlp } from '../gated-mlp.ts';
import { kvGrowth, type ModelBlock, readEnds, stackBody } from '../stack-body.ts';

export const jamba: Family = (weights, config, options) => {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  const eps = readEps(config, 'rms_norm_eps', 1e-6);
  config.oneOf('hidden_act', ['silu'], 'silu');
  const attention = readAttentionConfig(config, dModel, options);
  const mixer = readMixerConfig(config, dModel, eps);
  const dHidden = readWidth(config, 'intermediate_size');
  const experts = readWidth(config, 'num_experts');
  const moe = { family: 'jamba', dModel, dHidden, experts, chosen: readWidth(config, 'num_experts_per_tok') } as const;
  const attends = every(config, 'attn_layer', 8, 4);
  const routes = every(config, 'expert_layer', 2, 1);
  const vector = (name: string): Float32Array => tensor(weights, `${name}.weight`, [dModel]);
  const ends = readEnds(weights, config, sizes, ['model.embed_tokens.weight']);
  const blocks = Array.from({ length: sizes.layers }, (_, i): ModelBlock => {
    const layer = `model.layers.${i}`;
    const isAttention = attends(i);
    const names = { mixer: `${layer}.${isAttention ? 'self_attn' : 'mamba'}`, feedForward: `${layer}.feed_forward` };
    const cell: Cell = isAttention
      ? attentionCell(weights, `${names.mixer}.`, attention)
      : mambaCell(weights, `${names.mixer}.`, mixer);
    const norm = vector(`${layer}.pre_ff_layernorm`);
    return {
      norm: vector(`${layer}.input_layernorm`),
      mixer: cell,
      ...(routes(i) && experts > 1
        ? { feedForward: { norm, cell: moeCell(weights, `${names.feedForward}.`, moe) } }
        : { mlp: { ...readMlp(weights, `${names.feedForward}.`, { dModel, dHidden }), norm } }),
      names,
      ...(isAttention && { kv: kvGrowth(attention.kvHeads, attention.headDim, attention, options) }),
    };
  });
  return stackBody({ dModel, eps, blocks, finalNorm: vector('model.final_layernorm') }, ends);
};

function readAttentionConfig(config: ConfigReader, dModel: number, options: TokenModelOptions) {
  if (config.has('sliding_window')) throw config.wrong('sliding_window', 'null: Jamba attends over its whole context');
  const heads = readWidth(config, 'num_attention_heads');
  const attention = {
    dModel,
    heads,
    kvHeads: readWidth(config, 'num_key_value_heads', heads),
    headDim: readWidth(config, 'head_dim', dModel / heads),
    ...readContext(config, options),
    theta: 10_000, // of no effect: nothing is rotated
    rotaryFactor: 0,
    cache: options.kvCache ?? 'f32',
  };
  return attention satisfies AttentionConfig;
}

function readMixerConfig(config: ConfigReader, dModel: number, eps: number): MambaConfig {
  return {
    dModel,
    dInner: dModel * readWidth(config, 'mamba_expand'),
    dState: readWidth(config, 'mamba_d_state'),
    dConv: readWidth(config, 'mamba_d_conv'),
    dtRank: readWidth(config, 'mamba_dt_rank', Math.ceil(dModel / 16)),
    convBias: config.flag('mamba_conv_bias', true),
    projBias: config.flag('mamba_proj_bias', false),
    selectNorm: { weights: true, eps },
  };
}

/** Which layers: those at `offset` in every `period`. */
function every(config: ConfigReader, what: string, period: number, offset: number): (index: number) => boolean {
  const length = readWidth(config, `${what}_period`, period);
  const at = config.integer(`${what}_offset`, { min: 0, max: length - 1, fallback: offset });
  return (index) => index % length === at;
}
