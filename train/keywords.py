"""Trains the keyword spotters: keywords.py --corpus corpus.npz --out <run>.

Every word has its own sigmoid, so that "none of them" needs no class: the answer of a hop is one probability a word.
It is taught to rise from 50 ms before a word's end to 250 ms after it. Negatives: other speech, words cut off after a
third to two thirds, noise alone.
"""
import argparse
import numpy as np
import torch
import torch.nn.functional as F
from cells import Shape
from corpus import HOP, RATE, WORDS
from features import features_torch
from nets import Normalised, Stack, multiply_adds, parameters
from scenes import Part, Recipe, Scenes
from trainer import Job, Loop, arguments, samples

KEYWORD = Shape(outputs=len(WORDS), width=64, att_dim=16, mlp=58)
RECIPE = Recipe(room=0.35, clean=0.15, noise_only=0.02, snr=(-5.0, 30.0), kinds=(0.5, 0.13, 0.32))
DEV = Recipe(room=0.2, clean=0.25, noise_only=0.0, snr=(0.0, 20.0), line=0.02)
SECONDS, BEFORE, AFTER = 3, 5, 25
NONE = len(WORDS)


class Net(Normalised, Stack):
    """A stack of one logit a word."""

    def __init__(self, cell):
        super().__init__(cell, KEYWORD)
        self.normalise(KEYWORD.inputs)


