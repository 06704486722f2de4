"""Writes a trained checkpoint as a model folder: weights, config, golden vectors and card.

export.py --checkpoint <out>/best.pt --to models/vad-ssm [--data <audio folder>]
With --data the model is measured once on eval/vad, and the figures go into config and card.
"""
import argparse
import json
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from cells import ATT_DIM, ATT_HEADS, CONV, EPS, EXPAND, HEAD_DIM, LAYERS, MLP, STATE, THETA, WIDTH, WINDOW
from evaluate import measure
from features import FRONTEND, features
from nets import Vad, parameters, state_bytes

SSM = {
    "model_type": "mamba2", "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "state_size": STATE,
    "expand": EXPAND, "head_dim": HEAD_DIM, "num_heads": EXPAND * WIDTH // HEAD_DIM, "n_groups": 1,
    "conv_kernel": CONV, "layer_norm_epsilon": EPS, "use_bias": False, "use_conv_bias": True,
    "hidden_act": "silu", "torch_dtype": "float32",
}
ATTENTION = {
    "model_type": "mistral", "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
    "intermediate_size": MLP, "num_attention_heads": ATT_HEADS, "num_key_value_heads": ATT_HEADS,
    "head_dim": ATT_DIM, "rms_norm_eps": EPS, "rope_theta": THETA, "sliding_window": WINDOW,
    "hidden_act": "silu", "torch_dtype": "float32",
}
ENDS = {"embed": "embed", "head": "head", "activation": "sigmoid"}


def fold(weights, mean, std):
    """Moves (x - mean) / std [40] into embed, in float64, so that the engine sees raw log-mels."""
    w, b = weights["embed.weight"].double(), weights["embed.bias"].double()
    scaled = w / std.double()
    return {**weights, "embed.weight": scaled.float(), "embed.bias": (b - scaled @ mean.double()).float()}


def test_signal(seed=3, n=32000):
    """Two synthetic seconds, float32 [n]: silence, vowel-like harmonics, bursts, digital silence."""
    r = np.random.default_rng(seed)
    t = np.arange(n) / 16000
    pitch = 2 * np.pi * np.cumsum(130 + 25 * np.sin(2 * np.pi * 1.7 * t)) / 16000
    voice = sum(np.sin(k * pitch) / k * (1 + np.cos(2 * np.pi * (0.9 + 0.4 * k) * t)) for k in range(1, 24))
    syllables = np.maximum(0, np.sin(2 * np.pi * 3.1 * t)) ** 0.7
    x = 0.08 * voice * syllables * (t > 0.15) * (t < 1.0)
    for start, length, level in ((1.05, 0.06, 0.3), (1.2, 0.15, 0.05), (1.42, 0.01, 0.8)):
        at = int(start * 16000)
        m = int(length * 16000)
        x[at:at + m] += level * r.uniform(-1, 1, m) * np.hanning(m)
    x += 0.002 * r.standard_normal(n) * (t > 0.1) * (t < 1.6)
    x[(t > 1.6) & (t < 1.8)] = 0
    x[t >= 1.8] = 0.01 * np.sin(2 * np.pi * 440 * t[t >= 1.8])
    return np.clip(x, -1, 1).astype(np.float32)


@torch.no_grad()
def golden(net):
    """Vectors for the parity test; the f64/ ones are float64 throughout, from the same weights."""
    audio = test_signal()
    rows = features(audio.astype(np.float64), np.float64)
    single = torch.from_numpy(rows.astype(np.float32))
    found = {"in.audio": torch.from_numpy(audio), "out.features": single, "out.logits": net(single[None])[0]}
    twin = Vad(net.cell).double()
    twin.load_state_dict({k: v.double() for k, v in net.state_dict().items()})
    found["f64/out.logits"] = twin(torch.from_numpy(rows)[None])[0]
    states = net.start(1)
    for row in single:
        logit, states = net.step(row[None], states)
    assert abs(float(logit - found["out.logits"][-1])) < 1e-4
    for i, state in enumerate(states):
        for name in ("ssm", "conv") if net.cell == "ssm" else ("k", "v"):
            found[f"state.{i}.{name}"] = state[name][0]
    return {k: v.contiguous().clone() for k, v in found.items()}


