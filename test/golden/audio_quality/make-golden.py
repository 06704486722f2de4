"""Golden numbers for src/app/quality: numpy 2.4.6, scipy 1.17.1; `python3 make-golden.py > golden.json`.

Written from the papers, apart from the TypeScript: scipy's polyphase resampler, numpy's FFT, third-octave bands as a matrix,
correlations by np.corrcoef. The signals are the test's own, from integers and float64 alone.
"""
import json
import numpy as np
from scipy.signal import resample_poly

RATE = 16000


def noise(seed, rows):
    out = np.empty(rows)
    for i in range(rows):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = (seed - (1 << 32) if seed >= 1 << 31 else seed) / 2**32
    return out


def signals(rows=3 * RATE):
    """Low-passed noise in syllables of 200 ms with half a second of silence, and the same with noise on it."""
    clean, low = np.empty(rows), 0.0
    white = noise(1, rows)
    for i in range(rows):
        low = 0.75 * low + white[i]
        phase = (i % 3200) / 3200
        clean[i] = 0.0 if 16000 <= i < 24000 else low * min(phase, 1 - phase)
    clean = clean.astype(np.float32)
    noisy = (clean.astype(np.float64) + 0.25 * noise(2, rows)).astype(np.float32)
    return clean.astype(np.float64), noisy.astype(np.float64)


def si_sdr(s, e):
    target = (e @ s) / (s @ s) * s
    return 10 * np.log10((target @ target) / ((target - e) @ (target - e)))


def lsd(s, e, size=512, hop=256):
    window = np.hanning(size + 1)[:-1]
    def spectra(x):
        frames = np.lib.stride_tricks.sliding_window_view(x, size)[::hop] * window
        return 20 * np.log10(np.abs(np.fft.rfft(frames)) + 1e-300)
    a, b = spectra(s), spectra(e)
    floor = a.max() - 50
    return np.sqrt(((np.maximum(a, floor) - np.maximum(b, floor)) ** 2).mean(axis=1)).mean()


def stoi(s, e):
    p, q = 5, 8  # 10 kHz of 16 kHz
    cutoff = 1 / (2 * q)
    half = int(np.ceil((60 - 8) / (28.714 * cutoff / 10)))
    t = np.arange(-half, half + 1)
    h = np.kaiser(2 * half + 1, 0.1102 * (60 - 8.7)) * np.sinc(2 * cutoff * t)
    x, y = (resample_poly(v, p, q, window=h / h.sum()) for v in (s, e))
    size, hop, w = 256, 128, np.hanning(258)[1:-1]
    starts = range(0, len(x) - size, hop)
    level = np.array([20 * np.log10(np.linalg.norm(w * x[i:i + size]) + np.finfo(float).eps) for i in starts])
    keep = [i for i, l in zip(starts, level) if l > level.max() - 40]
    def packed(v):
        out = np.zeros((len(keep) - 1) * hop + size)
        for n, i in enumerate(keep):
            out[n * hop:n * hop + size] += w * v[i:i + size]
        return out
    x, y = packed(x), packed(y)
    f = np.linspace(0, 10000, 513)[:257]
    bands = np.zeros((15, 257))
    for k in range(15):
        low, high = (np.argmin((f - 150 * 2 ** ((2 * k + side) / 6)) ** 2) for side in (-1, 1))
        bands[k, low:high] = 1
    def tob(v):
        frames = [np.abs(np.fft.rfft(w * v[i:i + size], 512)) ** 2 for i in range(0, len(v) - size, hop)]
        return np.sqrt(bands @ np.array(frames).T)
    x, y = tob(x), tob(y)
    d = []
    for m in range(30, x.shape[1] + 1):
        for k in range(15):
            a, b = x[k, m - 30:m], y[k, m - 30:m]
            b = np.minimum(b * np.linalg.norm(a) / np.linalg.norm(b), a * (1 + 10 ** (15 / 20)))
            d.append(np.corrcoef(a, b)[0, 1])
    return np.mean(d), len(keep)


clean, noisy = signals()
value, frames = stoi(clean, noisy)
print(json.dumps({"siSdr": si_sdr(clean, noisy), "logSpectralDistance": lsd(clean, noisy), "stoi": value,
                  "stoiOfSquared": stoi(clean, np.sign(noisy) * noisy**2)[0], "framesKept": frames}, indent=2))
