"""Scenes mixed in batches on the device that trains: voices, rooms, noise, microphone, level, line.

A batch is a function of (seed, split, step, size, seconds) on one kind of device, so twins hear the same and a
resumed run goes on with the next scene. All in torch without waiting for the device.
"""
from dataclasses import dataclass
import numpy as np
import torch
import noises
from corpus import AMBIGUOUS, HOP, RATE
from noises import uniform
from rooms import TAPS, rooms

BLOCK = 40 * 25000


@dataclass(frozen=True)
class Recipe:
    """Shares and ranges of a task's scenes."""
    segments: int = 3          # pieces of the voice track in `seconds`, each a run of one voice or a pause
    seconds: float = 5.0
    pause: float = 0.2         # share of pieces that are pauses
    one_voice: float = 0.65    # share of scenes with a single talker
    inside: float = 0.3        # share of pieces that begin inside a clip
    room: float = 0.3
    clean: float = 0.07        # no noise at all
    noise_only: float = 0.05
    snr: tuple = (-7.0, 22.0)  # dB of active speech over the noise's mean
    kinds: tuple = (0.5, 0.13, 0.27)  # recorded, supplied synthetic, made here; the rest is ambiguous
    second: float = 0.5        # a second noise
    line: float = 0.06         # share that went through a coarse spectral coder
    level: tuple = (-46.0, 0.0)  # dBFS of the mixture's peak


