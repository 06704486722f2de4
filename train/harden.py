"""Goes on with trained keyword spotters where they alarm: on hours of running speech, the worst pieces most often.

harden.py --corpus corpus.npz [--more corpus-with-extra.npz] --run <run> --out <folder> [--steps 240]
A step takes 12 short scenes of keywords.py and 3 pieces of 20 s of other speech of the training split, drawn by how much
the twins alarmed on them before. Both get the same scenes and pieces, in two processes. Kept are weights halfway between
those before and those after (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022): all the way takes a
tenth of the wake words along. The voices JUDGES are kept out: on them and the dev scenes one chooses the threshold.
"""
import argparse
import json
import math
import multiprocessing
import time
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F
from corpus import HOP, NUMBERS, RATE, WORDS
from features import features, features_torch
from keywords import DEV, LENGTH, LONG_SECONDS, NONE, RECIPE, SPAN, Net, decide, targets
from word_scenes import PACE, ROWS, Words

JUDGES, MORE = ("june-wallack", "kerstin"), ("festvox-ru",)  # June Wallack is asterisk-fr
PIECE, SHORT, TALK, WHOLE, KEPT = LONG_SECONDS * RATE, 12, 3, 0.25, 0.5
DIGITS = torch.tensor([w in NUMBERS for w in WORDS])
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)


