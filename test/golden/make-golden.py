"""Tiny random checkpoints of families and what transformers makes of them: config.json, model.safetensors (as save_pretrained
writes them) and golden.safetensors (names: see src/app/verify/verify-model.ts). Not run by any test.

    python3 make-golden.py OUT [NAME ...]        needs torch, transformers 5.17, safetensors; CPU only

float64 runs are genuine: upstream's own casts to float32 are turned off for them.
"""

import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

ROWS, PREFILL, VOCABULARY = 40, 13, 64
COMMON = dict(vocab_size=VOCABULARY, bos_token_id=1, eos_token_id=2, pad_token_id=0)
CONFIGS = {
    "falcon_mamba": dict(
        hidden_size=24, state_size=6, num_hidden_layers=2, conv_kernel=4, expand=2, intermediate_size=40,
        time_step_rank=3, use_conv_bias=True, tie_word_embeddings=False, use_mambapy=False,
    ),
    "mamba2_g2": dict(
        hidden_size=24, state_size=8, num_hidden_layers=2, conv_kernel=4, expand=2, head_dim=8, num_heads=6, n_groups=2,
        chunk_size=8, tie_word_embeddings=False,
    ),
    "jamba": dict(
        hidden_size=24, intermediate_size=20, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
        num_experts=4, num_experts_per_tok=2, attn_layer_period=4, attn_layer_offset=2, expert_layer_period=2,
        expert_layer_offset=1, mamba_d_state=6, mamba_d_conv=4, mamba_expand=2, mamba_dt_rank=3, use_mamba_kernels=False,
        max_position_embeddings=128, tie_word_embeddings=False,
    ),
    "qwen3_next": dict(
        hidden_size=24, intermediate_size=20, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
        head_dim=8, linear_conv_kernel_dim=4, linear_key_head_dim=6, linear_value_head_dim=8, linear_num_key_heads=2,
        linear_num_value_heads=4, moe_intermediate_size=12, shared_expert_intermediate_size=10, num_experts=4,
        num_experts_per_tok=2, decoder_sparse_step=1, mlp_only_layers=[1], max_position_embeddings=128,
        tie_word_embeddings=False,
        layer_types=["linear_attention", "linear_attention", "linear_attention", "full_attention"],
    ),
}
MODEL_TYPES = {"mamba2_g2": "mamba2"}
STATES = {"keys": "k", "values": "v", "conv_states": "conv", "recurrent_states": "ssm", "ssm_states": "ssm"}


def make_model(family):
    torch.manual_seed(20240)
    config = transformers.AutoConfig.for_model(MODEL_TYPES.get(family, family), **COMMON, **CONFIGS[family])
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager", experts_implementation="eager").eval().float()
    generator = torch.Generator().manual_seed(20240)
    for parameter in model.parameters():
        # Upstream's start values keep their meaning (A_log, D, norms); matrices are made large enough to matter.
        spread = 0.3 if parameter.dim() > 1 else 0.1
        parameter.data += spread * torch.randn(parameter.shape, generator=generator)
    return model


def states_of(cache):
    found = {}
    for index, layer in enumerate(getattr(cache, "layers", None) or []):
        for attribute, name in STATES.items():
            value = getattr(layer, attribute, None)
            if isinstance(value, (list, tuple, dict)):
                value = next(iter(value.values() if isinstance(value, dict) else value), None)
            if isinstance(value, torch.Tensor):
                found[f"layers.{index}.{name}"] = value.clone()
    if not found:
        for attribute, name in STATES.items():
            for index, value in enumerate(getattr(cache, attribute, None) or []):
                if isinstance(value, torch.Tensor) and value.numel():
                    found[f"layers.{index}.{name}"] = value.clone()
    return found


def run(model, ids, cuts):
    """Calls of the given lengths, one after the other, with the cache between."""
    cache, logits, states, hidden, at = None, [], [], None, 0
    name = "cache_params" if model.config.model_type in ("falcon_mamba", "mamba", "mamba2") else "past_key_values"
    for rows in cuts:
        out = model(ids[:, at : at + rows], use_cache=True, output_hidden_states=True, **({name: cache} if cache is not None else {}))
        cache = getattr(out, name)
        at += rows
        logits.append(out.logits)
        states.append(states_of(cache))
        hidden = out.hidden_states
    return torch.cat(logits, 1), hidden, states


def golden_of(model, ids, precision):
    tensors = {}
    logits, hidden, states = run(model, ids, [ROWS])
    tensors["full/logits"] = logits
    for i, value in enumerate(hidden):
        tensors[f"full/hidden.{i}"] = value
    for name, value in states[0].items():
        tensors[f"full/state.{name}"] = value
    logits, _, states = run(model, ids, [1] * ROWS)
    tensors["step/logits"] = logits
    for name, value in states[-1].items():
        if name[-2:] in (".k", ".v"):
            for t in (0, 12, 39):
                tensors[f"step/kv.{name}@{t}"] = states[t][name]
        elif precision == "f32":  # the other half of a file would be these
            tensors[f"step/state.{name}"] = torch.stack([state[name] for state in states])
    tensors["mixed/logits"] = run(model, ids, [PREFILL] + [1] * (ROWS - PREFILL))[0]
    return {f"{precision}/{name}": value.detach().contiguous().clone() for name, value in tensors.items()}


def main(out, families):
    models = {family: make_model(family) for family in families}
    golden = {}
    ids = torch.randint(3, VOCABULARY, (2, ROWS), generator=torch.Generator().manual_seed(1))
    for family, model in models.items():
        model.save_pretrained(out / family)
        golden[family] = {"input_ids": ids, **golden_of(model, ids, "f32")}
    # From here on float32 means float64, whoever asks.
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    for family, model in models.items():
        golden[family].update(golden_of(model.double(), ids, "f64"))
        a, b = golden[family]["f32/full/logits"].double(), golden[family]["f64/full/logits"]
        print(family, "f32 to f64", ((a - b).abs().max() / b.abs().max()).item(), "dtype", b.dtype)
        for run_name in ("step", "mixed"):
            c = golden[family][f"f64/{run_name}/logits"]
            print("   ", run_name, "to full", ((c - b).abs().max() / b.abs().max()).item())
        print("   ", sorted(name for name in golden[family] if "state" in name and name.startswith("f64/full")))
        save_file(golden[family], out / family / "golden.safetensors")


if __name__ == "__main__":
    with torch.no_grad():
        main(Path(sys.argv[1]), sys.argv[2:] or list(CONFIGS))
