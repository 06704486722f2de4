"""Other projects' streaming denoisers and speech detector, driven as their authors do, from their ONNX files.

Every denoiser: samples [n] at 16 kHz -> cleaned samples [n] in step with the input.
"""
import numpy as np
from metrics import session


def spectral(path, states):
    """GTCRN and UL-UNAS: STFT 512 / 256 with a square-root Hann window, one frame a call, caches carried."""
    net = session(path)
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512))
    names = [o.name for o in net.get_outputs()]

    def run(x):
        padded = np.concatenate([np.zeros(256), x, np.zeros(512)])
        caches = {name: np.zeros(shape, np.float32) for name, shape in states.items()}
        out = np.zeros(len(padded) + 512)
        for at in range(0, len(padded) - 511, 256):
            s = np.fft.rfft(padded[at:at + 512] * window)
            mix = np.stack([s.real, s.imag], -1)[None, :, None].astype(np.float32)
            found = dict(zip(names, net.run(None, {"mix": mix, **caches})))
            caches = {k: next(v for n, v in found.items() if n.startswith(k)) for k in caches}
            enh = found[names[0]][0, :, 0]
            out[at:at + 512] += np.fft.irfft(enh[:, 0] + 1j * enh[:, 1]) * window
        return out[256:256 + len(x)]
    return run


def gtcrn(folder):
    return spectral(folder / "gtcrn_simple.onnx", {"conv_cache": (2, 1, 16, 16, 33), "tra_cache": (2, 3, 1, 1, 16),
                                                   "inter_cache": (2, 1, 33, 16)})


def ulunas(folder):
    return spectral(folder / "ulunas_stream_simple.onnx", {"conv_cache": (1, 5358), "tfa_cache": (1, 402),
                                                           "inter_cache": (1, 1056)})


def dtln(folder):
    """Blocks of 512, 128 apart, no window; the oldest 128 samples of the overlap-add are done."""
    one, two = session(folder / "dtln_1.onnx"), session(folder / "dtln_2.onnx")

    def run(x):
        x = np.concatenate([x, np.zeros(1024)]).astype(np.float32)
        a = b = np.zeros((1, 2, 128, 2), np.float32)
        block, sums, out = np.zeros(512, np.float32), np.zeros(512, np.float32), []
        for at in range(0, len(x) - 127, 128):
            block = np.concatenate([block[128:], x[at:at + 128]])
            s = np.fft.rfft(block)
            size = np.abs(s)[None, None].astype(np.float32)
            mask, a = one.run(None, {"input_2": size, "input_3": a})
            y = np.fft.irfft(s * mask[0, 0]).astype(np.float32)
            y, b = two.run(None, {"input_4": y[None, None], "input_5": b})
            sums = np.concatenate([sums[128:], np.zeros(128, np.float32)]) + y[0, 0]
            out.append(sums[:128])
        return np.concatenate(out)[384:384 + len(x) - 1024]
    return run


def silero(path):
    """Speech probabilities every 10 ms [n // 160]: those of the 32 ms hop that holds the middle of the 10 ms."""
    net = session(path)

    def run(x):
        state, before, found = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
        x = np.concatenate([x, np.zeros(512)]).astype(np.float32)
        for at in range(0, len(x) - 511, 512):
            row = np.concatenate([before, x[at:at + 512]])
            p, state = net.run(None, {"input": row[None], "state": state, "sr": np.array(16000, np.int64)})
            found.append(float(p[0, 0]))
            before = row[-64:]
        hops = (len(x) - 512) // 160
        return np.array(found)[((np.arange(hops) * 160 + 80) // 512)]
    return run
