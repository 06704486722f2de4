"""ROC AUC of exported models on the ten labelled scenes of eval/vad, at 10 ms hops.

evaluate.py --data <audio folder> --model models/vad-ssm models/vad2-ssm models/denoise-ssm .. [--silero file] [--json out]
A denoiser is measured by its speech output.
"""
import argparse
import json
from pathlib import Path
import numpy as np
import torch
from scipy.stats import rankdata
from cells import Shape
from features import features
from nets import Stack


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


def filled(on, most=20):
    """The labels with pauses of up to `most` hops counted as speech: nearer to what listeners mark."""
    on, at = on.copy(), np.flatnonzero(on)
    for a, b in zip(at[:-1], at[1:]):
        if b - a <= most:
            on[a:b] = True
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


def load_stack(folder):
    """A model folder -> (stack in evaluation mode, config)."""
    from safetensors.torch import load_file
    folder = Path(folder)
    c = json.loads((folder / "config.json").read_text(encoding="utf8"))
    weights = load_file(folder / "model.safetensors")
    both = {"inputs": weights["embed.weight"].shape[1], "outputs": len(weights["head.weight"]),
            "width": c["hidden_size"], "layers": c["num_hidden_layers"], "chunk": 50}
    ssm = c["model_type"] == "mamba2"
    shape = Shape(**both, state=c["state_size"], expand=c["expand"], head_dim=c["head_dim"], conv=c["conv_kernel"]) \
        if ssm else Shape(**both, att_heads=c["num_attention_heads"], att_dim=c["head_dim"], mlp=c["intermediate_size"],
                          window=c["sliding_window"], theta=c["rope_theta"])
    net = Stack("ssm" if ssm else "attention", shape)
    net.load_state_dict({k: v for k, v in weights.items() if k != "background" and not k.startswith("embedding.")})
    return net.eval(), c


def detector(folder):
    """A model folder as a function: samples [n] -> speech logits [n // 160]."""
    net, config = load_stack(folder)
    if config["millrace"]["task"] == "vad":
        rows = lambda x: torch.from_numpy(features(x.astype(np.float32)))
    else:
        import denoise_net
        keep, bins = config["millrace"]["frontend"]["phase_bins"], denoise_net.BINS

        def rows(x):
            wide = denoise_net.features(denoise_net.analyse(torch.from_numpy(x.astype(np.float32))[None]))[0]
            return torch.cat([wide[:, :bins + keep], wide[:, 2 * bins:2 * bins + keep]], 1)
    return lambda x: net(rows(x)[None])[0, :, -1].numpy()


def measure(run, folder):
    """A dict of AUCs (all hops, and by SNR) and of rates at probability 0.5."""
    logits, labels, snrs = [], [], []
    with torch.no_grad():
        for audio, on, snr in scenes(folder):
            logits.append(run(audio))
            labels.append(on)
            snrs.append(snr)
    result = {"auc": auc(np.concatenate(logits), np.concatenate(labels))}
    for snr in sorted(set(snrs), reverse=True):
        pick = [i for i, s in enumerate(snrs) if s == snr]
        result[f"auc_{snr}_db"] = auc(np.concatenate([logits[i] for i in pick]),
                                      np.concatenate([labels[i] for i in pick]))
    result["auc_pauses_filled"] = auc(np.concatenate(logits), np.concatenate([filled(on) for on in labels]))
    y, on = np.concatenate(logits) > 0, np.concatenate(labels)
    result.update(hit_rate_at_half=float(y[on].mean()), false_alarm_rate_at_half=float(y[~on].mean()),
                  speech_share=float(on.mean()), hops=len(on))
    return result


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="audio folder: holds eval/")
    p.add_argument("--model", nargs="+", required=True)
    p.add_argument("--silero", help="silero_vad_16k_op15.onnx, to be measured beside them")
    p.add_argument("--json", help="where to put the figures")
    args = p.parse_args()
    torch.set_num_threads(1)
    systems = {Path(m).name: detector(m) for m in args.model}
    if args.silero:
        from peers import silero
        peer = silero(args.silero)
        systems["silero"] = lambda x: (lambda q: np.log(q / (1 - q)))(np.clip(peer(x), 1e-7, 1 - 1e-7))
    found = {}
    for name, run in systems.items():
        found[name] = {k: round(v, 5) for k, v in measure(run, args.data).items()}
        print(name, json.dumps(found[name]), flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
