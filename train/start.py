"""Begins a denoiser with the weights of an exported one, whose front end or filter may have been wider.

The exported model takes raw rows: the normalisation is in `embed`, so the net's own stays mean 0 and deviation 1.
"""
import json
import torch
from safetensors.torch import load_file
from denoise_net import BINS, FILTER, PHASE, TAPS


def inputs(old, new):
    """Which of the inputs with `old` bins of phase remain with `new`: all magnitudes, the lowest real and imaginary."""
    return [*range(BINS), *range(BINS, BINS + new), *range(BINS + old, BINS + old + new)]


def outputs(old, new):
    """Likewise of the head's: gains, real and imaginary taps of the lowest `new` of `old` bins, speech."""
    taps = [BINS + tap * old + k for tap in range(2 * TAPS) for k in range(new)]
    return [*range(BINS), *taps, BINS + 2 * TAPS * old]


def begin(net, folder):
    """Loads model.safetensors of `folder` into `net` (of the same cell and widths), fewer ends kept."""
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))["millrace"]
    weights = load_file(folder / "model.safetensors")
    rows = inputs(config["frontend"]["phase_bins"], PHASE[net.size])
    outs = outputs(config["heads"]["filter_bins"], FILTER[net.size])
    weights["embed.weight"] = weights["embed.weight"][:, rows]
    weights["head.weight"], weights["head.bias"] = weights["head.weight"][outs], weights["head.bias"][outs]
    with torch.no_grad():
        missing = net.load_state_dict(weights, strict=False)
    assert set(missing.missing_keys) == {"mean", "std"} and not missing.unexpected_keys, missing
