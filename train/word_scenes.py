"""Scenes around words on the device that trains: one whole word, a word cut off, or none; and any piece of speech said
twice in different surroundings. On top of scenes.py: another pace, another vocal tract, a telephone's band, holes.
"""
import numpy as np
import torch
from corpus import HOP, RATE, WORDS
from features import BINS, features_torch, features_varied
from scenes import Part, Scenes

NONE = len(WORDS)
PACE = (140, 176)  # samples from hop to hop, of 160: slower and faster at the same pitch
ROWS = 300

JUDGES = ("june-wallack", "flite-rms")  # kept out of training: by their speech and the dev clips one chooses a threshold


def voices(found, names, but=False):
    """other.train of the voices of these names alone (`but`: of all others), laid end to end as corpus.py does."""
    audio, codes, start, length, who = (found[f"other.train.{k}"] for k in ("audio", "codes", "start", "length", "id"))
    which = np.array([str(s).startswith(names) for s in found["speakers"]])[who] != but
    whole = length[which] + -length[which] % HOP  # clips lie on multiples of a hop
    spans = list(zip(start[which], whole))
    return {"audio": np.concatenate([audio[a:a + n] for a, n in spans]), "id": who[which], "length": length[which],
            "codes": np.concatenate([codes[a // HOP:(a + n) // HOP] for a, n in spans]), "start": np.cumsum(whole) - whole}


class Words:
    """Draws from the words' clips, with speech that has none of the words around."""

    def __init__(self, found, split, recipe, seed, device, speeds, count_rooms, absent=0.3):
        self.absent = absent
        self.scenes = Scenes(found, split, recipe, seed, device, speeds, count_rooms, voice="other")
        self.part = Part(found, f"word.{split}", device, speeds)
        take = lambda field, default: torch.from_numpy(found[key]).to(device) if (
            key := f"word.{split}.{field}") in found else torch.full_like(self.part.id, default)
        self.label, self.made, self.held = take("label", -1), take("made", 0).bool(), take("held", 0).bool()
        word = torch.where(self.part.id < 0, NONE, self.part.id)
        # Words equally often, a third of each synthesised; all other words as twelve, other utterances as three.
        group = torch.where(word < NONE, word * 2 + self.made.long(), 2 * NONE + (self.label >= 0).long())
        share = torch.tensor([0.67, 0.33] * NONE + [3.0, 12.0], device=device)
        self.weight = share[group] / torch.bincount(group, minlength=2 * NONE + 2).clamp_min(1)[group]
        self.word = word

    def seed(self, step):
        self.scenes.seed(step)

    def at(self, part, first, size, begin, length):
        """Sound [n, length] of pieces of a part (first sample and size [n]) laid at `begin` [n]; the samples' places in the
        part, and where the piece lies."""
        since = torch.arange(length, device=first.device) - begin[:, None]
        inside = (since >= 0) & (since < size[:, None])
        index = first[:, None] + since.clamp(min=0).minimum(size[:, None] - 1)
        edge = torch.minimum(since, size[:, None] - since).clamp(0, 96) / 96
        return part.read(index) * inside * edge, index, inside

    def around(self, x, begin, end, early, late, absent):
        """Other people before `begin` and after `end`, in these shares of the scenes, and where there is no word."""
        s, (n, length) = self.scenes, x.shape
        t = torch.arange(length, device=x.device)
        other, codes = s.voices(n, length)
        before = (t < (begin - s.rand(n) * RATE * 0.3)[:, None]) & (s.rand(n) < early)[:, None]
        after = (t > (end + s.rand(n) * RATE * 0.3)[:, None]) & (s.rand(n) < late)[:, None]
        place = before | after | absent[:, None]
        return x + other * place, codes * place[:, HOP // 2::HOP]

    def draw(self, n, seconds=3.0, absent=None, around=0.35, span=None):
        """mix [n, L], word [n] (NONE: no whole one), label [n] (-1: none), clip [n], last hop of the word [n], snr [n]."""
        s, part, length = self.scenes, self.part, int(seconds * RATE)
        clip, speed = s.pick(self.weight, n), s.integers(len(part.new), n)
        size = part.length[clip] * part.new[speed] // 40
        begin = (s.rand(n) * ((span or length) - size - RATE // 5).clamp_min(1)).long()
        cut, draw = s.rand(n) < 0.12, s.rand(n)
        whole = (size.float() * torch.where(cut, 0.33 + 0.33 * draw, 1.0)).long()
        absent = s.rand(n) < (self.absent if absent is None else absent)
        x, index, inside = self.at(part, part.at(clip, speed), whole, begin, length)
        mix, codes = self.around(x * ~absent[:, None], begin, begin + size, around, around * 0.86, absent)
        middle = slice(HOP // 2, None, HOP)
        mine = part.code(index[:, middle], speed[:, None]) * inside[:, middle] * ~absent[:, None]
        mix, _, codes, snr = s.mix(mix, torch.maximum(codes, mine))
        hop = torch.arange(codes.shape[1], device=s.device)
        end = (hop * (mine == 1)).amax(1)
        there = ~cut & ~absent & (codes > 0).any(1)
        return (mix, torch.where(there, self.word[clip], NONE), torch.where(there, self.label[clip], -1),
                torch.where(absent, -1, clip), end, snr)

    def pairs(self, n, length):
        """mix [2 n, length]: 0.45 to 1 s of anyone's speech, at i and at n + i the same at another pitch, in other
        surroundings and noise; its last hop [2 n]."""
        s, part = self.scenes, self.scenes.voice
        twice = lambda v: torch.cat([v, v])
        clip = s.pick(part.weight, n)
        size = ((0.45 + 0.55 * s.rand(n)) * RATE).long().minimum(part.length[clip])
        into = (s.rand(n) * (part.length[clip] - size)).long()
        clip, size, into = twice(clip), twice(size), twice(into)
        speed = s.integers(len(part.new), 2 * n)
        first, size = part.at(clip, speed) + into * part.new[speed] // 40, size * part.new[speed] // 40
        begin = (s.rand(2 * n) * (PACE[0] * ROWS - size - RATE // 5).clamp_min(1)).long()
        x, index, inside = self.at(part, first, size, begin, length)
        mix, codes = self.around(x, begin, begin + size, 0.5, 0.5, begin < 0)
        middle = slice(HOP // 2, None, HOP)
        mine = part.code(index[:, middle], speed[:, None]) * inside[:, middle]
        mix = s.mix(mix, torch.maximum(codes, mine))[0]
        return mix, (begin + size) // HOP

    def rows(self, mix, count, end):
        """Log-mel rows [n, count, 40] of scenes as another voice, pace and line would have them, and the last hop then."""
        s, n = self.scenes, len(mix)
        normal = lambda width, low, high: (width * torch.randn(n, generator=s.g, device=s.device)).exp().clamp(low, high)
        hop = PACE[0] + s.integers(PACE[1] - PACE[0] + 1, n)
        f = torch.linspace(0, RATE / 2, BINS, device=s.device)
        top, low = 3300 + 700 * s.rand(n, 1), 100 + 250 * s.rand(n, 1)
        phone = 1 / (1 + (f / top) ** 40) * (1 - 1 / (1 + (f / low) ** 8) * (s.rand(n, 1) < 0.5))
        phone = torch.where(s.rand(n, 1) < 0.2, phone, torch.ones_like(phone))
        rows = features_varied(mix, count, hop, normal(0.08, 0.8, 1.22), phone)
        return self.holes(rows), ((end + 1) * HOP // hop - 1).clamp_max(count - 1)

    def holes(self, rows):
        """Up to six neighbouring bands in a third of the scenes, and up to eight hops in a third, at the scene's mean
        (Park et al., "SpecAugment", Interspeech 2019)."""
        s, (n, count, bands) = self.scenes, rows.shape
        mean = rows.mean((1, 2), keepdim=True)
        for axis, most in ((1, 8), (2, 6), (1, 8)):
            size = rows.shape[axis]
            width = torch.where(s.rand(n, 1) < 0.33, 1 + s.integers(most, n, 1), 0)
            first = s.integers(size, n, 1)
            place = torch.arange(size, device=s.device)
            hole = (place >= first) & (place < first + width)
            rows = torch.where(hole[:, :, None] if axis == 1 else hole[:, None], mean, rows)
        return rows


