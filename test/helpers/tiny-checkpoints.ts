// Tiny random checkpoints of Falcon Mamba, Jamba and Qwen3-Next from any seed: config.json as the hub has it, tensors by their
// upstream names. Widths differ from each other wherever the family lets them, so that no two can be mixed up unseen.

import { randomTensors, type Tensors } from './write-checkpoint.ts';

export interface Tiny {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Tensors;
}
type Shapes = Record<string, number[]>;

/** A_log and norms around one, the rest around zero. */
const centre = (name: string): number => (/norm|\.A_log$|\.D$/.test(name) ? 1 : 0);
/** The norms of Qwen3-Next count from one already; that of its DeltaNet does not. */
const centreQwen = (name: string): number => (/linear_attn\.norm|\.A_log$/.test(name) ? 1 : 0);

function mambaShapes(prefix: string, d: number, e: number, n: number, k: number, rank: number): Shapes {
  return {
    [`${prefix}.in_proj.weight`]: [2 * e, d],
    [`${prefix}.conv1d.weight`]: [e, 1, k],
    [`${prefix}.conv1d.bias`]: [e],
    [`${prefix}.x_proj.weight`]: [rank + 2 * n, e],
    [`${prefix}.dt_proj.weight`]: [e, rank],
    [`${prefix}.dt_proj.bias`]: [e],
    [`${prefix}.A_log`]: [e, n],
    [`${prefix}.D`]: [e],
    [`${prefix}.out_proj.weight`]: [d, e],
  };
}

const mlpShapes = (prefix: string, d: number, hidden: number): Shapes => ({
  [`${prefix}.gate_proj.weight`]: [hidden, d],
  [`${prefix}.up_proj.weight`]: [hidden, d],
  [`${prefix}.down_proj.weight`]: [d, hidden],
});

const layersOf = (count: number, shapes: (index: number) => Shapes): Shapes =>
  Object.assign({}, ...Array.from({ length: count }, (_, i) => shapes(i)));

export function tinyFalconMamba(seed: number): Tiny {
  const [d, e, n, k, rank, vocabulary] = [12, 20, 5, 4, 3, 31];
  const config = {
    ...{ model_type: 'falcon_mamba', hidden_size: d, intermediate_size: e, state_size: n, conv_kernel: k },
    ...{ time_step_rank: rank, num_hidden_layers: 3, vocab_size: vocabulary, hidden_act: 'silu', expand: 16 },
    ...{ layer_norm_epsilon: 1e-5, mixer_rms_eps: 1e-6, use_bias: false, use_conv_bias: true },
    tie_word_embeddings: false,
  };
  const shapes = {
    'backbone.embeddings.weight': [vocabulary, d],
    ...layersOf(3, (i) => ({
      [`backbone.layers.${i}.norm.weight`]: [d],
      ...mambaShapes(`backbone.layers.${i}.mixer`, d, e, n, k, rank),
    })),
    'backbone.norm_f.weight': [d],
    'lm_head.weight': [vocabulary, d],
  };
  return { config, tensors: randomTensors(shapes, seed, centre) };
}

/** Four layers: mamba, mamba with experts, attention, mamba with experts. */
export function tinyJamba(seed: number): Tiny {
  const [d, n, k, rank, hidden, experts, vocabulary] = [12, 5, 4, 3, 10, 4, 29];
  const config = {
    ...{ model_type: 'jamba', hidden_size: d, intermediate_size: hidden, num_hidden_layers: 4, vocab_size: vocabulary },
    ...{ num_attention_heads: 3, num_key_value_heads: 1, rms_norm_eps: 1e-6, hidden_act: 'silu' },
    ...{ attn_layer_period: 4, attn_layer_offset: 2, expert_layer_period: 2, expert_layer_offset: 1 },
    ...{ num_experts: experts, num_experts_per_tok: 2, mamba_d_state: n, mamba_d_conv: k, mamba_expand: 2 },
    ...{ mamba_dt_rank: rank, mamba_conv_bias: true, mamba_proj_bias: false, max_position_embeddings: 256 },
    ...{ tie_word_embeddings: false, sliding_window: null },
  };
  const shapes = {
    'model.embed_tokens.weight': [vocabulary, d],
    ...layersOf(4, (i) => {
      const layer = `model.layers.${i}`;
      return {
        [`${layer}.input_layernorm.weight`]: [d],
        [`${layer}.pre_ff_layernorm.weight`]: [d],
        ...(i === 2
          ? {
              [`${layer}.self_attn.q_proj.weight`]: [12, d],
              [`${layer}.self_attn.k_proj.weight`]: [4, d],
              [`${layer}.self_attn.v_proj.weight`]: [4, d],
              [`${layer}.self_attn.o_proj.weight`]: [d, 12],
            }
          : {
              ...mambaShapes(`${layer}.mamba`, d, 2 * d, n, k, rank),
              [`${layer}.mamba.dt_layernorm.weight`]: [rank],
              [`${layer}.mamba.b_layernorm.weight`]: [n],
              [`${layer}.mamba.c_layernorm.weight`]: [n],
            }),
        ...(i % 2 === 0
          ? mlpShapes(`${layer}.feed_forward`, d, hidden)
          : {
              [`${layer}.feed_forward.router.weight`]: [experts, d],
              ...layersOf(experts, (e) => mlpShapes(`${layer}.feed_forward.experts.${e}`, d, hidden)),
            }),
      };
    }),
    'model.final_layernorm.weight': [d],
    'lm_head.weight': [vocabulary, d],
  };
  return { config, tensors: randomTensors(shapes, seed, centre) };
}

