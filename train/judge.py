"""What thresholds would do to trained keyword spotters: judge.py --corpus corpus.npz --run <run> [--name keyword-ssm ..]

On the voices JUDGES, which keywords.py keeps out, with the development speakers' sentences; and on development scenes. One
chooses a threshold by this table, and opens the evaluation clips after it.
"""
import argparse
import json
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F
from corpus import NUMBERS, RATE, WORDS
from features import features, features_torch
from keywords import DEV, NONE, SPAN, Net, decide
from word_scenes import JUDGES, Words, voices

DIGITS = torch.tensor([w in NUMBERS for w in WORDS])
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)


def peaks(net, sound):
    """The highest scores of wake words on running speech, minute by minute, a second apart at least."""
    minutes = [torch.from_numpy(features(sound[at:at + 60 * RATE].astype(np.float32) / 32768))[None]
               for at in range(0, len(sound) - RATE, 60 * RATE)]
    p = torch.cat([F.avg_pool1d(net.both(m)[0].sigmoid().transpose(1, 2), SPAN, 1)[0, ~DIGITS].amax(0) for m in minutes])
    heights = []
    while p.max() > THRESHOLDS[0]:
        top = int(p.argmax())
        heights.append(float(p[top]))
        p[max(0, top - 100):top + 100] = 0
    return heights


def scenes(found):
    """Rows, words and SNRs of development scenes."""
    dev = Words(found, "dev", DEV, 7, "cpu", (40,), 64, 0.1)
    parts = []
    for k in range(16):
        dev.seed(10 ** 6 + k)
        mix, word, _, _, _, snr = dev.draw(50)
        parts.append((features_torch(mix), word, snr))
    return [torch.cat(p) for p in zip(*parts)]


@torch.no_grad()
def judged(net, sound, dev):
    """Yields, threshold by threshold, alarms of wake words on the judges and shares right of the dev scenes."""
    heights = peaks(net, sound)
    rows, word, snr = dev
    logits = torch.cat([net.both(part)[0] for part in rows.split(50)])
    for threshold in THRESHOLDS:
        right = (decide(logits, threshold)[0] == word).float()
        there, clean, digit = word < NONE, snr > 30, torch.cat([DIGITS, torch.tensor([False])])[word]
        share = lambda which: round(float(right[which].mean()), 3)
        yield {"threshold": threshold, "alarms": sum(h >= threshold for h in heights),
               "minutes": round(len(sound) / RATE / 60, 1), "wake": share(there & ~digit), "digits": share(digit),
               "clean": share(there & clean), "below_10_db": share(there & (snr < 10)), "none": share(~there)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--corpus", required=True)
    p.add_argument("--run", required=True)
    p.add_argument("--name", nargs="+", default=["keyword-ssm", "keyword-attention"])
    args = p.parse_args()
    found = dict(np.load(args.corpus))
    sound = np.concatenate([voices(found, JUDGES)["audio"], found["other.dev.audio"]])
    dev = scenes(found)
    for name in args.name:
        kept = torch.load(Path(args.run) / f"{name}.best.pt", map_location="cpu", weights_only=False)
        net = Net(kept["cell"], len(kept["weights"]["names"]))
        net.load_state_dict(kept["weights"])
        for line in judged(net, sound, dev):
            print(json.dumps({"name": name, **line}), flush=True)


if __name__ == "__main__":
    main()
