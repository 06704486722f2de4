"""Trains the second edition of the speech-activity twins: speech.py --corpus corpus.npz --out <run>.

As vad.py, but the scenes are mixed on the device (scenes.py): rooms, far voices, a coarse coder, more noise, from -8 dB.
Policy: one voice is speech however far or faint the scene makes it; babble, crying and music are not; a pause of less
than 200 ms inside a clip counts as speech with a quarter of the weight.
"""
import argparse
import numpy as np
import torch
import torch.nn.functional as F
from evaluate import auc
from features import features_torch
from nets import Normalised, VAD, Vad, multiply_adds, parameters
from scenes import Recipe, Scenes
from trainer import Job, Loop, arguments, samples

RECIPE = Recipe(segments=6, seconds=8.0, pause=0.42, one_voice=0.5, room=0.35, clean=0.08, noise_only=0.1,
                snr=(-8.0, 30.0), kinds=(0.47, 0.12, 0.31))
DEV = Recipe(segments=6, seconds=8.0, pause=0.42, clean=0.1, noise_only=0.1, snr=(-5.0, 20.0), line=0.03)


class Net(Normalised, Vad):
    """The twins."""

    def __init__(self, cell):
        super().__init__(cell, VAD)
        self.normalise(VAD.inputs)


class Task:
    def __init__(self, found, args):
        speeds = (34, 37, 40, 43, 46) if args.device != "cpu" else (40,)
        self.args, self.scenes = args, Scenes(found, "train", RECIPE, args.seed, args.device, speeds, args.rooms)
        dev = Scenes(found, "dev", DEV, 7, args.device, (40,), max(8, args.rooms // 8))
        mix, _, self.codes, self.snr = dev.batch(0, 8 if args.device == "cpu" else 96, 20)
        self.rows = features_torch(mix)

    def key(self, step):
        return "long" if step % 8 == 7 else "short"

    def make(self, key):
        size, seconds = (max(1, self.args.batch // 3), 24) if key == "long" else (self.args.batch, 8)
        mix, _, codes, _ = self.scenes.draw(size, seconds)
        return {"rows": features_torch(mix), "on": (codes > 0).float(), "heed": torch.where(codes == 2, 0.25, 1.0)}

    def loss(self, net, b):
        return F.binary_cross_entropy_with_logits(net.logits(b["rows"]), b["on"], weight=b["heed"])

    def statistics(self, net):
        rows = torch.cat([part["rows"] for part in samples(self)]).flatten(0, 1)
        net.mean.copy_(rows.mean(0))
        net.std.copy_(rows.std(0))

    def measure(self, nets):
        """Area under ROC over dev hops, pauses of less than 200 ms left out; score: the mean of all and of hard."""
        found, keep = {}, (self.codes != 2).cpu().numpy()
        hard = (self.snr < 5).cpu().numpy()
        for name, net in nets.items():
            y = torch.cat([net.logits(x) for x in self.rows.split(12)]).cpu().numpy()
            on = (self.codes == 1).cpu().numpy()
            every, low = auc(y[keep], on[keep]), auc(y[hard][keep[hard]], on[hard][keep[hard]])
            found[name] = {"auc": every, "auc_below_5_db": low, "score": (every + low) / 2}
        return found


def main():
    p = arguments(argparse.ArgumentParser())
    p.add_argument("--cell", nargs="+", default=["ssm", "attention"])
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision("high")
    task, jobs = Task(dict(np.load(args.corpus)), args), []
    for cell in args.cell:
        torch.manual_seed(args.seed)
        net = Net(cell).to(args.device)
        task.statistics(net)
        jobs.append(Job(f"vad2-{cell}", net, task.loss, args))
    loop = Loop(task, jobs, args, "vad2")
    for job in jobs:
        loop.say(name=job.name, parameters=parameters(job.net),
                 multiply_adds_a_second=100 * multiply_adds(job.net.cell, job.net.shape))
    loop.run()


if __name__ == "__main__":
    main()
