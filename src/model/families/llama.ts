// Llama checkpoints: attention over the whole context and a SwiGLU, model_type "llama". Mistral is the same with a sliding
// window. Full attention needs a declared bound: options.contextRows, by default max_position_embeddings.

import { type AttentionConfig, attentionCell } from '../../cell/attention/index.ts';
import type { ConfigReader } from '../../weights/config-reader.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { Family, FamilyBody, TokenModelOptions } from '../family.ts';
import { readContext, readEps, readRope, readSizes, readWidth } from '../fields.ts';
import { readMlp } from '../gated-mlp.ts';
import { kvGrowth, readEnds, stackBody } from '../stack-body.ts';

export const llama: Family = (weights, config, options) => buildLlama(weights, config, options);

/** @param sliding the window, where a family has one */
export function buildLlama(
  weights: Weights,
  config: ConfigReader,
  options: TokenModelOptions,
  sliding?: number,
): FamilyBody {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  const heads = readWidth(config, 'num_attention_heads');
  const kvHeads = readWidth(config, 'num_key_value_heads', heads);
  const headDim = readWidth(config, 'head_dim', dModel / heads);
  const context = readContext(config, options, sliding);
  config.oneOf('hidden_act', ['silu'], 'silu');
  const attention: AttentionConfig = {
    dModel,
    heads,
    kvHeads,
    headDim,
    ...readRope(config, { theta: 10_000, rotaryFactor: 1 }),
    ...context,
    cache: options.kvCache ?? 'f32',
    biases: config.flag('attention_bias', false) ? ['q', 'k', 'v', 'o'] : [],
  };
  const dHidden = readWidth(config, 'intermediate_size');
  const biased = config.flag('mlp_bias', false);
  const ends = readEnds(weights, config, sizes, ['model.embed_tokens.weight']);
  const vector = (name: string): Float32Array => tensor(weights, `${name}.weight`, [dModel]);
  const blocks = Array.from({ length: sizes.layers }, (_, i) => {
    const layer = `model.layers.${i}`;
    return {
      norm: vector(`${layer}.input_layernorm`),
      mixer: attentionCell(weights, `${layer}.self_attn.`, attention),
      mlp: {
        ...readMlp(weights, `${layer}.mlp.`, { dModel, dHidden, biased }),
        norm: vector(`${layer}.post_attention_layernorm`),
      },
      names: { mixer: `${layer}.self_attn`, feedForward: `${layer}.mlp` },
      kv: kvGrowth(kvHeads, headDim, context, options),
    };
  });
  const eps = readEps(config, 'rms_norm_eps');
  return stackBody({ dModel, eps, blocks, finalNorm: vector('model.norm') }, ends);
}