def table(measured):
    """Markdown rows of the eval figures, or a note that none were taken."""
    if not measured:
        return "Not measured yet: an early checkpoint, only for developing against the file layout."
    snrs = [k for k in measured if k.endswith("_db")]
    head = "| all hops | " + " | ".join(f"{k.split('_')[1]} dB" for k in snrs) + " |\n"
    cells = [measured["auc"]] + [measured[k] for k in snrs]
    return (head + "|---" * len(cells) + "|\n| " + " | ".join(f"{v:.4f}" for v in cells) + " |\n\n"
            f"At probability 0.5: {measured['hit_rate_at_half']:.1%} of speech hops found, "
            f"{measured['false_alarm_rate_at_half']:.1%} of other hops marked "
            f"({measured['hops']} hops, {measured['speech_share']:.0%} speech).")


def card(net, trained, measured, hardware):
    """The model card, from card.md beside this file."""
    ssm = net.cell == "ssm"
    values = {
        "title": "vad-ssm" if ssm else "vad-attention",
        "cell": "three Mamba-2 blocks" if ssm else "three sliding-window (100 rows) attention blocks",
        "twin": "vad-attention" if ssm else "vad-ssm",
        "parameters": f"{parameters(net):,}", "state": f"{state_bytes(net.cell):,}",
        "state_note": "constant" if ssm else "keys and values of 100 rows in three layers, once full",
        "steps": trained["steps"], "step": trained["step"], "seed": trained["seed"],
        "batch": trained["batch"], "long": trained["batch"] // 3, "rate": trained["rate"],
        "seconds": trained["seconds"], "run": trained.get("run_seconds", trained["seconds"]),
        "hardware": hardware,
        "dev": f"{trained['dev']['auc']:.4f}", "hard": f"{trained['dev']['auc_below_5_db']:.4f}",
        "table": table(measured),
    }
    text = (Path(__file__).parent / "card.md").read_text(encoding="utf8")
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", str(value))
    return text


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--checkpoint", required=True)
    p.add_argument("--to", required=True, help="model folder")
    p.add_argument("--data", help="audio folder: measure on eval/vad")
    p.add_argument("--hardware", default="a CPU", help="what trained it, in words, for the card")
    args = p.parse_args()
    torch.set_num_threads(1)
    kept = torch.load(args.checkpoint, map_location="cpu")
    net = Vad(kept["cell"])
    net.load_state_dict(fold(kept["weights"], kept["mean"], kept["std"]))
    net.eval()
    # The kept step may lie before the end: the run's whole length is in last.pt beside it.
    last = Path(args.checkpoint).parent / "last.pt"
    if last.exists():
        kept["trained"]["run_seconds"] = torch.load(last, map_location="cpu")["trained"]["seconds"]
    measured = None
    if args.data:
        measured = measure(net, args.data)
        print(json.dumps(measured))
    config = {**(SSM if net.cell == "ssm" else ATTENTION), "millrace": {
        "task": "vad", "version": 1, "frontend": FRONTEND, "ends": ENDS,
        "trained": kept["trained"], "measured": measured,
        "parameters": parameters(net), "state_bytes": state_bytes(net.cell)}}
    to = Path(args.to)
    to.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, to / "model.safetensors")
    save_file(golden(net), to / "golden.safetensors")
    (to / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
    for path in to.glob("*.safetensors"):
        path.chmod(0o644)  # save_file leaves files that only their owner can read
    (to / "README.md").write_text(card(net, kept["trained"], measured, args.hardware), encoding="utf8")


if __name__ == "__main__":
    main()
