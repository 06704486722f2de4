"""Goes on with trained keyword spotters where they alarm: on hours of running speech, the loudest mistakes most often.

harden.py --corpus corpus.npz --run <run> --out <folder> [--steps 240]
Every step takes 12 scenes of keywords.py (half of them without a word) and 3 pieces of 20 s of other speech of the
training split, drawn by how much the nets alarmed on them when last heard. Both twins get the same scenes and pieces.
"""
import argparse
import json
import math
import time
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F
from corpus import RATE, WORDS
from features import FRONTEND, features, features_torch
from keywords import Net, RECIPE, Words, targets

PIECE = 20 * RATE


def pieces(found):
    """Log-mel rows [n, 2000, 40] of the other speech of the training split."""
    audio = found["other.train.audio"]
    return torch.stack([torch.from_numpy(features(audio[at:at + PIECE].astype(np.float32) / 32768))
                        for at in range(0, len(audio) - PIECE, PIECE)])


def scenes(found, count, seed):
    """Rows, targets and weights of `count` scenes."""
    words = Words(found, "train", RECIPE, seed, "cpu", (34, 37, 40, 43, 46), 64, 0.5)
    parts = []
    for step in range(count // 20):
        mix, word, end, _ = words.batch(10 ** 7 + step, 20)
        rows = features_torch(mix)
        parts.append((rows, *targets(word, end, rows.shape[1])))
    return [torch.cat(p) for p in zip(*parts)]


def louder(rows, nepers):
    """Rows of the same sound at another level: power times e^nepers [n, 1, 1]."""
    floor = FRONTEND["log_floor"]
    return ((rows.exp() - floor).clamp_min(0) * nepers.exp() + floor).log()


def cost(net, rows, on=None, heed=None):
    logits = net.logits(rows)
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits) if on is None else on, weight=heed,
                                              reduction="none").mean((1, 2)) * len(WORDS)


@torch.no_grad()
def mine(nets, rows):
    """How much the nets alarm on each piece [n]: the mean of their costs."""
    return torch.stack([torch.cat([cost(net, part) for part in rows.split(16)]) for net in nets]).mean(0)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--corpus", required=True)
    p.add_argument("--run", required=True, help="folder with keyword-*.best.pt")
    p.add_argument("--out", required=True)
    p.add_argument("--steps", type=int, default=240)
    p.add_argument("--scenes", type=int, default=600)
    p.add_argument("--rate", type=float, default=6e-4)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    found, begun = dict(np.load(args.corpus)), time.time()
    kept = [torch.load(Path(args.run) / f"keyword-{cell}.best.pt", map_location="cpu", weights_only=False)
            for cell in ("ssm", "attention")]
    nets = [Net(k["cell"]) for k in kept]
    for net, k in zip(nets, kept):
        net.load_state_dict(k["weights"])
    rows, on, heed = scenes(found, args.scenes, args.seed)
    talk = pieces(found)
    print(f"{len(rows)} scenes, {len(talk)} pieces, {time.time() - begun:.0f} s", flush=True)
    opts = [torch.optim.AdamW(net.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.01) for net in nets]
    hard = mine(nets, talk)
    for step in range(args.steps):
        if step % 40 == 0:
            print(json.dumps({"step": step, "pieces": round(float(hard.mean()), 4), "worst": round(float(hard.max()), 3),
                              "seconds": round(time.time() - begun)}), flush=True)
        a = torch.randint(len(rows), (12,))
        b = torch.multinomial(hard + hard.mean() / 4, 3)
        shift = lambda n: 2.3 * torch.randn(n, 1, 1) - 1.0
        x, y = louder(rows[a], 0.5 * torch.randn(12, 1, 1)), louder(talk[b], shift(3))
        now = 0.0
        for net, opt in zip(nets, opts):
            opt.param_groups[0]["lr"] = args.rate * min(1, (step + 1) / 20) * (0.5 + 0.5 * math.cos(math.pi * step / args.steps))
            opt.zero_grad()
            alarm = cost(net, y)
            (cost(net, x, on[a], heed[a]).mean() + alarm.mean()).backward()
            now = now + alarm.detach() / len(nets)
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
        hard[b] = now
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    for net, k in zip(nets, kept):
        done = {**k["trained"], "hardened": {"steps": args.steps, "device": "cpu", "seconds": round(time.time() - begun)}}
        torch.save({**k, "weights": net.state_dict(), "trained": done}, out / f"{k['name']}.best.pt")


if __name__ == "__main__":
    main()
