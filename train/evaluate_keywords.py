"""Keyword spotters on the held-out clips of keywords/ (split eval), clean and in noise, and on hours of other speech.

evaluate_keywords.py --data <audio folder> --model models/keyword-ssm .. [--json out.json]
A clip is right when its word, and no other, has the largest 12-hop mean probability and that is over the threshold
(negatives: under it). Noise: eval/'s noisy minus clean tracks, babble left out. Other speech: asterisk-en of train/, which
these models never heard (wake words only: it counts and spells), and, apart, the speech that they had as negatives.
"""
import argparse
import json
from collections import defaultdict
from pathlib import Path
import numpy as np
import soundfile as sf
import torch
import torch.nn.functional as F
from corpus import WORDS, decode
from evaluate import load_stack
from features import features

RATE, SPAN = 16000, 12


def clips(folder):
    """Yields (word or None, sound float64) of the eval split, for the trained words and negatives."""
    items = [json.loads(line) for line in open(folder / "manifest.jsonl", encoding="utf8")]
    sounds = {}
    for i in items:
        if i["split"] == "eval" and (i["word"] in WORDS or i["word"] == "_negative"):
            if i["file"] not in sounds:
                sounds[i["file"]] = decode(folder / i["file"])
            x = sounds[i["file"]][i["offset"]:i["offset"] + i["samples"]]
            yield (i["word"] if i["word"] in WORDS else None), x.astype(np.float64) / 32768


def noises(folder):
    """The noise tracks of the eval pairs, without babble."""
    found = []
    for line in open(folder / "denoise.jsonl", encoding="utf8"):
        item = json.loads(line)
        if item["noise"] != "syn-babble":
            noisy, clean = (sf.read(folder / k / f"{item['id']}.flac")[0] for k in ("noisy", "clean"))
            found.append(noisy - clean)
    return found


def scene(clip, noise, snr, r):
    """The clip after 0.5 s and before 0.5 s, in noise at `snr` dB of its loud half (None: no noise)."""
    x = np.concatenate([np.zeros(RATE // 2), clip, np.zeros(RATE // 2)])
    if snr is None:
        return x
    energy = np.sort(np.square(clip[:len(clip) // 160 * 160]).reshape(-1, 160).mean(1))
    noise = np.resize(noise[r.integers(len(noise) // 2):], len(x))
    level = np.sqrt(energy[len(energy) // 2:].mean() / (np.square(noise).mean() + 1e-12)) * 10 ** (-snr / 20)
    y = x + noise * level
    return y / max(1.0, np.abs(y).max())


@torch.no_grad()
def means(net, x):
    """Mean probabilities of 12 hops [T - 11, words]."""
    p = net(torch.from_numpy(features(x.astype(np.float32)))[None]).sigmoid()
    return F.avg_pool1d(p.transpose(1, 2), SPAN, 1)[0].T.numpy()


WAKE = [i for i, w in enumerate(WORDS) if w not in ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")]


def alarms(net, folder, sources):
    """Hours of other speech, and the heights of all alarms of wake words on it, one a second at most."""
    items = [json.loads(line) for line in open(folder / "manifest.jsonl", encoding="utf8")]
    items = [i for i in items if i["kind"] == "speech" and i["source"] in sources]
    sounds, seconds, heights = {}, 0.0, []
    for at in range(0, len(items), 20):
        parts = []
        for i in items[at:at + 20]:
            if i["file"] not in sounds:
                sounds = {i["file"]: decode(folder / i["file"])}
            parts += [sounds[i["file"]][i["offset"]:i["offset"] + i["samples"]], np.zeros(RATE // 5, np.int16)]
        x = np.concatenate(parts).astype(np.float64) / 32768
        best = means(net, x)[:, WAKE].max(1)
        seconds += len(x) / RATE
        while best.size and best.max() > 0.05:
            top = int(best.argmax())
            heights.append(float(best[top]))
            best[max(0, top - 100):top + 100] = 0
    return seconds / 3600, sorted(heights, reverse=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="audio folder: holds keywords/, eval/ and train/")
    p.add_argument("--model", nargs="+", required=True)
    p.add_argument("--threshold", type=float, default=0.5)
    p.add_argument("--json", help="where to put the figures")
    args = p.parse_args()
    torch.set_num_threads(1)
    data, found = Path(args.data), {}
    items, noise = list(clips(data / "keywords")), noises(data / "eval")
    for model in args.model:
        net, _ = load_stack(model)
        name, found[Path(model).name] = Path(model).name, {}
        for snr in (None, 10, 5, 0):
            r, right, words, negatives = np.random.default_rng(11), [], defaultdict(list), []
            for word, clip in items:
                top = means(net, scene(clip, noise[r.integers(len(noise))], snr, r)).max(0)
                said = WORDS[int(top.argmax())] if top.max() >= args.threshold else None
                right.append(said == word)
                (negatives if word is None else words[word]).append(said == word)
            row = {"right": round(float(np.mean(right)), 4),
                   "words": round(float(np.mean(np.concatenate(list(words.values())))), 4),
                   "words_evenly": round(float(np.mean([np.mean(v) for v in words.values()])), 4),
                   "false_accepts": round(1 - float(np.mean(negatives)), 4),
                   "by_word": {w: round(float(np.mean(v)), 3) for w, v in sorted(words.items())}}
            found[name]["clean" if snr is None else f"{snr}_db"] = row
            print(name, snr, {k: v for k, v in row.items() if k != "by_word"}, flush=True)
        for kind, sources in (("unheard", ["asterisk-en"]), ("heard", ["kathleen", "pico_intent", "asterisk-fr"])):
            hours, heights = alarms(net, data / "train", sources)
            count = sum(h >= args.threshold for h in heights)
            found[name][f"alarms_{kind}"] = {"hours": round(hours, 3), "false_alarms": count, "highest": [round(h, 3) for h in heights[:5]]}
            print(name, kind, found[name][f"alarms_{kind}"], flush=True)
        found[name]["clips"] = len(items)
        found[name]["threshold"] = args.threshold
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
