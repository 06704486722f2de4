"""What a denoised recording is judged by in training, and the figures of the development split.

All distances are taken after both signals are divided by the active level of the target (of the mixture where nobody
speaks), so that a quiet scene counts as much as a loud one. e: estimate, t: target, both [B, n].
"""
from dataclasses import dataclass
import numpy as np
import torch
import torch.nn.functional as F
import loudness
from features import mel_filters

RATE, HOP = 16000, 160
RESOLUTIONS = ((256, 128), (512, 256), (1024, 512))
SEGMENT, FIRST_BAND, BANDS = 30, 150.0, 15


@dataclass(frozen=True)
class Weights:
    magnitude: float = 10.0
    complex: float = 5.0
    suppressed: float = 5.0    # more, where the estimate lacks what the target has
    wave: float = 0.1          # a dB of signal to error
    envelope: float = 2.0      # 1 - STOI's correlation
    mel: float = 0.15          # nepers of mel-band power
    loudness: float = 1.2      # points of audible disturbance
    speech: float = 0.3


def spectrum(x, size, hop):
    """Real and imaginary parts [B, bins, frames] with a Hann window of power 1."""
    w = torch.hann_window(size, device=x.device)
    w = w / w.square().sum().sqrt()
    return torch.view_as_real(torch.stft(x, size, hop, window=w, return_complex=True)).unbind(-1)


def squeezed(re, im):
    """Magnitude^0.3, and the spectrum scaled to that magnitude."""
    power = re.square() + im.square() + 1e-9
    size = power ** 0.15
    scale = power ** -0.35
    return size, re * scale, im * scale


def third_octaves(device):
    """STOI's 15 bands from 150 Hz as rows of ones over the bins of 512 points: [15, 257]."""
    f = np.arange(257) * RATE / 512
    mid = FIRST_BAND * 2 ** (np.arange(BANDS) / 3)
    rows = (f >= mid[:, None] * 2 ** (-1 / 6)) & (f < mid[:, None] * 2 ** (1 / 6))
    return torch.tensor(rows, dtype=torch.float32, device=device)


_TABLE = {}


def tables(device):
    if device not in _TABLE:
        _TABLE[device] = (third_octaves(device), torch.tensor(mel_filters().T, dtype=torch.float32, device=device))
    return _TABLE[device]


def bands(x):
    """Band envelopes as STOI has them [B, 15, T] and log mel powers [B, 40, T], 25 ms windows every 12.5 ms."""
    w = torch.hann_window(400, device=x.device)
    w = w / w.square().sum().sqrt()
    re, im = torch.view_as_real(torch.stft(x, 512, 200, 400, window=w, return_complex=True)).unbind(-1)
    power = re.square() + im.square()
    octave, mel = tables(x.device)
    return (octave @ power + 1e-10).sqrt(), (mel @ power / mel.sum(1)[:, None] + 1e-4).log()


def correlation(e, t):
    """STOI's mean correlation over 375 ms pieces [B]; pieces where the target is 40 dB below its best do not count."""
    te, ee = t.unfold(2, SEGMENT, 2), e.unfold(2, SEGMENT, 2)
    norm = lambda v: v.norm(dim=-1, keepdim=True)
    ee = torch.minimum(ee * (norm(te) / (norm(ee) + 1e-6)), te * (1 + 10 ** 0.75))
    te, ee = te - te.mean(-1, keepdim=True), ee - ee.mean(-1, keepdim=True)
    r = (te * ee).sum(-1) / (norm(te) * norm(ee) + 1e-6)[..., 0]
    loud = t.square().sum(1).unfold(1, SEGMENT, 2).mean(-1)
    count = (loud > 1e-4 * loud.amax(1, keepdim=True).clamp_min(1e-6)).float()
    return (r.mean(1) * count).sum(1) / count.sum(1).clamp_min(1)


def prepare(mix, target, codes, snr):
    """What the losses need of the target, computed once for all models: a dict of tensors."""
    speaks = (codes == 1).any(1) & (target.square().sum(1) > 0)
    on = (codes == 1).float()[..., None]
    heard = target[:, :codes.shape[1] * HOP].unflatten(1, (-1, HOP)).square()
    level = torch.where(speaks, (heard * on).sum((1, 2)) / (on.sum((1, 2)) * HOP).clamp_min(1),
                        mix.square().mean(1)).clamp_min(1e-10).rsqrt()[:, None]
    t = target[:, :-HOP] * level
    found = {"level": level, "t": t, "speaks": speaks.float(), "on": (codes > 0).float(),
             # A pause of less than 200 ms counts a quarter: labels of listeners go through it.
             "heed": torch.where(codes == 2, 0.25, 1.0)}
    for i, (size, hop) in enumerate(RESOLUTIONS):
        found[f"size{i}"], found[f"re{i}"], found[f"im{i}"] = squeezed(*spectrum(t, size, hop))
    found["octave"], found["mel"] = bands(t)
    found["powers"] = loudness.powers(t)
    return found


def spectral(e_re, e_im, size, re, im, w_size, w_complex, w_less):
    es, er, ei = squeezed(e_re, e_im)
    gap = size - es
    return (w_size * gap.square() + w_complex * ((er - re).square() + (ei - im).square())
            + w_less * F.relu(gap).square()).mean((1, 2))


def error_db(e, t, cap=-35.0):
    """10 log10 of error power over target power, softly bounded below: [B]."""
    ratio = (e - t).square().sum(1) / t.square().sum(1).clamp_min(1e-6)
    return 10 * torch.log10(ratio + 10 ** (cap / 10))


def loss(estimate, logits, p, w=Weights()):
    """estimate [B, n - 160] at the input's level, speech logits [B, T], prepare()'s dict -> scalar."""
    e = estimate * p["level"]
    total = 0.0
    for i, (size, hop) in enumerate(RESOLUTIONS):
        total = total + spectral(*spectrum(e, size, hop), p[f"size{i}"], p[f"re{i}"], p[f"im{i}"],
                                 w.magnitude, w.complex, w.suppressed) / len(RESOLUTIONS)
    octave, mel = bands(e)
    total = total + w.mel * (mel - p["mel"]).abs().mean((1, 2))
    total = total + w.loudness * loudness.disturbance(loudness.powers(e), p["powers"])
    talk = w.wave * error_db(e, p["t"]).clamp(max=10) + w.envelope * (1 - correlation(octave, p["octave"]))
    total = total + p["speaks"] * talk
    speech = F.binary_cross_entropy_with_logits(logits, p["on"], weight=p["heed"])
    return total.mean() + w.speech * speech


def si_sdr(e, t):
    """Scale-invariant signal to distortion ratio in dB [B]."""
    e, t = e - e.mean(1, keepdim=True), t - t.mean(1, keepdim=True)
    part = (e * t).sum(1, keepdim=True) / t.square().sum(1, keepdim=True).clamp_min(1e-12) * t
    return 10 * torch.log10(part.square().sum(1) / (e - part).square().sum(1).clamp_min(1e-12))
