// JetMoE (jetmoe/jetmoe-8b): mixtures of attention heads and of experts in every block, model_type "jetmoe".

import { moaCell } from '../../cell/moa/index.ts';
import { moeCell } from '../../cell/moe/index.ts';
import { tensor } from '../../weights/tensor.ts';
import type { Family } from '../family.ts';
import { readContext, readEps, readRope, readSizes, readWidth } from '../fields.ts';
import { kvGrowth, readEnds, stackBody } from '../stack-body.ts';

export const jetmoe: Family = (weights, config, options) => {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  config.oneOf('activation_function', ['silu'], 'silu');
  const routing = {
    dModel,
    experts: readWidth(config, 'num_local_experts'),
    chosen: readWidth(config, 'num_experts_per_tok'),
  };
  const kvHeads = readWidth(config, 'num_key_value_heads');
  const headDim = readWidth(config, 'kv_channels');
  if (readWidth(config, 'num_attention_heads', kvHeads * routing.chosen) !== kvHeads * routing.chosen) {
    throw config.wrong('num_attention_heads', 'num_key_value_heads times num_experts_per_tok');
  }
  const context = readContext(config, options);
  const { theta, rotaryFactor } = readRope(config, { theta: 10_000, rotaryFactor: 1 });
  if (rotaryFactor !== 1) throw config.wrong('partial_rotary_factor', '1');
  const attention = { ...routing, ...context, kvHeads, headDim, theta };
  const feedForward = { ...routing, family: 'jetmoe', dHidden: readWidth(config, 'intermediate_size') } as const;
  const vector = (name: string): Float32Array => tensor(weights, `${name}.weight`, [dModel]);
  const ends = readEnds(weights, config, sizes, ['model.embed_tokens.weight']);
  const blocks = Array.from({ length: sizes.layers }, (_, i) => {
    const layer = `model.layers.${i}`;
    return {
      norm: vector(`${layer}.input_layernorm`),
      mixer: moaCell(weights, `${layer}.self_attention.`, attention),
      feedForward: {
        norm: vector(`${layer}.post_attention_layernorm`),
        cell: moeCell(weights, `${layer}.mlp.`, feedForward),
      },
      names: { mixer: `${layer}.self_attention`, feedForward: `${layer}.mlp` },
      kv: kvGrowth(kvHeads, headDim, context, { ...options, kvCache: 'f32' }),
    };
  });
  const eps = readEps(config, 'rms_norm_eps', 1e-6);
  return stackBody({ dModel, eps, blocks, finalNorm: vector('model.norm') }, ends);
};
