"""Trains the speech-activity twins, or one: vad.py --data <audio folder> --out <folder>.

Both get the same batches in the same order, steps, schedule and loss. The best checkpoint by ROC AUC
of the averaged weights on the dev split is kept for each; eval/ is never opened.
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
from ahead import Ahead
from data import Mixer, Pack
from evaluate import auc
from nets import Vad, parameters

DEV_SCENES, DEV_SECONDS = 72, 20


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="audio folder: holds train/")
    p.add_argument("--cell", choices=("ssm", "attention"), nargs="+", default=["ssm", "attention"])
    p.add_argument("--steps", type=int, default=3000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", required=True, help="folder; checkpoints and log go to <out>/<cell>")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--check", type=int, default=250, help="steps between dev evaluations")
    p.add_argument("--device", default="cpu", help="where the nets are: cpu or cuda")
    p.add_argument("--workers", type=int, default=0, help="processes that mix ahead; 0: mix in the loop")
    p.add_argument("--resume", action="store_true", help="go on from each last.pt")
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
        torch._foreach_lerp_(list(self.net.parameters()), list(net.parameters()), 1 - keep)


class Dev:
    """Fixed scenes of held-out voices and noises; to(device, normalise) comes before measure."""

    def __init__(self, pack):
        self.rows, self.labels, self.snr = Mixer(pack, "dev", 7).batch(0, DEV_SCENES, DEV_SECONDS)

    def to(self, device, normalise):
        self.rows = normalise(torch.from_numpy(self.rows).to(device))

    @torch.no_grad()
    def measure(self, net):
        """AUC over all hops, over the hops of noisy scenes below 5 dB, and mean cross entropy."""
        logits = torch.cat([net(x) for x in self.rows.split(12)]).cpu()
        loss = F.binary_cross_entropy_with_logits(logits, torch.from_numpy(self.labels))
        y, hard = logits.numpy(), self.snr < 5
        return {"auc": auc(y, self.labels), "auc_below_5_db": auc(y[hard], self.labels[hard]),
                "dev_loss": float(loss)}


class Run:
    """One net in training: optimizer, averaged weights, log and checkpoints in <out>/<cell>."""

    def __init__(self, cell, args):
        self.cell, self.args, self.best, self.losses = cell, args, 0.0, []
        self.folder = Path(args.out) / cell
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = open(self.folder / "log.jsonl", "a", encoding="utf8")
        torch.manual_seed(args.seed)
        self.net = Vad(cell).to(args.device)
        self.average, self.opt = Average(self.net), optimizer(self.net, args.rate)
        # Eight scenes at a time stay in a processor's cache; a GPU takes the batch whole.
        self.part = 8 if args.device == "cpu" else args.batch
        self.say({"cell": cell, "parameters": parameters(self.net)})

    def say(self, line):
        print(json.dumps({"cell": self.cell, **line}), flush=True)
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()

    def resume(self):
        """Takes up last.pt; returns its step and seconds."""
        old = torch.load(self.folder / "last.pt", map_location=self.args.device)
        self.best, self.average.count = old["best"], old["trained"]["step"]
        self.average.net.load_state_dict(old["weights"])
        self.net.load_state_dict(old["raw"])
        self.opt.load_state_dict(old["optimizer"])
        return old["trained"]["step"], old["trained"]["seconds"]

    def step(self, step, rows, labels):
        """One update from rows [B,T,40] (normalised) and labels [B,T]; keeps the mean loss."""
        for group in self.opt.param_groups:
            group["lr"] = schedule(step, self.args.steps, self.args.rate)
        self.opt.zero_grad(set_to_none=True)
        total = 0.0
        for x, y in zip(rows.split(self.part), labels.split(self.part)):
            loss = F.binary_cross_entropy_with_logits(self.net(x), y) * (len(x) / len(rows))
            loss.backward()
            total = total + loss.detach()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.opt.step()
        self.average.update(self.net)
        self.losses.append(total)

    def check(self, done, dev, mean, std, seconds, waited):
        """Measures the averaged weights on dev, logs, and writes last.pt and perhaps best.pt."""
        args, found = self.args, dev.measure(self.average.net)
        self.say({"step": done, "loss": round(float(torch.stack(self.losses).mean()), 4),
                  "seconds": round(seconds), "waited": round(waited),
                  **{k: round(v, 5) for k, v in found.items()}})
        self.losses = []
        kept = {"cell": self.cell, "weights": self.average.net.state_dict(), "mean": mean, "std": std,
                "trained": {"steps": args.steps, "step": done, "seed": args.seed, "batch": args.batch,
                            "scene_seconds": 8, "rate": args.rate, "seconds": round(seconds), "dev": found}}
        if found["auc"] > self.best:
            self.best = found["auc"]
            torch.save(kept, self.folder / "best.pt")
        torch.save({**kept, "raw": self.net.state_dict(), "optimizer": self.opt.state_dict(),
                    "best": self.best}, self.folder / "last.pt")


def train(args):
    """The loop; leaves best.pt, last.pt and log.jsonl in <out>/<cell>."""
    pack = Pack(args.data)
    mixer, dev = Mixer(pack, "train", args.seed), Dev(pack)
    mean, std = statistics(mixer)
    # Before a resume is read: the workers must be forked before the GPU is touched.
    first, *others = {first_step(args, cell) for cell in args.cell}
    assert not others, "the checkpoints of the twins are of different steps"
    batches = Ahead(lambda step: batch_of(mixer, step, args.batch), first, args.steps, args.workers)
    there = mean.to(args.device), std.to(args.device)
    normalise = lambda x: (x - there[0]) / there[1]
    dev.to(args.device, normalise)
    runs, begun, waited = [Run(cell, args) for cell in args.cell], time.time(), 0.0
    if args.resume:
        begun -= max(run.resume()[1] for run in runs)
    for step in range(first, args.steps):
        t = time.time()
        rows, labels = (torch.from_numpy(x).to(args.device) for x in batches.get(step))
        waited += time.time() - t
        rows = normalise(rows)
        for run in runs:
            run.step(step, rows, labels)
        done = step + 1
        if done % args.check == 0 or done in (50, args.steps):
            for run in runs:
                run.check(done, dev, mean, std, time.time() - begun, waited)
    batches.close()


def first_step(args, cell):
    """The step to begin at: 0, or that of the cell's last.pt."""
    if not args.resume:
        return 0
    return torch.load(Path(args.out) / cell / "last.pt", map_location="cpu")["trained"]["step"]


def main():
    torch.set_num_threads(1)
    train(arguments())


if __name__ == "__main__":
    main()