def stretch(x, new):
    """int16 [n] -> int16 [n * new / 40] by cutting or padding spectra of blocks (clicks a minute apart)."""
    if new == 40:
        return x
    parts = []
    for block in x.split(BLOCK):
        size = len(block) // 40 * new
        spectrum = torch.fft.rfft(block[:len(block) // 40 * 40].float())
        y = torch.fft.irfft(spectrum[:size // 2 + 1], size) * (size / (len(block) // 40 * 40))
        parts.append(y.round().clamp(-32768, 32767).short())
    return torch.cat(parts)


class Part:
    """One part of the corpus on the device, at several speeds (new lengths of 40)."""

    def __init__(self, found, name, device, speeds):
        take = lambda field: torch.from_numpy(found[f"{name}.{field}"]).to(device)
        audio = take("audio")
        tail = -len(audio) % 40
        audio = torch.cat([audio, audio.new_zeros(tail)])
        copies = [stretch(audio, new) for new in speeds]
        self.audio = torch.cat(copies)
        lengths = [len(c) for c in copies]
        self.base = torch.tensor(np.cumsum([0] + lengths[:-1]), device=device)
        self.size = torch.tensor(lengths, device=device)
        self.new = torch.tensor(speeds, device=device)
        self.start, self.length, self.id, self.codes = take("start"), take("length"), take("id"), take("codes")
        count = torch.bincount(self.id.clamp_min(0))
        self.first = torch.cumsum(count, 0) - count  # the first clip of an id: clips are in the order of ids
        self.count = count
        seconds = torch.zeros(len(count), device=device).scatter_add(0, self.id.clamp_min(0), self.length.float())
        # The square root keeps 160 small voices audible beside the five large ones.
        self.weight = (seconds.sqrt()[self.id.clamp_min(0)] * self.length / seconds[self.id.clamp_min(0)]).float()

    def at(self, clip, speed):
        """Where clips [..] begin in the copies of these speeds [..]."""
        return self.base[speed] + self.start[clip] * self.new[speed] // 40

    def read(self, index):
        return self.audio[index].float() / 32768

    def code(self, index, speed):
        """Activity codes at samples `index` of the copies `speed`."""
        return self.codes[((index - self.base[speed]) * 40 // self.new[speed] // HOP).clamp(0, len(self.codes) - 1)]


def smooth_gain(g, n, bins, depth, share):
    """Microphone-like zero-phase gains [n, bins]: slopes, band limits; all ones in 1 - share of the rows."""
    device = g.device
    f = torch.linspace(0, RATE / 2, bins, device=device)
    knots = torch.randn(n, 6, generator=g, device=device) * depth
    bend = torch.nn.functional.interpolate(knots[:, None], size=bins, mode="linear", align_corners=True)[:, 0]
    low = torch.randn(n, 1, generator=g, device=device) * depth / (1 + (f / 400) ** 2)
    gain = 10 ** ((bend + low) / 20)
    cut = torch.where(uniform(g, 0, 1, n, 1) < 0.25, uniform(g, 3200, 7500, n, 1), 1e6)
    gain = gain / (1 + (f / cut) ** 24)
    high = torch.where(uniform(g, 0, 1, n, 1) < 0.3, uniform(g, 40, 350, n, 1), 1.0)
    gain = gain * (1 - 1 / (1 + (f / high) ** 4))
    return torch.where(uniform(g, 0, 1, n, 1) < share, gain, torch.ones_like(gain))


def coarse(g, x):
    """A lossy coder's traces: weak bins fall out, the others' magnitudes are rounded to steps of 2 dB."""
    length, tail = x.shape[1], -x.shape[1] % 256
    frames = torch.nn.functional.pad(x, (256, 256 + tail)).unfold(1, 512, 256)
    s = torch.fft.rfft(frames * torch.hann_window(512, device=x.device))  # the windows add up to 1
    size = s.abs().clamp_min(1e-9)
    near = torch.nn.functional.avg_pool1d(size.view(-1, 1, 257), 33, 1, 16, count_include_pad=False).view(size.shape)
    floor = near * 10 ** (uniform(g, -24, -8, len(x), 1, 1) / 20)
    stepped = torch.exp2(torch.round(size.log2() * 3) / 3)
    y = torch.fft.irfft(s / size * stepped * (size > floor), 512)
    return (y[:, 1:, :256] + y[:, :-1, 256:]).flatten(1)[:, :length]


class Scenes:
    """Draws batches of one split under one recipe."""

    def __init__(self, found, split, recipe, seed, device, speeds=(34, 37, 40, 43, 46), count_rooms=512, voice="speech",
                 noise_speeds=None):
        self.recipe, self.device, self.key = recipe, device, seed * 2 + (split == "dev")
        self.g = torch.Generator(device)
        self.g.manual_seed(99 + self.key)
        self.voice = Part(found, f"{voice}.{split}", device, speeds)
        self.noise = Part(found, f"noise.{split}", device, noise_speeds or speeds)
        self.rooms = rooms(count_rooms, self.g, device)
        types = [str(t) for t in found["types"]]
        ids = found[f"noise.{split}.id"]
        kind = np.array([2 if types[i] in AMBIGUOUS else 1 if types[i].startswith("syn-") else 0 for i in ids])
        # Every type equally often within its kind, its clips by length.
        length = found[f"noise.{split}.length"].astype(np.float64)
        total = np.bincount(ids, length, len(types))
        self.noise_weight = [torch.tensor((kind == k) * length / total[ids] + 1e-12, dtype=torch.float32, device=device)
                             for k in range(3)]

        real, supplied, made = recipe.kinds  # shares of recorded, supplied synthetic and ambiguous clips
        self.share = torch.tensor((real, supplied, max(1e-6, 1 - real - supplied - made)), device=device)

    def seed(self, step):
        self.g.manual_seed((step * 1000003 + self.key) % 2 ** 62)

    def rand(self, *shape):
        return torch.rand(*shape, generator=self.g, device=self.device)

    def integers(self, top, *shape):
        """Whole numbers below top (a number or a tensor of this shape)."""
        return (self.rand(*shape) * top).long()

    def pick(self, weight, *shape):
        total = weight.cumsum(0)
        return torch.searchsorted(total, self.rand(*shape) * total[-1]).clamp_max(len(weight) - 1)

    def shuffled(self, x):
        return x[self.rand(len(x)).argsort()]

    def voices(self, n, length):
        """Dry tracks [n, length] and codes [n, length // 160]."""
        r, part = self.recipe, self.voice
        k = max(2, round(r.segments * length / RATE / r.seconds))
        cuts = (self.rand(n, k - 1).sort(1)[0] * length).long()
        t = torch.arange(length, device=self.device)
        piece = (t >= cuts[:, :, None]).sum(1)
        starts = torch.cat([cuts.new_zeros(n, 1), cuts], 1)
        ends = torch.cat([cuts, cuts.new_full((n, 1), length)], 1)
        clip = self.pick(part.weight, n, k)
        who = part.id[clip[:, :1]]
        same = part.first[who] + self.integers(part.count[who].float().expand(n, k), n, k)
        alone = self.rand(n, 1) < r.one_voice
        clip = torch.where(alone, same, clip)
        speed = self.integers(len(part.new), n, k)
        speed = torch.where(alone, speed[:, :1], speed)
        into = self.rand(n, k) * (self.rand(n, k) < r.inside) * part.length[clip] * part.new[speed] / 40
        origin = part.at(clip, speed) + into.long() - starts
        quiet = self.rand(n, k) < r.pause
        gain = 10 ** (torch.randn(n, k, generator=self.g, device=self.device) * 0.2) * ~quiet
        index = torch.minimum(origin.gather(1, piece) + t, (part.base + part.size - 1)[speed].gather(1, piece))
        edge = torch.minimum(t - starts.gather(1, piece), ends.gather(1, piece) - t).clamp(0, 96) / 96
        x = part.read(index) * gain.gather(1, piece) * edge
        middle = slice(HOP // 2, None, HOP)
        codes = part.code(index[:, middle], speed.gather(1, piece[:, middle]))
        return x, codes * ~quiet.gather(1, piece[:, middle])

    def recorded(self, n, length):
        """Noise from the corpus, looped, power 1."""
        part = self.noise
        kind = self.pick(self.share, n)
        clips = torch.stack([self.pick(w, n) for w in self.noise_weight])
        clip, speed = clips.gather(0, kind[None])[0], self.integers(len(part.new), n)
        size = (part.length[clip] * part.new[speed] // 40)[:, None]
        t = torch.arange(length, device=self.device) + self.integers(size.float(), n, 1)
        x = part.read(part.at(clip, speed)[:, None] + t % size)
        return x / x.square().mean(1, keepdim=True).sqrt().clamp_min(1e-6)

    def beds(self, n, length):
        """One or two noises a scene, power 1, some in a room."""
        r = self.recipe
        total = n + n // 2
        few = min(max(1, round(total * r.kinds[2])), total - 1)
        x = self.recorded(total - few, length)
        if few:
            x = torch.cat([x, noises.any_of(self.g, few, length)])
        x = self.shuffled(x)
        first, other = x[:n], x[n:]
        loud = 10 ** (torch.randn(len(other), 1, generator=self.g, device=self.device) * 0.3 - 0.15)
        # The second comes in and goes out, or stays.
        knots = torch.randn(len(other), 1, max(4, length // 16000), generator=self.g, device=self.device)
        gate = torch.nn.functional.interpolate(knots, size=length, mode="linear", align_corners=True)[:, 0]
        other = other * loud * torch.sigmoid(6 * gate + uniform(self.g, -3, 9, len(other), 1))
        first = torch.cat([first[:len(other)] + other * (self.rand(len(other), 1) < 2 * r.second), first[len(other):]])
        return first / first.square().mean(1, keepdim=True).sqrt().clamp_min(1e-6)

    def draw(self, n, seconds):
        """mix, target [n, L], codes uint8 [n, L // 160], snr [n] (inf clean, -inf noise only)."""
        return self.mix(*self.voices(n, int(seconds * RATE)))

    def batch(self, step, n, seconds):
        """The draw of a step."""
        self.seed(step)
        return self.draw(n, seconds)

    def mix(self, dry, codes):
        """Rooms, noise, microphone, level and line around dry voices."""
        r, g = self.recipe, self.g
        n, length = dry.shape
        size = fast_size(length + TAPS)
        place = lambda share: (self.rand(n) < share, self.integers(len(self.rooms[0]), n))
        spectrum = torch.fft.rfft(dry, size)
        bins = spectrum.shape[1]
        there, room = place(r.room)
        whole, early = (torch.where(there[:, None], torch.fft.rfft(b[room], size), 1.0) for b in self.rooms)
        bed = torch.fft.rfft(self.beds(n, length), size)
        echo, room = place(0.25)
        bed = bed * torch.where(echo[:, None], torch.fft.rfft(self.rooms[0][room], size), 1.0)
        own, other, mic = (smooth_gain(g, n, bins, d, s) for d, s in ((3.0, 0.4), (4.0, 0.5), (2.0, 0.4)))
        voice, target, noise = (torch.fft.irfft(s * mic, size)[:, :length]
                                for s in (spectrum * whole * own, spectrum * early * own, bed * other))
        on = (codes == 1)[..., None].float()
        heard = target[:, :codes.shape[1] * HOP].view(n, -1, HOP).square()
        power = (heard * on).sum((1, 2)) / (on.sum((1, 2)) * HOP).clamp_min(1)
        spoken = on.sum((1, 2)) > 10
        draw = self.rand(n)
        silent = (draw < r.noise_only) | ~spoken
        clean = (draw > 1 - r.clean) & ~silent
        snr = uniform(g, *r.snr, n)
        hum = noise.square().mean(1).clamp_min(1e-12)
        loud = torch.where(silent, 1.0, torch.where(clean, 0.0, 10 ** (-snr / 20))) * (
            torch.where(silent, 1.0, power) / hum).sqrt()
        keep = (~silent).float()[:, None]
        mix, target = voice * keep + noise * loud[:, None], target * keep
        codes = codes * (~silent)[:, None]
        snr = torch.where(silent, -torch.inf, torch.where(clean, torch.inf, snr))
        return (*self.line(mix, target), codes, snr)

    def line(self, mix, target):
        """Level of the mixture whatever its SNR, now and then clipping, a coarse coder, 16 bits."""
        r, n = self.recipe, len(mix)
        few = max(1, round(n * r.line))
        mix = torch.cat([coarse(self.g, mix[:few]), mix[few:]])
        over = torch.where(self.rand(n, 1) < 0.06, uniform(self.g, 1, 4, n, 1), 1.0)
        level = 10 ** (uniform(self.g, *r.level, n, 1) / 20) * over / mix.abs().amax(1, keepdim=True).clamp_min(1e-6)
        mix, target = (mix * level).clamp(-1, 1), target * level
        fine = self.rand(n, 1) < 0.2
        return torch.where(fine, mix, (mix * 32768).round() / 32768), target


def fast_size(n):
    """The next length that Fourier transforms like: 2^a 3^b 5^c."""
    best = 1 << (n - 1).bit_length()
    for three in (1, 3, 9, 27):
        for five in (1, 5, 25, 125):
            size = three * five * 2
            while size < n:
                size *= 2
            best = min(best, size)
    return best
