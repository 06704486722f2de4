// The fields of an upstream config.json that a mixer needs, under the names of the cells. Shared by whatever turns a
// checkpoint into something that runs: cells, ONNX graphs.

import type { AttentionConfig } from '../cell/attention/index.ts';
import type { Mamba2Config } from '../cell/mamba2/index.ts';
import type { ConfigReader } from '../weights/config-reader.ts';

export function mamba2ConfigOf(config: ConfigReader): Mamba2Config {
  return {
    dModel: config.number('hidden_size'),
    dState: config.number('state_size'),
    dConv: config.number('conv_kernel'),
    expand: config.number('expand'),
    headDim: config.number('head_dim'),
    nGroups: config.number('n_groups'),
    eps: config.number('layer_norm_epsilon'),
    dtLimit: [0, Infinity],
  };
}

/** Llama and Mistral. @param window rows that attention sees, instead of the model's own `sliding_window` */
export function attentionConfigOf(config: ConfigReader, window?: number): AttentionConfig {
  const dModel = config.number('hidden_size');
  const heads = config.number('num_attention_heads');
  return {
    dModel,
    heads,
    kvHeads: config.number('num_key_value_heads'),
    headDim: config.number('head_dim', dModel / heads),
    window: window ?? config.number('sliding_window'),
    theta: config.number('rope_theta'),
  };
}