class Words:
    """Scenes with at most one whole keyword each."""

    def __init__(self, found, split, recipe, seed, device, speeds, count_rooms, absent=0.1):
        self.absent = absent
        self.scenes = Scenes(found, split, recipe, seed, device, speeds, count_rooms, voice="other")
        self.part = Part(found, f"word.{split}", device, speeds)
        word = torch.where(self.part.id < 0, NONE, self.part.id)
        count = torch.bincount(word, minlength=NONE + 1).clamp_min(1)
        # All words equally often, other utterances of the same voices as three words.
        self.weight = torch.where(word == NONE, 3.0, 1.0) / count[word]
        self.word = word

    def batch(self, step, n):
        self.scenes.seed(step)
        return self.draw(n)

    def draw(self, n, seconds=SECONDS):
        """mix [n, L], word [n] (NONE: no whole one), its last hop [n], snr [n]."""
        s, part, length = self.scenes, self.part, int(seconds * RATE)
        clip, speed = s.pick(self.weight, n), s.integers(len(part.new), n)
        size = part.length[clip] * part.new[speed] // 40
        begin = (s.rand(n) * (length - size - RATE // 5).clamp_min(1)).long()
        cut, draw = s.rand(n) < 0.12, s.rand(n)
        whole = size.float() * torch.where(cut, 0.33 + 0.33 * draw, 1.0)
        t = torch.arange(length, device=s.device)
        since = t - begin[:, None]
        inside = (since >= 0) & (since < whole[:, None])
        index = part.at(clip, speed)[:, None] + since.clamp(min=0).minimum(size[:, None] - 1)
        edge = torch.minimum(since, whole[:, None] - since).clamp(0, 96) / 96
        x = part.read(index) * inside * edge * (s.rand(n) > self.absent)[:, None]
        # Other people before and after, or the same pause as ever.
        other, codes = s.voices(n, length)
        early = (t < (begin - s.rand(n) * RATE * 0.3)[:, None]) & (s.rand(n) < 0.35)[:, None]
        late = (t > (begin + size + s.rand(n) * RATE * 0.3)[:, None]) & (s.rand(n) < 0.3)[:, None]
        absent = (x.abs().amax(1, keepdim=True) == 0)
        around = early | late | absent
        middle = slice(HOP // 2, None, HOP)
        mine = part.code(index[:, middle], speed[:, None]) * inside[:, middle] * ~absent
        codes = torch.maximum(codes * around[:, middle], mine)
        mix, _, codes, snr = s.mix(x + other * around, codes)
        hop = torch.arange(codes.shape[1], device=s.device)
        end = (hop * (mine == 1)).amax(1)
        there = ~cut & ~absent[:, 0] & (codes > 0).any(1)
        return mix, torch.where(there, self.word[clip], NONE), end, snr


def targets(word, end, hops):
    """What each word's sigmoid should be [n, hops, words] and how much it counts."""
    hop = torch.arange(hops, device=word.device)
    gap = (hop - end[:, None])[..., None]
    mine = (word[:, None] == torch.arange(NONE, device=word.device)).long()[:, None]
    rise, fall = (gap >= -BEFORE) & (gap <= AFTER), (gap > AFTER) & (gap <= AFTER + 20)
    middle = (gap < -BEFORE) & (gap >= -40)
    heed = torch.where((mine == 1) & (middle | fall), 0.0, torch.where((mine == 1) & rise, 3.0, 1.0))
    return (mine * rise).float(), heed.float()


def decide(logits, threshold=0.5, span=12):
    """Logits [n, T, words] -> word [n] (NONE below the threshold) and its score: the largest mean probability of
    `span` hops."""
    p = F.avg_pool1d(logits.sigmoid().transpose(1, 2), span, 1)
    score, word = p.amax(2).max(1)
    return torch.where(score >= threshold, word, NONE), score


class Task:
    def __init__(self, found, args):
        speeds = (32, 34, 37, 40, 43, 46, 49) if args.device != "cpu" else (40,)
        self.args = args
        self.words = Words(found, "train", RECIPE, args.seed, args.device, speeds, args.rooms, args.absent)
        dev = Words(found, "dev", DEV, 7, args.device, (40,), max(8, args.rooms // 8))
        mix, self.word, _, self.snr = dev.batch(0, 32 if args.device == "cpu" else 1024)
        self.rows = features_torch(mix)

        self.scenes = self.words.scenes

    def key(self, step):
        return "short"

    def make(self, key):
        mix, word, end, _ = self.words.draw(self.args.batch)
        rows = features_torch(mix)
        on, heed = targets(word, end, rows.shape[1])
        return {"rows": rows, "on": on, "heed": heed}

    def loss(self, net, b):
        loss = F.binary_cross_entropy_with_logits(net.logits(b["rows"]), b["on"], weight=b["heed"])
        return loss * len(WORDS)

    def statistics(self, net):
        rows = torch.cat([part["rows"] for part in samples(self)]).flatten(0, 1)
        net.mean.copy_(rows.mean(0))
        net.std.copy_(rows.std(0))

    def measure(self, nets):
        """Share of right answers on dev scenes (clean and 0 to 20 dB), and of negatives taken for a word."""
        found = {}
        for name, net in nets.items():
            word, _ = decide(torch.cat([net.logits(x) for x in self.rows.split(64)]))
            right, none = (word == self.word).float(), self.word == NONE
            found[name] = {"right": float(right.mean()), "words": float(right[~none].mean()),
                           "clean": float(right[(self.snr > 30) & ~none].mean()),
                           "below_10_db": float(right[(self.snr < 10) & ~none].mean()),
                           "false": 1 - float(right[none].mean()), "score": float(right.mean())}
        return found


def main():
    p = arguments(argparse.ArgumentParser())
    p.add_argument("--cell", nargs="+", default=["ssm", "attention"])
    p.add_argument("--absent", type=float, default=0.1, help="share of scenes of other speech alone")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision("high")
    task, jobs = Task(dict(np.load(args.corpus)), args), []
    for cell in args.cell:
        torch.manual_seed(args.seed)
        net = Net(cell).to(args.device)
        torch.nn.init.constant_(net.head.bias, -3.0)  # words are rare
        task.statistics(net)
        jobs.append(Job(f"keyword-{cell}", net, task.loss, args))
    loop = Loop(task, jobs, args, "keyword")
    for job in jobs:
        loop.say(name=job.name, parameters=parameters(job.net),
                 multiply_adds_a_second=100 * multiply_adds(job.net.cell, job.net.shape))
    loop.run()


if __name__ == "__main__":
    main()