/** Four layers: three of gated DeltaNet and one of gated attention; the second has a plain MLP. */
export function tinyQwen3Next(seed: number): Tiny {
  const [d, hk, hv, k, headDim, hidden, experts, shared, vocabulary] = [14, 3, 5, 4, 8, 9, 4, 6, 27];
  const config = {
    ...{ model_type: 'qwen3_next', hidden_size: d, num_hidden_layers: 4, vocab_size: vocabulary, hidden_act: 'silu' },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, head_dim: headDim, rms_norm_eps: 1e-6, rope_theta: 10000 },
    ...{ partial_rotary_factor: 0.25, max_position_embeddings: 256, attention_bias: false, rope_scaling: null },
    ...{ linear_num_key_heads: 2, linear_num_value_heads: 4, linear_key_head_dim: hk, linear_value_head_dim: hv },
    ...{ linear_conv_kernel_dim: k, intermediate_size: 11, moe_intermediate_size: hidden, decoder_sparse_step: 1 },
    ...{ shared_expert_intermediate_size: shared, num_experts: experts, num_experts_per_tok: 2, norm_topk_prob: true },
    ...{ mlp_only_layers: [1], tie_word_embeddings: false },
    layer_types: ['linear_attention', 'linear_attention', 'linear_attention', 'full_attention'],
  };
  const [keys, values] = [2 * hk, 4 * hv];
  const shapes = {
    'model.embed_tokens.weight': [vocabulary, d],
    ...layersOf(4, (i) => {
      const layer = `model.layers.${i}`;
      return {
        [`${layer}.input_layernorm.weight`]: [d],
        [`${layer}.post_attention_layernorm.weight`]: [d],
        ...(i === 3
          ? {
              [`${layer}.self_attn.q_proj.weight`]: [2 * 4 * headDim, d],
              [`${layer}.self_attn.k_proj.weight`]: [2 * headDim, d],
              [`${layer}.self_attn.v_proj.weight`]: [2 * headDim, d],
              [`${layer}.self_attn.o_proj.weight`]: [d, 4 * headDim],
              [`${layer}.self_attn.q_norm.weight`]: [headDim],
              [`${layer}.self_attn.k_norm.weight`]: [headDim],
            }
          : {
              [`${layer}.linear_attn.in_proj_qkvz.weight`]: [2 * keys + 2 * values, d],
              [`${layer}.linear_attn.in_proj_ba.weight`]: [8, d],
              [`${layer}.linear_attn.conv1d.weight`]: [2 * keys + values, 1, k],
              [`${layer}.linear_attn.A_log`]: [4],
              [`${layer}.linear_attn.dt_bias`]: [4],
              [`${layer}.linear_attn.norm.weight`]: [hv],
              [`${layer}.linear_attn.out_proj.weight`]: [d, values],
            }),
        ...(i === 1
          ? mlpShapes(`${layer}.mlp`, d, 11)
          : {
              [`${layer}.mlp.gate.weight`]: [experts, d],
              ...layersOf(experts, (e) => mlpShapes(`${layer}.mlp.experts.${e}`, d, hidden)),
              ...mlpShapes(`${layer}.mlp.shared_expert`, d, shared),
              [`${layer}.mlp.shared_expert_gate.weight`]: [1, d],
            }),
      };
    }),
    'model.norm.weight': [d],
    'lm_head.weight': [vocabulary, d],
  };
  return { config, tensors: randomTensors(shapes, seed, centreQwen) };
}
