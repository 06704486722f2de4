"""Trains the two forecast models on the same windows in the same order.

forecast.py --corpus series.npz --out <run> [--seconds 600 | --steps 1500] [--batch 16] [--rate 2e-3] [--cells ssm,attention]
`series.npz` is forecast_data.py's. Runs on one CPU core or a GPU; checkpoints and --resume are trainer.py's.
best.pt is the best on the four months after those of training: error over that of the season's expert, mean of 5 horizons.
"""
import argparse
import numpy as np
import torch
import trainer
from forecast_data import INPUTS, KNOTS, MONTH
from forecast_net import Forecaster

HORIZONS = (24, 96, 192, 336, 720)
ROWS, WARM = 768, 48
SHARES = {"ett": 0.45, "synthetic24": 0.25, "gaps": 0.1, "synthetic12": 0.03, "synthetic7": 0.03, "synthetic48": 0.04,
          "synthetic96": 0.04, "packaged": 0.06}


def weights(horizon):
    """Of each knot in the mean over steps 1 .. horizon."""
    k = np.array([knot for knot in KNOTS if knot <= horizon], float)
    edges = np.r_[0.5, (k[1:] + k[:-1]) / 2, horizon + 0.5]
    return np.r_[np.diff(edges) / horizon, np.zeros(len(KNOTS) - len(k))]


class Windows:
    """Batches of windows, a function of (seed, step)."""

    def __init__(self, path, device, batch, seed):
        self.device, self.batch, self.first = device, batch, seed
        with np.load(path) as found:
            names = sorted({k.rsplit(".", 1)[0] for k in found if "." in k})
            self.series = {n: tuple(found[f"{n}.{part}"] for part in ("inputs", "targets", "pace")) for n in names}
            self.months = int(found["months"])
        self.kinds = {kind: [n for n in names if n.startswith(kind)] for kind in SHARES}
        self.kinds = {kind: names for kind, names in self.kinds.items() if names}
        share = np.array([SHARES[kind] for kind in self.kinds])
        self.share = share / share.sum()
        y = self.series["ett"][1].astype(np.float32)
        self.size = np.nanmean(y ** 2, (0, 1))
        self.mean, self.std = (f(self.series["ett"][0], (0, 1)) for f in (np.mean, np.std))

    def seed(self, step):
        self.r = np.random.default_rng([self.first, step])

    def window(self, kind):
        r = self.r
        inputs, y, pace = self.series[self.kinds[kind][r.integers(len(self.kinds[kind]))]]
        n, rows = inputs.shape[:2]
        at = r.integers(0, max(1, rows - ROWS + 1))
        cut = slice(at, at + ROWS)
        one = r.integers(n)
        x, t = inputs[one, cut].copy(), y[one, cut].astype(np.float32)
        if r.random() < 0.5:
            # Two series added are a series: everything here but the age (last input) is linear in the values.
            if n > 1 and r.random() < 0.6:
                other = (one + 1 + r.integers(n - 1)) % n
                angle = r.uniform(-np.pi, np.pi)
                a, b = np.cos(angle), np.sin(angle)
                x[:, :-1] = a * x[:, :-1] + b * inputs[other, cut][:, :-1]
                t = a * t + b * y[other, cut].astype(np.float32)
            else:
                x[:, :-1] *= -1
                t *= -1
        return x, t, pace[cut]

    def make(self):
        picked = self.r.choice(len(self.share), self.batch, p=self.share)
        x = np.zeros((self.batch, ROWS, INPUTS), np.float32)
        y = np.full((self.batch, ROWS, len(KNOTS)), np.nan, np.float32)
        pace = np.ones((self.batch, ROWS), np.float32)
        for i, kind in enumerate(picked):
            a, b, c = self.window(list(self.kinds)[kind])
            x[i, :len(a)], y[i, :len(a)], pace[i, :len(a)] = a, b, c
        y[:, :WARM] = np.nan
        return {k: torch.from_numpy(v).to(self.device) for k, v in {"x": x, "y": y, "pace": pace}.items()}


class Task:
    def __init__(self, args):
        self.scenes = Windows(args.corpus, args.device, args.batch, args.seed)
        # Every horizon has the same say, in errors over those of the season's expert.
        every = sum(weights(h) / (weights(h) @ np.nan_to_num(self.scenes.size)) for h in HORIZONS) / len(HORIZONS)
        self.weights = torch.tensor(every, dtype=torch.float32, device=args.device)

    def key(self, step):
        return "rows"

    def make(self, key):
        return self.scenes.make()

    def loss(self, net, batch):
        known = ~batch["y"].isnan()
        error = net(batch["x"], batch["pace"]) - batch["y"].nan_to_num()
        # A wild window counts, but not for everything: linear beyond four deviations.
        square = torch.nn.functional.huber_loss(error, torch.zeros_like(error), delta=4.0, reduction="none") * 2
        return (square * known * self.weights).sum() / known.any(-1).sum().clamp(min=1)

    def measure(self, nets):
        inputs, y, pace = self.scenes.series["dev"]
        first = self.scenes.months * MONTH
        x, p = torch.from_numpy(inputs), torch.from_numpy(pace).expand(len(inputs), -1)
        found = {}
        for name, net in nets.items():
            with torch.no_grad():
                said = net(x.to(next(net.parameters()).device), p.to(next(net.parameters()).device)).cpu().numpy()
            figures = {}
            for h in HORIZONS:
                w, cut = weights(h), slice(first, inputs.shape[1] - h)
                t = y[:, cut].astype(np.float32)
                t = np.where(w > 0, t, 0)
                figures[f"ratio_{h}"] = float((((said[:, cut] - t) ** 2) @ w).mean() / ((t ** 2) @ w).mean())
            found[name] = {**figures, "score": 2 - float(np.mean(list(figures.values())))}
        return found


def main():
    p = trainer.arguments(argparse.ArgumentParser())
    p.add_argument("--cells", default="ssm,attention")
    p.set_defaults(batch=16, check=100, graphs=False)
    args = p.parse_args()
    args.graphs = False  # windows are cut by numpy: only the nets' steps are captured
    torch.set_num_threads(args.threads)
    task, jobs = Task(args), []
    for cell in args.cells.split(","):
        torch.manual_seed(args.seed)
        net = Forecaster(cell)
        net.mean.copy_(torch.from_numpy(task.scenes.mean))
        net.std.copy_(torch.from_numpy(task.scenes.std).clamp(min=0.05))
        with torch.no_grad():  # begins as the season's expert
            net.head.weight.mul_(0.1)
            net.head.bias.zero_()
        jobs.append(trainer.Job(f"forecast-{cell}", net, task.loss, args))
    trainer.Loop(task, jobs, args, "forecast").run()


if __name__ == "__main__":
    main()
