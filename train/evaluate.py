"""ROC AUC of exported models on the ten labelled scenes of eval/vad, at 10 ms hops.

evaluate.py --data <audio folder> --model models/vad-ssm [--model models/vad-attention]
"""
import argparse
import json
from pathlib import Path
import numpy as np
import torch
from scipy.stats import rankdata
from features import features
from nets import Vad, parameters, state_bytes


def auc(scores, labels):
    """Area under the ROC curve; ties count half. Arrays of one shape, labels 0 or 1."""
    labels = np.asarray(labels).ravel() > 0.5
    ranks = rankdata(np.asarray(scores, np.float64).ravel())
    yes, no = int(labels.sum()), int((~labels).sum())
    if not yes or not no:
        return float("nan")
    return float((ranks[labels].sum() - yes * (yes + 1) / 2) / (yes * no))


def marks(speech, hops):
    """Segments [[start, end], ..] in seconds -> bool [hops]: hop k counts by its midpoint."""
    middle = (np.arange(hops) + 0.5) * 0.01
    on = np.zeros(hops, bool)
    for start, end in speech:
        on |= (middle >= start) & (middle < end)
    return on


def scenes(folder):
    """Yields (audio float64 [n], labels bool [n // 160], SNR) of the ten scenes."""
    import soundfile as sf
    folder = Path(folder) / "eval"
    for line in open(folder / "vad.jsonl", encoding="utf8"):
        scene = json.loads(line)
        audio, rate = sf.read(folder / "vad" / f"{scene['id']}.flac", dtype="float64")
        assert rate == 16000
        yield audio, marks(scene["speech"], len(audio) // 160), scene["snr"]


def load(folder):
    """A model folder -> (net in evaluation mode, config)."""
    from safetensors.torch import load_file
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    net = Vad("ssm" if config["model_type"] == "mamba2" else "attention")
    net.load_state_dict(load_file(folder / "model.safetensors"))
    return net.eval(), config


def measure(net, folder):
    """A dict of AUCs (all hops, and by SNR) and of rates at probability 0.5."""
    logits, labels, snrs = [], [], []
    with torch.no_grad():
        for audio, on, snr in scenes(folder):
            rows = torch.from_numpy(features(audio.astype(np.float32))[None])
            logits.append(net(rows)[0].numpy())
            labels.append(on)
            snrs.append(snr)
    result = {"auc": auc(np.concatenate(logits), np.concatenate(labels))}
    for snr in sorted(set(snrs), reverse=True):
        pick = [i for i, s in enumerate(snrs) if s == snr]
        result[f"auc_{snr}_db"] = auc(np.concatenate([logits[i] for i in pick]),
                                      np.concatenate([labels[i] for i in pick]))
    y, on = np.concatenate(logits) > 0, np.concatenate(labels)
    result.update(hit_rate_at_half=float(y[on].mean()), false_alarm_rate_at_half=float(y[~on].mean()),
                  speech_share=float(on.mean()), hops=len(on))
    return result


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="audio folder: holds eval/")
    p.add_argument("--model", action="append", required=True)
    args = p.parse_args()
    for folder in args.model:
        net, _ = load(folder)
        found = measure(net, args.data)
        print(json.dumps({"model": Path(folder).name, "parameters": parameters(net),
                          "state_bytes": state_bytes(net.cell),
                          **{k: round(v, 5) for k, v in found.items()}}))


if __name__ == "__main__":
    main()
