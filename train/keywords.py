"""Trains the keyword spotters: keywords.py --corpus corpus.npz --out <run>.

Every word has its own sigmoid, so that "none of them" needs no class: the answer of a hop is one probability a word.
It is taught to rise from 50 ms before a word's end to 250 ms after it. Negatives: running speech, other words, words cut
off after a third to two thirds, noise alone. Beside it an embedding of the last 120 ms of the trunk learns to tell any
word from any other, for words of one's own (millrace enrol): 600 synthesised words and the eighteen by name, and pieces
of running speech that are to be found again in another surrounding.
`--probe`: a third net that hears some words and one digit voice never: by it one sees what unheard words do.
"""
import argparse
import numpy as np
import torch
import torch.nn.functional as F
from cells import Shape
from corpus import HOP, NUMBERS, RATE, WORDS
from features import features_torch
from nets import Normalised, Stack, multiply_adds, parameters
from scenes import Recipe
from trainer import Job, Loop, arguments, samples
from word_scenes import JUDGES, NONE, PACE, ROWS, Words, voices

KEYWORD = Shape(outputs=len(WORDS), width=96, state=24, head_dim=24, att_dim=24, mlp=90)
RECIPE = Recipe(room=0.35, clean=0.12, noise_only=0.02, snr=(-7.0, 26.0), kinds=(0.5, 0.13, 0.32))
DEV = Recipe(room=0.2, clean=0.25, noise_only=0.0, snr=(0.0, 20.0), line=0.02)
BEFORE, AFTER, SPAN = 5, 25, 12
EMBEDDING, LONG_SECONDS, ASIDE = 64, 20, 0.1
PASSED, FRESH = 256, 0.15  # states that are kept to go on from, and share of scenes that begin a stream
TALK_WHOLE, WORD_WHOLE = 0.25, 0.1  # what the worst alarm of a scene counts beside its hops
UNHEARD = ("athena", "jarvis", "view glass")
LENGTH = ROWS * PACE[1]  # samples of a short scene


class Net(Normalised, Stack):
    """A stack of one logit a word, and an embedding of its last rows that only enrolment uses."""

    def __init__(self, cell, labels=0, shape=KEYWORD):
        super().__init__(cell, shape)
        self.normalise(shape.inputs)
        self.embedding = torch.nn.Linear(shape.width, EMBEDDING)
        self.names = torch.nn.Parameter(torch.randn(labels, EMBEDDING))

    def both(self, rows, memory=None, before=None, after=None):
        """Rows [n, T, 40] -> logits [n, T, words] and the trunk's rows [n, T, width]. With a `memory` of states the scenes go
        on from the states `before` [n] in it, and `after` [n] are written over by theirs."""
        x = (rows - self.mean) / self.std
        if memory is None:
            x = self.trunk(x)
        else:
            x, states = self.trunk(x, [layer[before] for layer in memory])
            for layer, state in zip(memory, states if after is not None else []):
                layer.index_copy_(0, after, state["ssm"].detach())
        return self.head(x), x

    def place(self, trunk, at):
        """Unit embeddings [n, 64] of the SPAN rows up to hop `at` [n]."""
        index = (at[:, None] - torch.arange(SPAN, device=at.device)).clamp(0, trunk.shape[1] - 1)
        rows = trunk.gather(1, index[..., None].expand(-1, -1, trunk.shape[2]))
        return F.normalize(self.embedding(rows.mean(1)), dim=-1)


def targets(word, end, hops, digits, ease):
    """What each word's sigmoid should be [n, hops, words] and how much it counts. "to" and "for" are in most English
    sentences: where no word is, a digit's alarm counts `ease`."""
    hop = torch.arange(hops, device=word.device)
    gap = (hop - end[:, None])[..., None]
    mine = (word[:, None] == torch.arange(NONE, device=word.device)).long()[:, None]
    rise, fall = (gap >= -BEFORE) & (gap <= AFTER), (gap > AFTER) & (gap <= AFTER + 20)
    middle = (gap < -BEFORE) & (gap >= -40)
    heed = torch.where((mine == 1) & (middle | fall), 0.0, torch.where((mine == 1) & rise, 3.0, 1.0))
    easy = torch.where(digits & (word == NONE)[:, None], ease, 1.0)
    return (mine * rise).float(), heed.float() * easy[:, None], easy


