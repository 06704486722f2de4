"""Trains one speech-activity model: vad.py --data <audio folder> --cell ssm|attention --out <folder>.

Both twins get the same steps, schedule, scenes (by seed) and loss. The best checkpoint by ROC AUC
of the averaged weights on the dev split is kept; eval/ is never opened.
"""
import argparse
import copy
import json
import math
import time
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F
from data import Mixer, Pack
from evaluate import auc
from nets import Vad, parameters
from share import Shared

DEV_SCENES, DEV_SECONDS = 72, 20


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="audio folder: holds train/")
    p.add_argument("--cell", choices=("ssm", "attention"), required=True)
    p.add_argument("--steps", type=int, default=3000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", required=True, help="folder for checkpoints and the log")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--check", type=int, default=250, help="steps between dev evaluations")
    p.add_argument("--share", help="folder through which two runs at once split the mixing")
    p.add_argument("--resume", action="store_true", help="go on from last.pt in --out")
    return p.parse_args()


def statistics(mixer):
    """Mean and standard deviation [40] of the features of training mixtures."""
    rows = np.concatenate([mixer.batch(10 ** 6 + i, 16, 8)[0].reshape(-1, 40) for i in range(6)])
    return torch.tensor(rows.mean(0)), torch.tensor(rows.std(0))


def optimizer(net, rate):
    """AdamW; matrices decay, vectors (biases, norms, A_log, dt_bias, D) do not."""
    decay = [p for p in net.parameters() if p.dim() > 1]
    rest = [p for p in net.parameters() if p.dim() <= 1]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def schedule(step, steps, rate):
    """Linear warm-up over 100 steps, then a cosine to 1 % of the rate."""
    if step < 100:
        return rate * (step + 1) / 100
    return rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - 100) / max(1, steps - 100))))


def batch_of(mixer, step, size):
    """Rows [B,T,40] and labels [B,T]: 8 s scenes, every eighth step a third as many of 24 s,
    so that the state is also trained to stay sane."""
    long = step % 8 == 7
    return mixer.batch(step, size // 3 if long else size, 24 if long else 8)[:2]


class Average:
    """Exponential moving average of the weights, warmed up so that early checks are fair."""

    def __init__(self, net):
        self.net, self.count = copy.deepcopy(net), 0

    @torch.no_grad()
    def update(self, net):
        self.count += 1
        keep = min(0.999, (1 + self.count) / (10 + self.count))
        for mine, new in zip(self.net.parameters(), net.parameters()):
            mine.lerp_(new, 1 - keep)


class Dev:
    """Fixed scenes of held-out voices and noises."""

    def __init__(self, pack, normalise):
        x, self.labels, self.snr = Mixer(pack, "dev", 7).batch(0, DEV_SCENES, DEV_SECONDS)
        self.rows = normalise(torch.from_numpy(x))

    @torch.no_grad()
    def measure(self, net):
        """AUC over all hops, over the hops of noisy scenes below 5 dB, and mean cross entropy."""
        logits = torch.cat([net(x) for x in self.rows.split(12)])
        loss = F.binary_cross_entropy_with_logits(logits, torch.from_numpy(self.labels))
        hard = (self.snr < 5) & np.isfinite(self.snr)
        y = logits.numpy()
        return {"auc": auc(y, self.labels), "auc_below_5_db": auc(y[hard], self.labels[hard]),
                "dev_loss": float(loss)}


def backward(net, rows, labels):
    """Adds the gradients of the mean cross entropy of rows [B,T,40]; returns that mean.

    Eight scenes at a time stay closer to the processor's cache than sixteen.
    """
    total = 0.0
    for x, y in zip(rows.split(8), labels.split(8)):
        loss = F.binary_cross_entropy_with_logits(net(x), y) * (len(x) / len(rows))
        loss.backward()
        total += loss.item()
    return total


def train(args, say):
    """The loop; returns nothing, leaves best.pt, last.pt and log.jsonl in --out."""
    out, begun = Path(args.out), time.time()
    pack = Pack(args.data)
    mixer = Mixer(pack, "train", args.seed)
    mean, std = statistics(mixer)
    normalise = lambda x: (x - mean) / std
    dev = Dev(pack, normalise)
    torch.manual_seed(args.seed)
    net = Vad(args.cell)
    average, opt = Average(net), optimizer(net, args.rate)
    say({"cell": args.cell, "parameters": parameters(net), "prepared_s": round(time.time() - begun)})
    best, begun, mixing, losses, first = 0.0, time.time(), 0.0, [], 0
    if args.resume:
        old = torch.load(out / "last.pt")
        first, best, begun = old["trained"]["step"], old["best"], begun - old["trained"]["seconds"]
        average.net.load_state_dict(old["weights"])
        average.count = first
        net.load_state_dict(old["raw"])
        opt.load_state_dict(old["optimizer"])
    make = lambda step: batch_of(mixer, step, args.batch)
    make = Shared(args.share, args.cell, make, first).get if args.share else make
    for step in range(first, args.steps):
        t = time.time()
        rows, labels = make(step)
        mixing += time.time() - t
        for group in opt.param_groups:
            group["lr"] = schedule(step, args.steps, args.rate)
        opt.zero_grad(set_to_none=True)
        losses.append(backward(net, normalise(torch.from_numpy(rows)), torch.from_numpy(labels)))
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        average.update(net)
        done = step + 1
        if done % args.check and done != args.steps and done != 50:
            continue
        spent = time.time() - begun
        found = dev.measure(average.net)
        say({"step": done, "loss": round(float(np.mean(losses)), 4), "seconds": round(spent),
             "mixing": round(mixing), **{k: round(v, 5) for k, v in found.items()}})
        losses = []
        kept = {"cell": args.cell, "weights": average.net.state_dict(), "mean": mean, "std": std,
                "trained": {"steps": args.steps, "step": done, "seed": args.seed, "batch": args.batch,
                            "scene_seconds": 8, "rate": args.rate, "seconds": round(spent), "dev": found}}
        if found["auc"] > best:
            best = found["auc"]
            torch.save(kept, out / "best.pt")
        torch.save({**kept, "raw": net.state_dict(), "optimizer": opt.state_dict(), "best": best},
                   out / "last.pt")


def main():
    args = arguments()
    torch.set_num_threads(1)
    Path(args.out).mkdir(parents=True, exist_ok=True)
    log = open(Path(args.out) / "log.jsonl", "a", encoding="utf8")

    def say(line):
        print(json.dumps(line), flush=True)
        log.write(json.dumps(line) + "\n")
        log.flush()

    train(args, say)


if __name__ == "__main__":
    main()
