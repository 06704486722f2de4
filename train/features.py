"""Log-mel front end, one row per 10 ms, no look-ahead.

The same arithmetic runs in the TypeScript engine; every constant is in FRONTEND and is written to
config.json, so that neither side has numbers of its own.
"""
import numpy as np
import scipy.fft

FRONTEND = {
    "type": "log-mel", "sample_rate": 16000, "hop": 160, "window_length": 400,
    "window": "hann-periodic", "fft": 512, "mels": 40, "mel_scale": "htk",
    "f_min": 20.0, "f_max": 8000.0, "spectrum": "power", "log_floor": 1e-6,
}
RATE, HOP, WIN, FFT = 16000, 160, 400, 512
BINS = FFT // 2 + 1


def hann():
    """Periodic Hann window, float64 [400]."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WIN) / WIN)


def mel_filters():
    """Triangular filters evaluated at the bin frequencies, not area-normalised: float64 [257, 40]."""
    top = lambda f: 2595.0 * np.log10(1.0 + f / 700.0)
    mels = np.linspace(top(FRONTEND["f_min"]), top(FRONTEND["f_max"]), FRONTEND["mels"] + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    f = np.arange(BINS) * RATE / FFT
    lo, mid, hi = edges[:-2], edges[1:-1], edges[2:]
    up = (f[:, None] - lo) / (mid - lo)
    down = (hi - f[:, None]) / (hi - mid)
    return np.maximum(0.0, np.minimum(up, down))


_HANN = {np.float32: hann().astype(np.float32), np.float64: hann()}
_MEL = {np.float32: mel_filters().astype(np.float32), np.float64: mel_filters()}


def features(audio, dtype=np.float32, shape=None):
    """Audio [n] in [-1, 1] -> log-mel rows [n // 160, 40].

    Row k sees samples [(k + 1) * 160 - 400, (k + 1) * 160); those before the start are zero.
    `shape` [257], if given, multiplies the power spectrum: a cheap stand-in for filtering the
    whole mixture in time, used only in training.
    """
    rows = len(audio) // HOP
    padded = np.zeros(rows * HOP + WIN - HOP, dtype)
    padded[WIN - HOP:] = audio[:rows * HOP]
    frames = np.lib.stride_tricks.sliding_window_view(padded, WIN)[::HOP]
    spectrum = scipy.fft.rfft(frames * _HANN[dtype], FFT, axis=1)
    power = spectrum.real ** 2 + spectrum.imag ** 2
    if shape is not None:
        power *= shape.astype(dtype)
    return np.log(power @ _MEL[dtype] + dtype(FRONTEND["log_floor"]))


def features_torch(audio):
    """The same rows for a batch [B, n] of a torch device: [B, n // 160, 40], float32."""
    import torch
    rows = audio.shape[1] // HOP
    padded = torch.nn.functional.pad(audio[:, :rows * HOP], (WIN - HOP, 0))
    key = audio.device
    if key not in _TORCH:
        _TORCH[key] = [torch.from_numpy(v).to(key) for v in (_HANN[np.float32], _MEL[np.float32])]
    window, mel = _TORCH[key]
    re, im = torch.view_as_real(torch.fft.rfft(padded.unfold(1, WIN, HOP) * window, FFT)).unbind(-1)
    return ((re.square() + im.square()) @ mel + FRONTEND["log_floor"]).log()


_TORCH = {}
