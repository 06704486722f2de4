"""Figures of a cleaned recording against the clean one, in numpy. All signals 16 kHz mono [n].

STOI: Taal, Hendriks, Heusdens and Jensen, IEEE TASLP 19 (2011). DNSMOS: Reddy, Gopal and Cutler (P.835, ICASSP 2022),
its published network and polynomials.
"""
import numpy as np
from scipy.signal import resample_poly

RATE = 16000


def si_sdr(estimate, clean):
    """Scale-invariant signal to distortion ratio, dB."""
    e, t = estimate - estimate.mean(), clean - clean.mean()
    part = (e @ t) / (t @ t + 1e-12) * t
    return float(10 * np.log10((part @ part) / (np.sum((e - part) ** 2) + 1e-12)))


def frames(x, size, hop):
    return np.lib.stride_tricks.sliding_window_view(x, size)[::hop]


def lsd(estimate, clean):
    """Log-spectral distance, dB: 32 ms Hann, hop 16 ms; powers at least 60 dB below the clean recording's loudest bin."""
    power = lambda x: np.abs(np.fft.rfft(frames(x, 512, 256) * np.hanning(512))) ** 2
    e, t = power(estimate), power(clean)
    floor = t.max() * 1e-6
    gap = 10 * np.log10(np.maximum(e, floor)) - 10 * np.log10(np.maximum(t, floor))
    return float(np.sqrt((gap ** 2).mean(1)).mean())


def _without_silence(clean, other, size=256, hop=128, span=40):
    """Both signals without the frames in which the clean one is more than 40 dB below its loudest."""
    w = np.hanning(size + 2)[1:-1]
    a, b = frames(clean, size, hop) * w, frames(other, size, hop) * w
    level = 20 * np.log10(np.linalg.norm(a, axis=1) + 1e-12)
    keep = level > level.max() - span
    def join(f):
        out = np.zeros((len(f) - 1) * hop + size)
        for i, row in enumerate(f):
            out[i * hop:i * hop + size] += row
        return out
    return join(a[keep]), join(b[keep])


def stoi(estimate, clean):
    """Short-time objective intelligibility, about 0 to 1 (NaN under 30 frames of speech)."""
    clean, estimate = (resample_poly(x, 5, 8) for x in (clean, estimate))
    clean, estimate = _without_silence(clean, estimate)
    w = np.hanning(258)[1:-1]
    f = np.arange(257) * 10000 / 512
    mid = 150 * 2 ** (np.arange(15) / 3)
    low, high = (np.abs(f[:, None] - mid * 2 ** s).argmin(0) for s in (-1 / 6, 1 / 6))
    bins = np.arange(257)
    octave = ((bins >= low[:, None]) & (bins < high[:, None])).astype(float)
    band = lambda x: np.sqrt(octave @ (np.abs(np.fft.rfft(frames(x, 256, 128) * w, 512)) ** 2).T)
    t, e = band(clean), band(estimate)
    if t.shape[1] < 30:
        return float("nan")
    t, e = (np.lib.stride_tricks.sliding_window_view(v, 30, 1) for v in (t, e))
    norm = lambda v: np.linalg.norm(v, axis=-1, keepdims=True)
    e = np.minimum(e * norm(t) / (norm(e) + 1e-15), t * (1 + 10 ** 0.75))
    t, e = t - t.mean(-1, keepdims=True), e - e.mean(-1, keepdims=True)
    return float(((t * e).sum(-1) / (norm(t) * norm(e) + 1e-15)[..., 0]).mean())


class Dnsmos:
    """SIG, BAK and OVRL by the network file."""

    POLYNOMIALS = [np.poly1d(p) for p in ([-0.08397278, 1.22083953, 0.0052439],
                                          [-0.13166888, 1.60915514, -0.39604546],
                                          [-0.06766283, 1.11546468, 0.04602535])]

    def __init__(self, path):
        self.net = session(path)

    def __call__(self, x):
        size = int(9.01 * RATE)
        while len(x) < size:
            x = np.append(x, x)
        starts = range(0, int(np.floor(len(x) / RATE) - 9.01 + 1) * RATE or 1, RATE)
        parts = np.stack([x[s:s + size] for s in starts if s + size <= len(x)]).astype(np.float32)
        raw = self.net.run(None, {"input_1": parts})[0]
        return [float(np.mean(p(raw[:, i]))) for i, p in enumerate(self.POLYNOMIALS)]


def session(path):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
