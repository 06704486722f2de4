"""Scenes for speech activity, mixed on the fly from the audio folder's train/ part.

One scene is a function of (seed, split, step, index) alone, so both twins hear the same data.
Nothing below eval/ is opened here.
"""
import json
from collections import defaultdict
from pathlib import Path
import numpy as np
import soundfile as sf
from scipy.signal import fftconvolve, lfilter, resample_poly
import synth
from features import BINS, HOP, RATE, features
from split import group, held_out

AMBIGUOUS = ("syn-babble", "music", "esc-baby cry")
SPEEDS = ((9, 10), (19, 20), (21, 20), (11, 10))


class Pack:
    """The manifest's clips as int16, by split: speech by speaker, noise by type."""

    def __init__(self, folder):
        folder = Path(folder) / "train"
        items = [json.loads(line) for line in open(folder / "manifest.jsonl", encoding="utf8")]
        shards = {}
        for name in sorted({item["file"] for item in items}):
            with sf.SoundFile(folder / name) as f:
                # In pieces: libsndfile overflows its stack on very long Vorbis reads.
                parts = list(f.blocks(RATE * 60, dtype="int16"))
            shards[name] = np.concatenate(parts)
        self.speech = {"train": defaultdict(list), "dev": defaultdict(list)}
        self.noise = {"train": defaultdict(list), "dev": defaultdict(list)}
        held = held_out(items)
        for i, item in enumerate(items):
            clip = shards[item["file"]][item["offset"]:item["offset"] + item["samples"]]
            split = "dev" if group(item, i) in held else "train"
            if item["kind"] == "speech":
                self.speech[split][item["speaker"]].append(clip)
            elif len(clip) >= RATE // 2:
                self.noise[split][item["type"]].append(clip)


def activity(x):
    """Utterance [n] -> bool [n // 160 + 6]: 10 ms energy over -35 dB of the peak, widened by 3
    frames each side. Entry 0 is the frame that starts 480 samples before the utterance."""
    n = len(x) // HOP
    energy = np.square(x[:n * HOP], dtype=np.float64).reshape(n, HOP).sum(1)
    on = np.pad(energy > energy.max() * 10 ** -3.5, 6)
    return np.lib.stride_tricks.sliding_window_view(on, 7).any(1)


def echo(r, x):
    """A room: the direct sound, then a decaying noise tail (T60 0.1 to 0.7 s)."""
    t60, delay = r.uniform(0.1, 0.7), int(RATE * r.uniform(0.002, 0.02))
    n = int(RATE * t60)
    tail = synth.white(r, n) * np.exp(-6.9 * np.arange(n, dtype=np.float32) / n)
    tail *= np.float32(10 ** (r.uniform(-14, 4) / 20) / np.sqrt(np.square(tail).sum()))
    wet = np.zeros(len(x) + delay + n, np.float32)
    wet[:len(x)] = x
    late = fftconvolve(x, tail).astype(np.float32)
    wet[delay:delay + len(late)] += late
    return wet


def first_order(r):
    """A random first-order tilt as filter taps (b, a)."""
    k = r.uniform(-0.6, 0.9)
    return ([1.0, -k], [1.0]) if r.random() < 0.6 else ([1.0], [1.0, k])


