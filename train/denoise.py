"""Trains the denoisers: denoise.py --corpus corpus.npz --out <run> [--size full small] [--cell ssm attention]

All named nets get the same batches in the same order, 5 s scenes and every eighth step 20 s ones.
"""
import argparse
import math
from pathlib import Path
import numpy as np
import torch
import denoise_net
import losses
import loudness
from denoise_net import Denoise, analyse, features, synthesise
from evaluate import auc
from nets import multiply_adds, parameters
from scenes import Recipe, Scenes
import start
from trainer import Job, Loop, arguments, samples

RECIPE = Recipe()
DEV = Recipe(clean=0.0, noise_only=0.0, snr=(-5.0, 15.0), pause=0.1, line=0.02, room=0.2)
NAMES = {"full": "denoise-{}", "small": "denoise-small-{}"}
DEV_SCENES, DEV_SECONDS, CLEAN = 96, 6, 16


class Task:
    def __init__(self, found, args):
        gpu = args.device != "cpu"
        # Voices from 0.78 to 1.25 of their speed, pitch and all; noises from 0.6 to 1.6: there are few of either.
        self.args, self.scenes = args, Scenes(found, "train", RECIPE, args.seed, args.device,
                                              (31, 34, 37, 40, 43, 46, 50) if gpu else (40,), args.rooms,
                                              noise_speeds=(24, 30, 36, 40, 45, 52, 64) if gpu else None)
        dev = Scenes(found, "dev", DEV, 7, args.device, (40,), max(8, args.rooms // 8))
        scenes = args.dev_scenes or DEV_SCENES
        self.mix, self.target, self.codes, self.snr = dev.batch(0, scenes, DEV_SECONDS)
        # Clean speech in: the targets themselves.
        self.mix = torch.cat([self.mix, self.target[:CLEAN]])

    def key(self, step):
        return "long" if step % 8 == 7 else "short"

    def make(self, key):
        size, seconds = (max(1, self.args.batch // 4), 20) if key == "long" else (self.args.batch, 5)
        mix, target, codes, snr = self.scenes.draw(size, seconds)
        spectra = analyse(mix)
        # Graphs and copies take real tensors more readily than complex ones.
        return {"spectra": torch.view_as_real(spectra), "rows": features(spectra),
                **losses.prepare(mix, target, codes, snr)}

    def loss(self, net, b):
        spectra, speech = net.clean(torch.view_as_complex(b["spectra"]), b["rows"])
        return losses.loss(synthesise(spectra), speech, b)

    def statistics(self, net):
        rows = net.rows(torch.cat([part["rows"] for part in samples(self)])).flatten(0, 1)
        net.mean.copy_(rows.mean(0))
        # Imaginary parts at 0 and 8000 Hz are always 0.
        net.std.copy_(rows.std(0).clamp_min(0.05))

    def figures(self, e, logits):
        """Figures of estimates [scenes + CLEAN, n - 160] of the dev mixtures and then of clean speech."""
        n = len(self.target)
        t = self.target[:, :-denoise_net.HOP]
        p = losses.prepare(self.mix[:n], self.target, self.codes, self.snr)
        octave, mel = losses.bands(e[:n] * p["level"])
        stoi = float(losses.correlation(octave, p["octave"]).mean())
        sdr = losses.si_sdr(e[:n], t)
        clean = losses.si_sdr(e[n:], t[:CLEAN])
        mels = float((mel - p["mel"]).abs().mean())
        loud = float(loudness.disturbance(loudness.powers(e[:n] * p["level"]), p["powers"]).mean())
        keep = (self.codes != 2).cpu().numpy()
        found = {"stoi": stoi, "si_sdr": float(sdr.mean()), "si_sdr_below_0": float(sdr[self.snr < 0].mean()),
                 "mel": mels, "loud": loud, "clean": float(clean.mean()), "clean_least": float(clean.min()),
                 "auc": auc(logits[:n].cpu().numpy()[keep], (self.codes == 1).cpu().numpy()[keep]),
                 "score": stoi + float(sdr.mean()) / 50 - mels / 10 - loud / 10}
        return found if math.isfinite(found["score"]) else {**found, "score": -1e9}

    def measure(self, nets):
        """Dev figures; score = correlation (STOI's, at 16 kHz) + SI-SDR / 50 dB - log-mel distance / 10 - loudness / 10."""
        found = {}
        for name, net in nets.items():
            outs = [net.enhance(part) for part in self.mix.split(16)]
            found[name] = self.figures(torch.cat([o[0] for o in outs]), torch.cat([o[1] for o in outs]))
        return found


def main():
    p = arguments(argparse.ArgumentParser())
    p.add_argument("--size", nargs="+", default=["full", "small"])
    p.add_argument("--cell", nargs="+", default=["ssm", "attention"])
    p.add_argument("--dev-scenes", type=int)
    p.add_argument("--start", help="folder of model folders (models/): begin with the weights of an earlier edition")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision("high")
    found = dict(np.load(args.corpus))
    task, jobs = Task(found, args), []
    for size in args.size:
        for cell in args.cell:
            torch.manual_seed(args.seed)
            net = Denoise(cell, size)
            if args.start:
                start.begin(net, Path(args.start) / NAMES[size].format(cell))
            net = net.to(args.device)
            if not args.start:
                task.statistics(net)
            jobs.append(Job(f"denoise-{size}-{cell}", net, task.loss, args))
    loop = Loop(task, jobs, args, "denoise")
    for job in jobs:
        loop.say(name=job.name, parameters=parameters(job.net),
                 multiply_adds_a_second=100 * multiply_adds(job.net.cell, job.net.shape))
    noisy = task.figures(task.mix[:, :-denoise_net.HOP], torch.zeros(len(task.mix), task.codes.shape[1]))
    loop.say(name="noisy", **{k: round(v, 4) for k, v in noisy.items()})
    loop.run()


if __name__ == "__main__":
    main()
