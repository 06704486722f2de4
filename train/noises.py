"""Synthetic noise in batches of torch: every function gives [n, length], of any level.

They stand beside the recordings, not for them: beds, machines, music-like notes, blows and breath.
`g` is a torch.Generator of the device.
"""
import math
import torch
import torch.nn.functional as F

RATE = 16000


def uniform(g, low, high, *shape):
    return low + (high - low) * torch.rand(*shape, generator=g, device=g.device)


def slow(g, n, length, knots, depth):
    """Smooth random gains [n, length]: `knots` values along the length, depth [n, 1] in dB."""
    level = torch.randn(n, knots, generator=g, device=g.device) * depth
    return 10 ** (F.interpolate(level[:, None], size=length, mode="linear", align_corners=True)[:, 0] / 20)


def colours(g, n, bins, depth):
    """Smooth random spectra [n, bins]: a tilt and 9 knots along a logarithmic frequency axis."""
    tilt = uniform(g, -9, 2, n, 1)  # dB an octave, 0 to -9 mostly
    knots = torch.randn(n, 9, generator=g, device=g.device) * depth
    octave = (torch.arange(bins, device=g.device).clamp_min(bins / 160) * (160 / bins)).log2()  # 0..7.3
    at = (octave / octave[-1] * 8).clamp(0, 7.999)
    low = at.long()
    bend = knots[:, low] * (1 - (at - low)) + knots[:, (low + 1).clamp_max(8)] * (at - low)
    return 10 ** ((tilt * (octave - 3) + bend) / 20)


def shaped(g, n, length, depth=7.0):
    """Noise of a random smooth colour, steady."""
    white = torch.fft.rfft(torch.randn(n, length, generator=g, device=g.device))
    return torch.fft.irfft(white * colours(g, n, white.shape[1], depth), length)


def bed(g, n, length):
    """Coloured noise whose level wanders, slowly or at the rate of syllables."""
    drift = slow(g, n, length, max(4, length // 24000), uniform(g, 0, 5, n, 1))
    return shaped(g, n, length) * drift * slow(g, n, length, max(6, length // 2400), uniform(g, -4, 7, n, 1).clamp_min(0))


def breath(g, n, length):
    """Bursts of coloured noise between silences: breath, rustling, wind on a microphone."""
    knots = max(6, int(length / RATE * 6))
    gate = F.interpolate(torch.randn(n, 1, knots, generator=g, device=g.device), size=length, mode="linear",
                         align_corners=True)[:, 0]
    return shaped(g, n, length, 12.0) * torch.sigmoid(8 * (gate - uniform(g, 0, 1, n, 1)))


def notes(g, n, length, low, high, voices, rate):
    """Harmonic tones: `voices` lines of notes between low and high Hz, rate [n, 1, 1] (at most 14) notes a second."""
    t = torch.arange(length, device=g.device) / RATE
    beat = (t * rate).long()  # [n, 1, length]
    count = 14 * length // RATE + 2  # not beat.max(): that would wait for the device
    pitch = low * (high / low) ** torch.rand(n, voices, count, generator=g, device=g.device)
    pitch = 440 * 2 ** ((12 * (pitch / 440).log2()).round() / 12)
    loud = 10 ** (torch.randn(n, voices, count, generator=g, device=g.device) * 0.4)
    beat = beat.expand(n, voices, length)
    freq = pitch.gather(2, beat) * (1 + 0.004 * torch.sin(2 * math.pi * 5 * t))
    phase = 2 * math.pi * (freq.double().cumsum(2) / RATE).remainder(1).float()
    since = (t * rate).remainder(1) / rate
    ring = torch.exp(-since / 10 ** uniform(g, -1.2, 0.5, n, voices, 1)) * (since / 0.005).clamp_max(1)
    fall = uniform(g, 0.3, 0.85, n, voices, 1)
    x = sum(fall ** k * torch.sin((k + 1) * phase) * ((k + 1) * freq < 7500) for k in range(6))
    return (x * ring * loud.gather(2, beat)).sum(1)


def music(g, n, length):
    """Three lines of notes over a little noise."""
    x = notes(g, n, length, 65.0, 1200.0, 3, uniform(g, 1, 7, n, 1, 1))
    return x + shaped(g, n, length) * uniform(g, 0, 0.1, n, 1)


def machine(g, n, length):
    """Engine, fan or mains: a harmonic series on a drifting pitch, and noise."""
    wander = torch.randn(n, 12, generator=g, device=g.device) * uniform(g, 0, 0.08, n, 1)
    drift = F.interpolate(wander[:, None], size=length, mode="linear", align_corners=True)[:, 0]
    freq = 25 * 14 ** torch.rand(n, 1, generator=g, device=g.device) * drift.exp()
    phase = 2 * math.pi * (freq.double().cumsum(1) / RATE).remainder(1).float()
    x = sum(uniform(g, 0.1, 1, n, 1) * torch.sin(k * phase + 6.28 * torch.rand(n, 1, generator=g, device=g.device))
            / k ** 0.7 for k in range(1, 11))
    unit = lambda v: v / v.std(1, keepdim=True).clamp_min(1e-6)
    return unit(x) + unit(shaped(g, n, length)) * 10 ** uniform(g, -1.5, 0.3, n, 1)


def blows(g, n, length):
    """Keys, steps, crockery, rain drops: irregular strokes, each a decaying resonance."""
    rate = 10 ** uniform(g, 0.1, 1.6, n, 1)
    hit = torch.rand(n, length, generator=g, device=g.device) < rate / RATE
    force = hit * 10 ** (torch.randn(n, length, generator=g, device=g.device) * 0.3)
    m = 4096
    t = torch.arange(m, device=g.device) / RATE
    decay = torch.exp(-t / 10 ** uniform(g, -2.7, -1.2, n, 1))
    ring = sum(uniform(g, 0, 1, n, 1) * torch.sin(2 * math.pi * 100 * 60 ** torch.rand(n, 1, generator=g, device=g.device) * t)
               for _ in range(3))
    grain = torch.randn(n, m, generator=g, device=g.device) * uniform(g, 0.05, 1, n, 1)
    size = length + m
    x = torch.fft.irfft(torch.fft.rfft(force, size) * torch.fft.rfft((ring + grain) * decay, size), size)
    return x[:, :length] + 1e-4 * torch.randn(n, length, generator=g, device=g.device)


def beeps(g, n, length):
    """High notes with pauses: phones, alarms, birds."""
    knots = max(6, int(length / RATE * 4))
    on = torch.rand(n, knots, generator=g, device=g.device) < 0.4
    gate = F.interpolate(on[:, None].float(), size=length, mode="linear", align_corners=True)[:, 0]
    x = notes(g, n, length, 500.0, 4500.0, 1, uniform(g, 1, 14, n, 1, 1))
    return x * gate + 1e-4 * torch.randn(n, length, generator=g, device=g.device)


FAMILIES = (bed, bed, breath, machine, blows, beeps, music)


def any_of(g, n, length):
    """n noises, the families in turn: [n, length] of power 1."""
    share = [n // len(FAMILIES) + (i < n % len(FAMILIES)) for i in range(len(FAMILIES))]
    x = torch.cat([make(g, k, length) for make, k in zip(FAMILIES, share) if k])
    return x / x.square().mean(1, keepdim=True).sqrt().clamp_min(1e-6)