def cut(found, names, but=False):
    """other.train of the voices of these names alone (`but`: of all others), laid end to end as corpus.py does."""
    audio, codes, start, length, who = (found[f"other.train.{k}"] for k in ("audio", "codes", "start", "length", "id"))
    which = np.array([str(s).startswith(names) for s in found["speakers"]])[who] != but
    spans = list(zip(start[which], length[which]))
    return {"audio": np.concatenate([audio[a:a + n] for a, n in spans]), "id": who[which], "length": length[which],
            "codes": np.concatenate([codes[a // HOP:(a + n) // HOP] for a, n in spans]),
            "start": np.cumsum(length[which]) - length[which]}


def separate(found, more):
    """The corpus without the judges, and their sound; the second corpus' further voices come in behind."""
    judge, kept = cut(found, JUDGES)["audio"], cut(found, JUDGES, True)
    if more:
        new = cut(np.load(more), MORE)
        new["start"] = new["start"] + len(kept["audio"])
        new["id"] = np.unique(new["id"], return_inverse=True)[1] + len(found["speakers"])
        kept = {k: np.concatenate([kept[k], new[k]]) for k in kept}
    return {**found, **{f"other.train.{k}": v for k, v in kept.items()}}, judge


def cost(logits, on, heed, easy, word, whole):
    """As in keywords.py: every hop's cross entropy, and the decision's, a value a scene."""
    hops = F.binary_cross_entropy_with_logits(logits, on, weight=heed, reduction="none").mean(1).sum(1)
    p = F.avg_pool1d(logits.sigmoid().transpose(1, 2), SPAN, 1).amax(2).clamp(1e-5, 1 - 1e-5)
    mine = word[:, None] == torch.arange(NONE)
    return hops + whole * torch.where(mine, -p.log(), -(1 - p).log() * easy).sum(1)


def quiet(logits):
    """The cost of pieces without a word; "to" and "for" count a quarter as digits."""
    easy = torch.where(DIGITS, 0.25, 1.0).expand(len(logits), -1)
    return cost(logits, torch.zeros_like(logits), easy[:, None], easy, torch.full((len(logits),), NONE), WHOLE)


class Material:
    """Short scenes made beforehand, and pieces of other speech at any speed, pace and vocal tract."""

    def __init__(self, found, count, seed):
        self.words = words = Words(found, "train", RECIPE, seed, "cpu", (37, 40, 43), 48, 0.3)
        self.part, made = words.scenes.voice, []
        for k in range(count // 20):
            words.seed(10 ** 7 + k)
            mix, word, label, _, end, _ = words.draw(20, LENGTH / RATE, span=ROWS * PACE[0])
            rows, end = words.rows(mix, ROWS, end)
            late = end + words.scenes.integers(9, 20) + SPAN - 4
            made.append((rows, *targets(word, end, ROWS, DIGITS, 0.5), word, label, late))
        self.short = [torch.cat(p) for p in zip(*made)]
        self.firsts = torch.arange(0, int(self.part.size[1]) - PIECE, PIECE)

    @torch.no_grad()
    def mine(self, nets):
        """How much the nets alarm on the pieces as they are; of every second one, its neighbour takes the same."""
        rows = lambda first: features_torch(self.part.read(self.part.base[1] + first + torch.arange(PIECE))[None])
        found = [sum(quiet(net.both(x)[0]).item() for net in nets) / len(nets) for x in map(rows, self.firsts[::2])]
        return torch.tensor(found).repeat_interleave(2)[:len(self.firsts)]

    def talk(self, step, which):
        """Rows of these pieces at another level, speed, pace and vocal tract."""
        self.words.seed(step)
        speed = self.words.scenes.integers(3, len(which))
        size = LONG_SECONDS * 100 * PACE[1]
        first = (self.firsts[which] * self.part.new[speed] // 40).minimum(self.part.size[speed] - size)
        mix = self.part.read((self.part.base[speed] + first)[:, None] + torch.arange(size))
        level = 10 ** ((self.words.scenes.rand(len(mix), 1) * 30 - 24) / 20)
        return self.words.rows(mix * level, LONG_SECONDS * 100, torch.zeros(len(mix)).long())[0]


@torch.no_grad()
def judged(net, sound, dev, say):
    """At each threshold: alarms of wake words on the judges, and shares right of the dev scenes, clean and not."""
    minutes = [torch.from_numpy(features(sound[at:at + 60 * RATE].astype(np.float32) / 32768))[None]
               for at in range(0, len(sound) - RATE, 60 * RATE)]
    p = torch.cat([F.avg_pool1d(net.both(m)[0].sigmoid().transpose(1, 2), SPAN, 1)[0, ~DIGITS].amax(0) for m in minutes])
    heights = []
    while p.max() > THRESHOLDS[0]:
        top = int(p.argmax())
        heights.append(float(p[top]))
        p[max(0, top - 100):top + 100] = 0
    rows, word, snr = dev
    logits = torch.cat([net.both(part)[0] for part in rows.split(50)])
    for threshold in THRESHOLDS:
        right = (decide(logits, threshold)[0] == word).float()
        there, clean, digit = word < NONE, snr > 30, torch.cat([DIGITS, torch.tensor([False])])[word]
        share = lambda which: round(float(right[which].mean()), 3)
        say(threshold=threshold, alarms=sum(h >= threshold for h in heights), minutes=round(len(sound) / RATE / 60, 1),
            wake=share(there & ~digit), digits=share(digit), clean=share(there & clean), none=share(~there))


def harden(kept, net, material, hard, judge, args, begun):
    """One twin: the same draws for both, so neither's alarms steer them after the start."""
    torch.manual_seed(args.seed)
    say = lambda **f: print(json.dumps({"name": kept["name"], **f, "seconds": round(time.time() - begun)}), flush=True)
    opt = torch.optim.AdamW(net.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.01)
    hard, total = hard.clone(), 0.0
    for step in range(args.steps):
        a = torch.randint(len(material.short[0]), (SHORT,))
        b = torch.multinomial(hard + hard.mean() / 4, TALK)
        hard[b] *= 0.7
        rows, on, heed, easy, word, label, late = (v[a] for v in material.short)
        opt.param_groups[0]["lr"] = args.rate * min(1, (step + 1) / 20) * (0.5 + 0.5 * math.cos(math.pi * step / args.steps))
        opt.zero_grad()
        logits, trunk = net.both(rows)
        cosine = net.place(trunk, late) @ F.normalize(net.names, dim=-1).T
        names = F.cross_entropy(16 * cosine, label.clamp_min(0), reduction="none")[label >= 0].sum() / SHORT
        alarm = quiet(net.both(material.talk(step, b))[0]).mean()
        loss = cost(logits, on, heed, easy, word, 0.1).mean()
        (loss + 0.1 * names + alarm).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        total = total + (torch.stack([loss, alarm]).detach() - total) / min(step + 1, 20)
        if (step + 1) % 20 == 0:
            say(step=step + 1, scenes=round(float(total[0]), 4), pieces=round(float(total[1]), 4))
    for name, value in net.state_dict().items():
        value.lerp_(kept["weights"][name], 1 - KEPT)
    done = {"steps": args.steps, "kept": KEPT, "device": "cpu", "seconds": round(time.time() - begun)}
    torch.save({**kept, "weights": net.state_dict(), "trained": {**kept["trained"], "hardened": done}},
               Path(args.out) / f"{kept['name']}.best.pt")
    judged(net, *judge, say)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--corpus", required=True)
    p.add_argument("--more", help="a second corpus, for the further voices of extra.py")
    p.add_argument("--run", required=True, help="folder with keyword-*.best.pt")
    p.add_argument("--out", required=True)
    for name, kind, default in (("steps", int, 240), ("scenes", int, 900), ("rate", float, 6e-4), ("seed", int, 1)):
        p.add_argument(f"--{name}", type=kind, default=default)
    args = p.parse_args()
    torch.set_num_threads(1)
    begun = time.time()
    found, sound = separate(dict(np.load(args.corpus)), args.more)
    material = Material(found, args.scenes, args.seed)
    dev = Words(found, "dev", DEV, 7, "cpu", (40,), 8, 0.1)
    dev.seed(0)
    mix, word, _, _, _, snr = dev.draw(400)
    judge = (np.concatenate([found["other.dev.audio"], sound]), (features_torch(mix), word, snr))
    jobs = []
    for cell in ("ssm", "attention"):
        kept = torch.load(Path(args.run) / f"keyword-{cell}.best.pt", map_location="cpu", weights_only=False)
        net = Net(cell, len(kept["weights"]["names"]))
        net.load_state_dict(kept["weights"])
        jobs.append((kept, net))
    Path(args.out).mkdir(parents=True, exist_ok=True)
    hard = material.mine([net for _, net in jobs])
    print(json.dumps({"pieces": len(hard), "mean": round(float(hard.mean()), 3), "worst": round(float(hard.max()), 3),
                      "seconds": round(time.time() - begun)}), flush=True)
    fork = multiprocessing.get_context("fork")
    run = [fork.Process(target=harden, args=(*job, material, hard, judge, args, begun)) for job in jobs]
    for each in run:
        each.start()
    for each in run:
        each.join()


if __name__ == "__main__":
    main()
