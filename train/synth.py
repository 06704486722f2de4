"""Synthetic noise: continuous beds, and short events that resemble speech in one respect each.

Every function takes a numpy Generator `r` and a length n in samples, and returns float32 [n].
"""
import numpy as np
from scipy.signal import butter, lfilter, sosfilt

RATE = 16000
# Drawing normals is the slowest part of noise; slices of one fixed pool serve as well.
_POOL = np.random.default_rng(5).standard_normal(RATE * 90).astype(np.float32)


def white(r, n):
    """A slice of the pool."""
    at = r.integers(0, len(_POOL) - n)
    return _POOL[at:at + n] * np.float32(r.choice([-1, 1]))


def slow(r, n, hz, depth):
    """A smooth random gain, `hz` knots a second, about `depth` dB of standard deviation."""
    knots = max(3, int(n / RATE * hz) + 2)
    gain = 10 ** (depth * r.standard_normal(knots) / 20)
    return np.interp(np.arange(n), np.linspace(0, n, knots), gain).astype(np.float32)


def band(r, x, low, high):
    """Second-order Butterworth band pass."""
    high = min(high, 7800.0)
    return sosfilt(butter(2, [low, high], "bandpass", fs=RATE, output="sos"), x).astype(np.float32)


def coloured(r, n):
    """Noise with one or two real poles (dark) or a zero (bright), sometimes a resonance."""
    a = np.array([1.0])
    for _ in range(r.integers(1, 3)):
        a = np.convolve(a, [1, -r.uniform(0.2, 0.98)])
    if r.random() < 0.4:
        radius, w = r.uniform(0.8, 0.985), 2 * np.pi * r.uniform(80, 5000) / RATE
        a = np.convolve(a, [1, -2 * radius * np.cos(w), radius * radius])
    b = [1.0] if r.random() < 0.7 else [1.0, -r.uniform(0.3, 0.95)]
    return lfilter(b, a, white(r, n)).astype(np.float32)


def modulated(r, n):
    """Coloured noise whose level wanders, at times at the rate of syllables."""
    return coloured(r, n) * slow(r, n, r.uniform(0.5, 9), r.uniform(2, 8))


def harmonic(r, n):
    """Engine, fan or mains: a steady or slowly drifting harmonic series over noise."""
    f = r.choice([50.0, 60.0]) if r.random() < 0.3 else r.uniform(25, 300)
    drift = np.cumsum(r.normal(0, 0.004, n // 1600 + 2))
    freq = f * np.exp(np.interp(np.arange(n), np.arange(len(drift)) * 1600, drift))
    phase = 2 * np.pi * np.cumsum(freq) / RATE
    x = np.zeros(n)
    for k in range(1, r.integers(4, 12)):
        x += r.uniform(0.2, 1) / k ** r.uniform(0.3, 1.2) * np.sin(k * phase + r.uniform(0, 6))
    bed = coloured(r, n)
    x /= x.std() + 1e-9
    return (r.uniform(0.2, 1) * x + bed / (bed.std() + 1e-9)).astype(np.float32)


def bed(r, n):
    """One continuous noise."""
    kind = r.random()
    return coloured(r, n) if kind < 0.4 else modulated(r, n) if kind < 0.75 else harmonic(r, n)


def ring(r, decay, low, high):
    """One struck object: a few decaying partials in noise."""
    n = int(RATE * decay * 5)
    t = np.arange(n) / RATE
    x = r.uniform(0.1, 1) * white(r, n)
    for _ in range(r.integers(0, 4)):
        x = x + np.sin(2 * np.pi * r.uniform(low, high) * t + r.uniform(0, 6))
    return (x * np.exp(-t / decay)).astype(np.float32)


def strokes(r, n):
    """Keyboard, steps, crockery: similar blows in an uneven rhythm."""
    rate, decay = r.uniform(1.5, 10), r.uniform(0.003, 0.06)
    low = r.uniform(80, 1500)
    bank = [ring(r, decay * r.uniform(0.6, 1.5), low, low * r.uniform(2, 6)) for _ in range(4)]
    x = np.zeros(n, np.float32)
    at = 0
    while at < n:
        hit = bank[r.integers(4)] * np.float32(10 ** (r.normal(0, 4) / 20))
        m = min(len(hit), n - at)
        x[at:at + m] += hit[:m]
        at += int(RATE * r.exponential(1 / rate)) + 200
    return x


def breath(r, n):
    """Noise through one or two vocal-tract-like bands, swelling and fading, unvoiced throughout."""
    x = band(r, white(r, n), r.uniform(200, 1500), r.uniform(2000, 7000))
    if r.random() < 0.5:
        f = r.uniform(500, 2500)
        x = x + 2 * band(r, white(r, n), f, f * 1.5)
    peak = r.uniform(0.2, 0.8)
    t = np.linspace(0, 1, n)
    return (x * np.minimum(t / peak, (1 - t) / (1 - peak)) ** r.uniform(0.5, 2)).astype(np.float32)


def tone(r, n):
    """Beep, chirp, vibrato, two-tone bell or short melody with harmonics."""
    t = np.arange(n) / RATE
    f, kind = r.uniform(150, 3500), r.random()
    if kind < 0.3:
        freq = np.full(n, f)
    elif kind < 0.5:
        freq = np.linspace(f, r.uniform(150, 3500), n)
    elif kind < 0.7:
        freq = f * (1 + r.uniform(0.01, 0.3) * np.sin(2 * np.pi * r.uniform(1, 8) * t))
    else:
        notes = 220 * 2 ** (r.integers(0, 30, 2 + int(n / RATE * r.uniform(2, 7))) / 12)
        freq = notes[(t / t[-1] * (len(notes) - 1e-6)).astype(int)]
    phase = 2 * np.pi * np.cumsum(freq) / RATE
    x = sum(r.uniform(0, 1) ** k * np.sin((k + 1) * phase) for k in range(r.integers(1, 5)))
    edge = np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / 160)
    return (x * edge).astype(np.float32)


def event(r):
    """A short negative of 0.02 to 2 s."""
    kind = r.random()
    if kind < 0.3:
        return strokes(r, int(RATE * r.uniform(0.3, 2)))
    if kind < 0.45:
        return ring(r, r.uniform(0.004, 0.1), r.uniform(80, 2000), 6000)
    if kind < 0.75:
        return breath(r, int(RATE * r.uniform(0.1, 0.9)))
    if kind < 0.9:
        return tone(r, int(RATE * r.uniform(0.08, 1.2)))
    return modulated(r, int(RATE * r.uniform(0.1, 1.0)))
