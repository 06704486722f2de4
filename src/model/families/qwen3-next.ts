// Qwen3-Next (Qwen/Qwen3-Next-80B-A3B-*): three gated DeltaNet layers to one of gated attention, experts with a shared one
// beside them, norms of 1 + w, model_type "qwen3_next". Tensors under `mtp.` (a head for a second token) are passed over.

import { attentionCell } from '../../cell/attention/index.ts';
import { gatedDeltaCell, readGatedDeltaQwen3Next } from '../../cell/gated-delta/index.ts';
import { type MoeConfig, moeCell } from '../../cell/moe/index.ts';
import type { ConfigReader } from '../../weights/config-reader.ts';
import { tensor } from '../../weights/tensor.ts';
import type { Family, TokenModelOptions } from '../family.ts';
import { readContext, readEps, readRope, readSizes, readWidth, WIDTH_MAX } from '../fields.ts';
import { plusOne, readMlp } from '../gated-mlp.ts';
import { kvGrowth, type ModelBlock, readEnds, stackBody } from '../stack-body.ts';

export const qwen3Next: Family = (weights, config, options) => {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  const eps = readEps(config, 'rms_norm_eps', 1e-6);
  config.oneOf('hidden_act', ['silu'], 'silu');
  const attention = readAttentionConfig(config, dModel, eps, options);
  const delta = readDeltaConfig(config, dModel, eps);
  const moe = readMoeConfig(config, dModel);
  const dHidden = readWidth(config, 'intermediate_size');
  const attends = readKinds(config, sizes.layers);
  const routes = readSparse(config);
  const norm = (name: string): Float32Array => plusOne(tensor(weights, `${name}.weight`, [dModel]));
  const ends = readEnds(weights, config, sizes, ['model.embed_tokens.weight']);
  const blocks = Array.from({ length: sizes.layers }, (_, i): ModelBlock => {
    const layer = `model.layers.${i}`;
    const isAttention = attends[i]!;
    const names = { mixer: `${layer}.${isAttention ? 'self_attn' : 'linear_attn'}`, feedForward: `${layer}.mlp` };
    const after = norm(`${layer}.post_attention_layernorm`);
    return {
      norm: norm(`${layer}.input_layernorm`),
      mixer: isAttention
        ? attentionCell(weights, `${names.mixer}.`, attention)
        : gatedDeltaCell(delta, readGatedDeltaQwen3Next(weights, `${names.mixer}.`, delta)),
      ...(routes(i)
        ? { feedForward: { norm: after, cell: moeCell(weights, `${names.feedForward}.`, moe) } }
        : { mlp: { ...readMlp(weights, `${names.feedForward}.`, { dModel, dHidden }), norm: after } }),
      names,
      ...(isAttention && { kv: kvGrowth(attention.kvHeads, attention.headDim, attention, options) }),
    };
  });
  return stackBody({ dModel, eps, blocks, finalNorm: norm('model.norm') }, ends);
};

function readAttentionConfig(config: ConfigReader, dModel: number, eps: number, options: TokenModelOptions) {
  const heads = readWidth(config, 'num_attention_heads');
  return {
    dModel,
    heads,
    kvHeads: readWidth(config, 'num_key_value_heads'),
    headDim: readWidth(config, 'head_dim', dModel / heads),
    ...readContext(config, options),
    ...readRope(config, { theta: 10_000, rotaryFactor: 0.25 }),
    qkNorm: { eps, plusOne: true },
    outputGate: true,
    biases: config.flag('attention_bias', false) ? (['q', 'k', 'v', 'o'] as const) : [],
    cache: options.kvCache ?? 'f32',
  };
}

function readDeltaConfig(config: ConfigReader, dModel: number, eps: number) {
  return {
    dModel,
    eps,
    allowNegEigval: false,
    keyHeads: readWidth(config, 'linear_num_key_heads'),
    valueHeads: readWidth(config, 'linear_num_value_heads'),
    headKDim: readWidth(config, 'linear_key_head_dim'),
    headVDim: readWidth(config, 'linear_value_head_dim'),
    dConv: readWidth(config, 'linear_conv_kernel_dim'),
  };
}

function readMoeConfig(config: ConfigReader, dModel: number): MoeConfig {
  // The router's gates are renormalised over the chosen; without it they would be another rule.
  if (!config.flag('norm_topk_prob', true)) throw config.wrong('norm_topk_prob', 'true');
  return {
    family: 'qwen3-next',
    dModel,
    dHidden: readWidth(config, 'moe_intermediate_size'),
    experts: readWidth(config, 'num_experts'),
    chosen: readWidth(config, 'num_experts_per_tok'),
    sharedHidden: readWidth(config, 'shared_expert_intermediate_size'),
  };
}

/** Which layers attend: `layer_types`, or the last of every `full_attention_interval`. */
function readKinds(config: ConfigReader, layers: number): boolean[] {
  if (!config.has('layer_types')) {
    const interval = readWidth(config, 'full_attention_interval', 4);
    return Array.from({ length: layers }, (_, i) => (i + 1) % interval === 0);
  }
  const kinds = config.texts('layer_types');
  if (kinds.length !== layers || !kinds.every((kind) => kind === 'full_attention' || kind === 'linear_attention')) {
    throw config.wrong('layer_types', `"full_attention" or "linear_attention" for each of ${layers} layers`);
  }
  return kinds.map((kind) => kind === 'full_attention');
}

/** Which layers have experts: every `decoder_sparse_step`-th, but those in `mlp_only_layers`. */
function readSparse(config: ConfigReader): (index: number) => boolean {
  const step = config.integer('decoder_sparse_step', { max: WIDTH_MAX, fallback: 1 });
  const plain = new Set(config.numbers('mlp_only_layers', []));
  return (index) => !plain.has(index) && (index + 1) % step === 0;
}
