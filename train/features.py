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


def mel_edges():
    """Where the triangles begin, stand highest and end, Hz: float64 [42]."""
    top = lambda f: 2595.0 * np.log10(1.0 + f / 700.0)
    mels = np.linspace(top(FRONTEND["f_min"]), top(FRONTEND["f_max"]), FRONTEND["mels"] + 2)
    return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)


def mel_filters():
    """Triangular filters evaluated at the bin frequencies, not area-normalised: float64 [257, 40]."""
    edges = mel_edges()
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
    window, mel, _ = constants(audio.device)
    re, im = torch.view_as_real(torch.fft.rfft(padded.unfold(1, WIN, HOP) * window, FFT)).unbind(-1)
    return ((re.square() + im.square()) @ mel + FRONTEND["log_floor"]).log()


_TORCH = {}


def constants(device):
    """Window, filters and their edges on a device, made once: no copy from the host inside a CUDA graph."""
    import torch
    if device not in _TORCH:
        _TORCH[device] = [torch.from_numpy(v.astype(np.float32)).to(device) for v in (hann(), mel_filters(), mel_edges())]
    return _TORCH[device]


def warped_filters(warp):
    """Mel filters [n, 257, 40] whose edges are moved by `warp` [n] up to 4.8 kHz and less above, as if by a vocal tract of
    another length (Jaitly and Hinton, "Vocal Tract Length Perturbation", ICML workshop 2013)."""
    import torch
    edges = constants(warp.device)[2]
    warp, half = warp[:, None], RATE / 2
    knee = 4800 * warp.clamp(max=1)
    moved = torch.where(edges <= knee / warp, edges * warp, half - (half - knee) / (half - knee / warp) * (half - edges))
    f = torch.arange(BINS, device=warp.device) * (RATE / FFT)
    lo, mid, hi = (moved[:, None, k:k + FRONTEND["mels"]] for k in range(3))
    up, down = (f[:, None] - lo) / (mid - lo), (hi - f[:, None]) / (hi - mid)
    return up.minimum(down).clamp_min(0)


def features_varied(audio, rows, hop, warp, shape):
    """Rows [n, rows, 40] of audio [n, length] at another pace (hop [n] samples apart instead of 160), with formants moved by
    warp [n] and the spectrum's power times shape [n, 257]. rows * max(hop) <= length."""
    import torch
    window = constants(audio.device)[0]
    at = (torch.arange(1, rows + 1, device=audio.device) * hop[:, None])[..., None] + torch.arange(WIN, device=audio.device)
    padded = torch.nn.functional.pad(audio, (WIN, 0))
    frames = padded.gather(1, at.flatten(1)).view(at.shape)
    re, im = torch.view_as_real(torch.fft.rfft(frames * window, FFT)).unbind(-1)
    power = (re.square() + im.square()) * shape[:, None]
    return (power @ warped_filters(warp) + FRONTEND["log_floor"]).log()