def decide(logits, threshold=0.5, span=SPAN):
    """Logits [n, T, words] -> word [n] (NONE below the threshold) and its score: the largest mean probability of
    `span` hops."""
    p = F.avg_pool1d(logits.sigmoid().transpose(1, 2), span, 1)
    score, word = p.amax(2).max(1)
    return torch.where(score >= threshold, word, NONE), score


def again(net, trunk, place, off):
    """The piece at i is the one at n + i, and none of the others' nor what was said 0.3 s before or after it there."""
    n = len(place) // 2
    other = torch.cat([net.place(trunk, at) for at in off])
    def one(mine, theirs):
        cosine = mine @ torch.cat([theirs, other]).T
        return F.cross_entropy(10 * cosine, torch.arange(n, device=place.device))
    return (one(place[:n], place[n:]) + one(place[n:], place[:n])) / 2


class Task:
    def __init__(self, found, args):
        speeds = (32, 34, 37, 40, 43, 46, 49) if args.device != "cpu" else (40,)
        self.args, device = args, args.device
        self.words = Words(found, "train", RECIPE, args.seed, device, speeds, args.rooms, args.absent)
        dev = Words(found, "dev", DEV, 7, device, (40,), max(8, args.rooms // 8), 0.1)
        dev.seed(0)
        mix, self.word, _, _, _, self.snr = dev.draw(32 if device == "cpu" else 1536)
        self.rows = features_torch(mix)
        dev.seed(1)
        mix = dev.draw(2 if device == "cpu" else 90, 60, 1.0)[0]
        self.talk = features_torch(mix)
        self.scenes = self.words.scenes
        self.digits = torch.tensor([w in NUMBERS for w in WORDS], device=device)
        unheard = torch.tensor([w in UNHEARD for w in found["labels"]] + [False], device=device)
        part = self.scenes.voice
        self.plain = speeds.index(40)
        self.firsts = torch.arange(0, int(part.size[self.plain]) - LONG_SECONDS * RATE, LONG_SECONDS * RATE, device=device)
        self.hard = torch.ones(len(self.firsts), device=device)  # how much the nets alarm on each piece, from measure()
        self.memory = []
        self.kept_out = torch.cat([self.words.held | unheard[self.words.label], self.words.held.new_zeros(1)])

    def key(self, step):
        return ("short", "talk", "short", "long", "short", "pair")[step % 6]

    def running(self, n):
        """Mixes [n, L] of running speech, drawn by how much the nets alarmed on the piece; half of them as recorded."""
        s, part = self.scenes, self.scenes.voice
        size = LONG_SECONDS * 100 * PACE[1]
        which, speed = s.pick(self.hard + 0.25 * self.hard.mean(), n), s.integers(len(part.new), n)
        first = (self.firsts[which] * part.new[speed] // 40).minimum(part.size[speed] - size)
        index = (part.base[speed] + first)[:, None] + torch.arange(size, device=first.device)
        x = part.read(index)
        mix = s.mix(x, part.code(index[:, HOP // 2::HOP], speed[:, None]))[0]
        level = 10 ** ((s.rand(n, 1) * 30 - 30) / 20) / x.abs().amax(1, keepdim=True).clamp_min(1e-3)
        return torch.where(s.rand(n, 1) < 0.5, x * level, mix)

    def make(self, key):
        words, n = self.words, self.args.batch
        if key == "pair":
            mix, end = words.pairs(n // 2, LENGTH)
            word, label, clip = torch.full_like(end, NONE), None, torch.full_like(end, -1)
            rows, end = words.rows(mix, ROWS, end)
        elif key == "talk":
            mix = self.running(max(2, n // 7))
            word = torch.full((len(mix),), NONE, device=mix.device)
            label, clip = torch.full_like(word, -1), torch.full_like(word, -1)
            rows, end = words.rows(mix, LONG_SECONDS * 100, torch.zeros_like(word))
        elif key == "long":
            n = max(2, n // 7)
            mix, word, label, clip, end, _ = words.draw(n, LONG_SECONDS * PACE[1] / 160, 0.6, 0.9, LONG_SECONDS * 100 * PACE[0])
            rows, end = words.rows(mix, LONG_SECONDS * 100, end)
        else:
            mix, word, label, clip, end, _ = words.draw(n, LENGTH / RATE, span=ROWS * PACE[0])
            rows, end = words.rows(mix, ROWS, end)
        on, heed, easy = targets(word, end, rows.shape[1], self.digits, 0.5 if key == "short" else 0.25)
        late = end + self.scenes.integers(9, len(end)) + SPAN - 4
        off = torch.stack([end - 35 - self.scenes.integers(30, len(end)), end + 30 + self.scenes.integers(30, len(end))])
        made = {"rows": rows, "on": on, "heed": heed, "easy": easy, "word": word, "clip": clip, "late": late,
                "before": torch.where(self.scenes.rand(len(end)) < FRESH, 0, 1 + self.scenes.integers(PASSED, len(end))),
                "after": 1 + self.scenes.rand(PASSED).argsort()[:len(end)],
                "whole": torch.full_like(easy[:, :1], TALK_WHOLE if key == "talk" else WORD_WHOLE)}
        return {**made, "off": off} if label is None else {**made, "label": label}

    def loss(self, net, b, probe=False):
        """Every hop's cross entropy; that of the decision (the largest mean of 12 hops); names; and places found again."""
        heard = torch.ones_like(b["late"], dtype=torch.float32)
        if probe:
            heard = 1 - self.kept_out[b["clip"]].float()
        if self.args.go_on and net.cell == "ssm":
            logits, trunk = net.both(b["rows"], self.states(net), b["before"], b["after"])
        else:
            logits, trunk = net.both(b["rows"])
        hops = F.binary_cross_entropy_with_logits(logits, b["on"], weight=b["heed"], reduction="none").mean(1).sum(1)
        p = F.avg_pool1d(logits.sigmoid().transpose(1, 2), SPAN, 1).amax(2).clamp(1e-5, 1 - 1e-5)
        mine = b["word"][:, None] == torch.arange(NONE, device=p.device)
        whole = b["whole"] * torch.where(mine, -p.log(), -(1 - p).log() * b["easy"])
        loss = ((hops + whole.sum(1)) * heard).sum() / heard.sum()
        place = net.place(trunk, b["late"])
        if "label" not in b:
            return loss + ASIDE * again(net, trunk, place, b["off"])
        cosine = place @ F.normalize(net.names, dim=-1).T
        known = (b["label"] >= 0).float() * heard
        label = b["label"].clamp_min(0)
        cosine = cosine - 0.1 * (label[:, None] == torch.arange(cosine.shape[1], device=label.device))
        name = F.cross_entropy(16 * cosine, label, reduction="none")
        return loss + ASIDE * (name * known).sum() / known.sum().clamp_min(1)

    def states(self, net):
        """Ends of earlier scenes, a tensor [1 + PASSED, H, P, N] a layer; the first is the empty state."""
        if not self.memory:
            s = net.shape
            size = 1 + PASSED, s.expand * s.width // s.head_dim, s.head_dim, s.state
            self.memory = [torch.zeros(size, device=self.args.device) for _ in range(s.layers)]
        return self.memory

    def statistics(self, net):
        rows = torch.cat([part["rows"] for part in samples(self)]).flatten(0, 1)
        net.mean.copy_(rows.mean(0))
        net.std.copy_(rows.std(0))

    def measure(self, nets):
        """Share of right answers on dev scenes (clean and 0 to 20 dB), and of minutes of speech with an alarm of a wake word."""
        found, hard = {}, torch.zeros_like(self.hard)
        for name, net in nets.items():
            hard += self.alarms(net) / len(nets)
            run = lambda rows, size: torch.cat([net.both(x)[0] for x in rows.split(size)])
            word, _ = decide(run(self.rows, 64))
            late = word
            if self.args.go_on and net.cell == "ssm":
                at = 1 + torch.arange(len(self.rows), device=word.device) % PASSED
                late, _ = decide(torch.cat([net.both(x, self.states(net), i)[0]
                                            for x, i in zip(self.rows.split(64), at.split(64))]))
            p = F.avg_pool1d(run(self.talk, 6).sigmoid().transpose(1, 2), SPAN, 1)[:, ~self.digits].amax((1, 2))
            right, none = (word == self.word).float(), self.word == NONE
            share = lambda which: float(right[which].sum() / which.sum().clamp_min(1))
            digit = ~none & torch.cat([self.digits, self.digits.new_zeros(1)])[self.word]
            found[name] = {"right": float(right.mean()), "late": float((late == self.word).float().mean()),
                           "words": share(~none), "digits": share(digit),
                           "clean": share((self.snr > 30) & ~none), "below_10_db": share((self.snr < 10) & ~none),
                           "false": 1 - share(none), "alarms": float((p > 0.5).float().mean()),
                           "score": float(right.mean() + (late == self.word).float().mean()) / 2 - 0.2 * float((p > 0.5).float().mean())}
        self.hard.copy_(hard)
        return found

    def alarms(self, net):
        """What the loudest alarms of each piece of running speech cost, as recorded [pieces]."""
        part, costs = self.scenes.voice, []
        easy = torch.where(self.digits, 0.25, 1.0)
        for first in self.firsts.split(50):
            index = (part.base[self.plain] + first)[:, None] + torch.arange(LONG_SECONDS * RATE, device=first.device)
            p = F.avg_pool1d(net.both(features_torch(part.read(index)))[0].sigmoid().transpose(1, 2), SPAN, 1).amax(2)
            costs.append((-(1 - p.clamp_max(1 - 1e-5)).log() * easy).sum(1))
        return torch.cat(costs)


def main():
    p = arguments(argparse.ArgumentParser())
    p.add_argument("--cell", nargs="+", default=["ssm", "attention"])
    p.add_argument("--absent", type=float, default=0.3, help="share of scenes of other speech alone")
    p.add_argument("--probe", action="store_true", help="also a net that never hears some words and one voice")
    p.add_argument("--go-on", action="store_true", help="scenes go on from the states that others ended in")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision("high")
    found = dict(np.load(args.corpus))
    found.update({f"other.train.{k}": v for k, v in voices(found, JUDGES, but=True).items()})
    task, jobs = Task(found, args), []
    for cell in args.cell + ["ssm"] * args.probe:
        torch.manual_seed(args.seed)
        probe = len(jobs) == len(args.cell)
        net = Net(cell, len(found["labels"])).to(args.device)
        torch.nn.init.constant_(net.head.bias, -3.0)  # words are rare
        task.statistics(net)
        loss = (lambda n, b: task.loss(n, b, True)) if probe else task.loss
        jobs.append(Job("keyword-probe" if probe else f"keyword-{cell}", net, loss, args))
    loop = Loop(task, jobs, args, "keyword")
    for job in jobs:
        loop.say(name=job.name, parameters=parameters(job.net),
                 multiply_adds_a_second=100 * multiply_adds(job.net.cell, job.net.shape))
    loop.run()


if __name__ == "__main__":
    main()