class Mixer:
    """Draws scenes of one split."""

    def __init__(self, pack, split, seed):
        self.speech, self.noise = pack.speech[split], pack.noise[split]
        self.key = (seed, 0 if split == "train" else 1)
        self.speakers = sorted(self.speech)
        # The square root keeps 160 small voices audible beside the five large ones.
        weight = np.array([sum(map(len, self.speech[s])) for s in self.speakers]) ** 0.5
        self.weight = weight / weight.sum()
        self.plain = [t for t in sorted(self.noise) if t not in AMBIGUOUS]
        self.real = [t for t in self.plain if not t.startswith("syn-")]
        self.made = [t for t in self.plain if t.startswith("syn-")]
        self.unclear = [t for t in AMBIGUOUS if t in self.noise]

    def utterance(self, r, speaker):
        """A clip of this voice -> sound [m >= n] (with echo) and activity of its direct sound."""
        clips = self.speech[speaker]
        x = clips[r.integers(len(clips))].astype(np.float32) / 32768
        if r.random() < 0.4:
            up, down = SPEEDS[r.integers(4)]
            x = resample_poly(x, up, down).astype(np.float32)
        if r.random() < 0.3:
            x = lfilter(*first_order(r), x).astype(np.float32)
        on = activity(x)
        return (echo(r, x) if r.random() < 0.25 else x), on

    def voices(self, r, n):
        """Speech track [n], labels [n // 160], and the mean power of its labelled part."""
        track, labels = np.zeros(n, np.float32), np.zeros(n // HOP, bool)
        middle = np.arange(n // HOP) * HOP + HOP // 2
        count = round(r.choice(5, p=[0.13, 0.12, 0.2, 0.25, 0.3]) * n / (8 * RATE))
        spread = r.choice([0.3, 0.8, 1.6])
        at = int(RATE * (r.exponential(spread) - (0.7 if r.random() < 0.2 else 0)))
        one = self.speakers[r.choice(len(self.speakers), p=self.weight)] if r.random() < 0.5 else None
        for _ in range(count):
            if at >= n:
                break
            speaker = one or self.speakers[r.choice(len(self.speakers), p=self.weight)]
            x, on = self.utterance(r, speaker)
            x = x * np.float32(10 ** (r.normal(0, 3) / 20) / (np.sqrt(np.square(x).mean()) + 1e-6))
            lo, hi = max(at, 0), min(at + len(x), n)
            if lo < hi:
                track[lo:hi] += x[lo - at:hi - at]
            index = (middle - at + 3 * HOP) // HOP
            inside = (index >= 0) & (index < len(on))
            labels[inside] |= on[index[inside]]
            at += (len(on) - 6) * HOP + int(RATE * r.exponential(spread))
        loud = np.repeat(labels, HOP)
        return track, labels, float(np.square(track[loud]).mean()) if labels.any() else 0.0

    def clip(self, r, n):
        """One noise of n samples: a recorded or made clip looped from a random point."""
        pick = r.random()
        if pick < 0.25:
            return synth.bed(r, n)
        kinds = self.unclear if pick < 0.34 else self.real if pick < 0.85 else self.made
        clips = self.noise[kinds[r.integers(len(kinds))]]
        x = clips[r.integers(len(clips))]
        at = r.integers(len(x))
        return np.resize(np.concatenate([x[at:], x[:at]]), n).astype(np.float32) / 32768

    def bed(self, r, n):
        """One or two clips: added, or one after the other. Mean power 1."""
        unit = lambda x: x / (np.sqrt(np.square(x, dtype=np.float64).mean()) + 1e-6).astype(np.float32)
        x = unit(self.clip(r, n))
        if r.random() < 0.55:
            y = unit(self.clip(r, n)) * np.float32(10 ** (r.normal(-3, 5) / 20))
            if r.random() < 0.5:
                x = x + y
            else:
                cut, fade = r.integers(n), RATE * r.uniform(0.01, 0.5)
                ramp = np.clip((np.arange(n, dtype=np.float32) - cut) / np.float32(fade) + 0.5, 0, 1)
                x = x * (1 - ramp) + y * ramp
        if r.random() < 0.2:
            x = x * synth.slow(r, n, r.uniform(0.2, 2), 5)
        return unit(x)

    def events(self, r, track):
        """Adds one to six short negatives at -20 to +6 dB of unit level, in place."""
        for _ in range(r.integers(1, 7)):
            x = synth.event(r)
            x = x * np.float32(10 ** (r.uniform(-20, 6) / 20) / (np.sqrt(np.square(x).mean()) + 1e-6))
            at = r.integers(-len(x) // 2, len(track))
            lo, hi = max(at, 0), min(at + len(x), len(track))
            if lo < hi:
                track[lo:hi] += x[lo - at:hi - at]

    def scene(self, step, index, seconds):
        """Features [T, 40], labels bool [T], SNR in dB (inf: no bed, -inf: no speech)."""
        r = np.random.default_rng((*self.key, step, index))
        n = seconds * RATE
        mix, labels, power = self.voices(r, n)
        snr = np.inf
        if r.random() < 0.9 or not power:
            snr = r.uniform(-5, 30) if power else -np.inf
            level = np.sqrt(power) * 10 ** (-snr / 20) if power else 1.0
            mix += self.bed(r, n) * np.float32(level)
        if r.random() < 0.4:
            negatives = np.zeros(n, np.float32)
            self.events(r, negatives)
            mix += negatives * np.float32(np.sqrt(power) if power else 1.0)
        return features(level_out(r, mix), shape=channel(r)), labels, snr

    def batch(self, step, size, seconds):
        """Features float32 [size, T, 40], labels float32 [size, T], SNRs [size]."""
        rows, labels, snr = zip(*(self.scene(step, i, seconds) for i in range(size)))
        return np.stack(rows), np.stack(labels).astype(np.float32), np.array(snr)


def level_out(r, mix):
    """Peak to -45..0 dBFS (now and then clipped), and mostly rounded to 16 bits."""
    peak = 10 ** (r.uniform(-45, 0) / 20) * (r.uniform(1, 4) if r.random() < 0.05 else 1)
    mix = np.clip(mix * np.float32(peak / (np.abs(mix).max() + 1e-9)), -1, 1)
    return np.round(mix * 32768) / np.float32(32768) if r.random() < 0.8 else mix


def channel(r):
    """Power gain by bin [257] of the microphone or line, or None."""
    if r.random() < 0.35:
        return None
    f = np.arange(BINS) * RATE / 512
    gain = np.ones(BINS)
    if r.random() < 0.7:
        b, a = first_order(r)
        turn = np.exp(-2j * np.pi * f / RATE)
        gain *= np.abs(np.polyval(b[::-1], turn) / np.polyval(a[::-1], turn)) ** 2
    if r.random() < 0.2:
        gain /= 1 + (f / r.choice([3400, 4000, 4000, 5500, 7000])) ** r.choice([16, 40])
    if r.random() < 0.3:
        gain *= 1 - 1 / (1 + (f / r.uniform(60, 350)) ** 4)
    return gain
