"""A bank of simulated rooms: image sources for the first 60 ms, then a decaying diffuse tail.

Allen and Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65 (1979), with
delays rounded to a sample; the tail is noise in two bands (the upper one decays faster), joined by energy.
"""
import torch

RATE, TAPS, SPEED = 16000, 8000, 343.0
NEAR = 960  # samples, 60 ms: up to here by image sources


def images(reach, device):
    """Integer triples [n, 3] of image rooms and the eight parities [8, 3]."""
    axis = torch.arange(-reach, reach + 1, device=device)
    cells = torch.cartesian_prod(axis, axis, axis)
    bit = torch.tensor([0, 1], device=device)
    return cells, torch.cartesian_prod(bit, bit, bit)


def reflections(size, source, ear, keep, cells, parity):
    """One room's impulse response [NEAR] from the direct sound on: size, source, ear [3] in metres."""
    at = 2 * cells[:, None] * size + (1 - 2 * parity) * source
    far = (at - ear).norm(dim=-1).flatten()
    bounces = ((cells[:, None] - parity).abs() + cells[:, None].abs()).sum(-1).flatten()
    delay = ((far - (source - ear).norm()) * (RATE / SPEED)).round().long()
    gain = keep ** bounces / far.clamp_min(0.1)
    inside = (delay >= 0) & (delay < NEAR)
    out = torch.zeros(NEAR, device=size.device)
    return out.scatter_add(0, delay.clamp(0, NEAR - 1), gain * inside)


def tails(t60, split, g):
    """Diffuse decay [R, TAPS]; above split [R] (as a share of the band) it decays in 0.6 of t60 [R]."""
    device, count = t60.device, len(t60)
    time = torch.arange(TAPS, device=device) / RATE
    noise = torch.fft.rfft(torch.randn(count, TAPS, generator=g, device=device))
    low = torch.linspace(0, 1, noise.shape[1], device=device) < split[:, None]
    shape = lambda part, t: torch.fft.irfft(part, TAPS) * torch.exp(-6.91 * time / t[:, None])
    return shape(noise * low, t60) + shape(noise * ~low, 0.6 * t60)


def rooms(count, g, device):
    """Impulse responses [count, TAPS], whole and with the late part taken away; energy of the latter 1.

    Rooms of 3x3x2.3 to 10x8x4 m, T60 0.1 to 0.8 s, talker 0.2 to 5 m away.
    """
    rand = lambda *s: torch.rand(*s, generator=g, device=device)
    low, high = torch.tensor([3, 3, 2.3], device=device), torch.tensor([10, 8, 4.0], device=device)
    size = low + rand(count, 3) * (high - low)
    ear = size * (0.15 + 0.7 * rand(count, 3))
    way = torch.randn(count, 3, generator=g, device=device)
    far = 0.2 * 25 ** rand(count, 1)
    source = (ear + far * way / way.norm(dim=1, keepdim=True)).clamp_min(0.2).minimum(size - 0.2)
    t60 = 0.1 * 8 ** rand(count)
    x, y, z = size.unbind(1)
    # Eyring: absorption that gives this T60 in this room.
    absorb = 1 - torch.exp(-0.161 * x * y * z / (t60 * 2 * (x * y + y * z + x * z)))
    keep = (1 - absorb).clamp(0, 0.98).sqrt()
    cells, parity = images(5, device)
    near = torch.stack([reflections(size[i], source[i], ear[i], keep[i], cells, parity) for i in range(count)])
    tail = tails(t60, 0.1 + 0.3 * rand(count), g)
    power = lambda v: v.square().mean(1, keepdim=True)
    join = slice(NEAR - 320, NEAR)
    tail = tail * (power(near[:, join]) / power(tail[:, join]).clamp_min(1e-12)).sqrt()
    fade = torch.ones(TAPS, device=device)
    fade[:NEAR - 320] = 0
    fade[join] = torch.linspace(0, 1, 320, device=device)
    whole = tail * fade
    whole[:, :NEAR] += near * (1 - fade[:NEAR])
    # What a listener takes for the voice itself: 50 ms, then a fast decay (a time constant of 12 ms).
    time = torch.arange(TAPS, device=device)
    early = whole * torch.exp(-(time - 800).clamp_min(0) / 192.0)
    scale = early.square().sum(1, keepdim=True).rsqrt()
    return whole * scale, early * scale
