"""Writes a trained checkpoint as a model folder: weights, config, golden vectors and card.

export.py --checkpoint <run>/denoise-full-ssm.best.pt --to models/denoise-ssm [--measured figures.json] [--hardware words]
Checkpoints of denoise.py, speech.py, keywords.py and vad.py. `figures.json`, from the evaluate*.py, goes into config
and card; it is made after training and chooses nothing.
"""
import argparse
import json
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
import background
import cards
import denoise_net
from cells import EPS, Shape
from corpus import WORDS
from features import FRONTEND, features
from nets import Stack, multiply_adds, parameters, state_bytes

ENDS = {"embed": "embed", "head": "head", "activation": "sigmoid"}
TASKS = {"denoise": "denoise", "vad2": "vad", "keyword": "keyword"}


def layout(cell, shape):
    """The usual config keys of either family."""
    both = {"hidden_size": shape.width, "num_hidden_layers": shape.layers, "hidden_act": "silu", "torch_dtype": "float32"}
    if cell == "ssm":
        return {"model_type": "mamba2", **both, "state_size": shape.state, "expand": shape.expand,
                "head_dim": shape.head_dim, "num_heads": shape.expand * shape.width // shape.head_dim, "n_groups": 1,
                "conv_kernel": shape.conv, "layer_norm_epsilon": EPS, "use_bias": False, "use_conv_bias": True}
    return {"model_type": "mistral", **both, "intermediate_size": shape.mlp, "num_attention_heads": shape.att_heads,
            "num_key_value_heads": shape.att_heads, "head_dim": shape.att_dim, "rms_norm_eps": EPS,
            "rope_theta": shape.theta, "sliding_window": shape.window}


def fold(weights, mean, std):
    """Moves (x - mean) / std [inputs] into embed, in float64, so that the engine sees raw rows."""
    w, b = weights["embed.weight"].double(), weights["embed.bias"].double()
    scaled = w / std.double()
    return {**weights, "embed.weight": scaled.float(), "embed.bias": (b - scaled @ mean.double()).float()}


def read(path):
    """A checkpoint -> (task, size, stack in evaluation mode with folded ends, what is known of its training)."""
    kept = torch.load(path, map_location="cpu", weights_only=False)
    name = kept.get("name", "vad-" + kept["cell"])
    task = TASKS.get(name.split("-")[0], "vad")
    weights = dict(kept["weights"])
    mean = weights.pop("mean") if "mean" in weights else kept["mean"]
    std = weights.pop("std") if "std" in weights else kept["std"]
    aside = {k: weights.pop(k) for k in ("embedding.weight", "embedding.bias", "names") if k in weights}
    net = Stack(kept["cell"], Shape(**kept.get("shape", {})))
    net.load_state_dict(fold(weights, mean, std))
    net.aside = {k: v for k, v in aside.items() if k != "names"}
    return task, name.split("-")[1] if task == "denoise" else None, net.eval(), name, kept["trained"]


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


def rows_of(task, size, audio, dtype):
    """Rows [T, inputs] that the stack is given for samples [n]."""
    if task != "denoise":
        return torch.from_numpy(features(audio.astype(dtype), dtype))
    spectra = denoise_net.analyse(torch.from_numpy(audio.astype(dtype))[None])
    wide = denoise_net.features(spectra)[0]
    keep, bins = denoise_net.PHASE[size], denoise_net.BINS
    return torch.cat([wide[:, :bins + keep], wide[:, 2 * bins:2 * bins + keep]], 1)


@torch.no_grad()
def golden(task, size, net):
    """Vectors for the parity test. out.logits (flat) are before the sigmoid; f64/ is float64 throughout, from the same
    weights; out.embedding (keyword): what enrolment
    compares, a row a hop; out.audio (denoise) is the cleaned sound in step with in.audio, 160 samples shorter."""
    audio = test_signal()
    rows = rows_of(task, size, audio, np.float64)
    single = rows.float()
    logits = net(single[None])[0]
    found = {"in.audio": torch.from_numpy(audio), "out.features": single, "out.logits": logits.flatten()}
    if task == "denoise":
        spectra = denoise_net.analyse(torch.from_numpy(audio)[None])
        found["out.audio"] = denoise_net.synthesise(denoise_net.apply(spectra, logits[None], denoise_net.FILTER[size]))[0]
    else:
        twin = Stack(net.cell, net.shape).double()
        twin.load_state_dict({k: v.double() for k, v in net.state_dict().items()})
        found["f64/out.logits"] = twin(rows[None]).flatten()
    if "background" in net.aside:
        found["out.embedding"] = torch.nn.functional.linear(
            net.trunk(single[None])[0], net.aside["embedding.weight"], net.aside["embedding.bias"]).flatten()
    states, worst = net.start(1), 0.0
    for t, row in enumerate(single):
        logit, states = net.step(row[None], states)
        worst = max(worst, float((logit[0] - logits[t]).abs().max()))
    assert worst < 1e-3 * float(logits.abs().max()), worst
    for i, state in enumerate(states):
        for name in ("ssm", "conv") if net.cell == "ssm" else ("k", "v"):
            found[f"state.{i}.{name}"] = state[name][0]
    return {k: v.contiguous().clone() for k, v in found.items()}


def describe(task, size, net, trained, measured, threshold):
    """Section millrace of the config: all that a reader needs beside the weights."""
    front = {**denoise_net.FRONTEND, "phase_bins": denoise_net.PHASE[size]} if task == "denoise" else FRONTEND
    found = {"task": task, "version": 2 if task == "vad" else 1, "frontend": front, "ends": ENDS}
    if "background" in net.aside:
        found["ends"] = {**ENDS, "embedding": "embedding"}
    if task == "denoise":
        found["heads"] = {**denoise_net.heads(size), "latency_samples": denoise_net.WIN}
    if task == "keyword":
        found["words"] = list(WORDS)
        found["decision"] = {"span_hops": 12, "threshold": threshold}
    return {**found, "trained": trained, "measured": measured, "parameters": parameters(net),
            "state_bytes": state_bytes(net.cell, net.shape), "multiply_adds_per_hop": multiply_adds(net.cell, net.shape)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--checkpoint", required=True)
    p.add_argument("--to", required=True, help="model folder")
    p.add_argument("--measured", help="JSON of evaluate*.py: {<model folder's name>: figures, ..}")
    p.add_argument("--hardware", default="a CPU", help="what trained it, in words, for the card")
    p.add_argument("--corpus", help="keywords: what corpus.py wrote, for what running speech is to the embedding")
    p.add_argument("--threshold", type=float, default=0.5, help="keywords: mean probability from which on a word counts")
    args = p.parse_args()
    torch.set_num_threads(1)
    task, size, net, _, trained = read(args.checkpoint)
    to = Path(args.to)
    if args.corpus:
        net.aside = background.whitened(net, net.aside, np.load(args.corpus))
    measured = json.loads(Path(args.measured).read_text("utf8")) if args.measured else {}
    about = describe(task, size, net, trained, measured.get(to.name), args.threshold)
    to.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in {**net.state_dict(), **(net.aside if "background" in net.aside else {})}.items()}, to / "model.safetensors")
    save_file(golden(task, size, net), to / "golden.safetensors")
    for path in to.glob("*.safetensors"):
        path.chmod(0o644)  # save_file leaves files that only their owner can read
    config = {**layout(net.cell, net.shape), "millrace": about}
    (to / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf8")
    (to / "README.md").write_text(cards.card(task, size, net, to.name, about, measured, args.hardware), encoding="utf8")


if __name__ == "__main__":
    main()
