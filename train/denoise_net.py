"""The denoiser: spectra, running level, stack, gain and short deep filter, and back to samples.

Everything a reader needs to run it elsewhere is in FRONTEND and heads(), which go into config.json.
B batch, T hops of 10 ms, K = 161 bins, R bins with phase in the input, S bins with a filter of 3 taps.
"""
from dataclasses import replace
import torch
from cells import Shape
from nets import Stack

RATE, HOP, WIN, BINS = 16000, 160, 320, 161
KEEP, LEVEL_FLOOR, POWER_FLOOR, SQUEEZE, SPAN = 0.99, 1e-7, 1e-6, 0.3, 2.0
TAPS = 3
FRONTEND = {
    "type": "level-spectrum", "sample_rate": RATE, "hop": HOP, "window_length": WIN, "window": "sqrt-hann-periodic",
    "fft": WIN, "bins": BINS, "level_keep": KEEP, "level_floor": LEVEL_FLOOR, "power_floor": POWER_FLOOR,
    "compression": SQUEEZE,
}
FULL = Shape(width=112, layers=4, expand=2, state=32, head_dim=32, att_heads=4, att_dim=28, window=100, mlp=112)
SMALL = Shape(width=48, layers=3, expand=2, state=16, head_dim=16, att_heads=4, att_dim=12, window=64, mlp=50)
PHASE = {"full": 80, "small": 32}
FILTER = {"full": 64, "small": 32}
SIZES = {name: replace(shape, inputs=BINS + 2 * PHASE[name], outputs=BINS + 2 * TAPS * FILTER[name] + 1)
         for name, shape in (("full", FULL), ("small", SMALL))}


def heads(size):
    """Ranges of the head's outputs, all through a sigmoid."""
    s = FILTER[size]
    return {"gain": [0, BINS], "filter_re": [BINS, BINS + TAPS * s], "filter_im": [BINS + TAPS * s, BINS + 2 * TAPS * s],
            "speech": [BINS + 2 * TAPS * s, BINS + 2 * TAPS * s + 1], "filter_taps": TAPS, "filter_bins": s,
            "filter_order": "tap-major, tap 0 is the present hop", "filter_value": "2 * span * sigmoid(z) - span",
            "span": SPAN}


def window(device, dtype=torch.float32):
    """Square root of the periodic Hann window: analysis and synthesis together give 1 at half overlap."""
    n = torch.arange(WIN, dtype=torch.float64, device=device)
    return (0.5 - 0.5 * torch.cos(2 * torch.pi * n / WIN)).sqrt().to(dtype)


def analyse(audio):
    """Samples [B, n] -> spectra [B, n // 160, 161]; hop t sees samples [(t - 1) * 160, (t + 1) * 160)."""
    hops = audio.shape[1] // HOP
    padded = torch.nn.functional.pad(audio[:, :hops * HOP], (HOP, 0))
    return torch.fft.rfft(padded.unfold(1, WIN, HOP) * window(audio.device, audio.dtype))


def synthesise(spectra):
    """Spectra [B, T, 161] -> samples [B, (T - 1) * 160]: hop t completes the samples of hop t - 1."""
    frames = torch.fft.irfft(spectra, WIN) * window(spectra.device, spectra.real.dtype)
    return (frames[:, 1:, :HOP] + frames[:, :-1, HOP:]).flatten(1)


_MATRIX = {}


def running_level(power):
    """Mean power of each hop [B, T] -> its running mean, m_t / c_t with
    m_t = .99 m + .01 power, c_t = .99 c + .01, both from 0; at least the floor."""
    hops = power.shape[1]
    if hops > 4096:  # the recurrence itself: the matrix would be large
        from scipy.signal import lfilter
        one = lambda x: lfilter([1 - KEEP], [1, -KEEP], x.detach().cpu().double().numpy())
        level = one(power) / one(torch.ones(hops))
        return torch.from_numpy(level).to(power) + LEVEL_FLOOR
    key = (hops, power.device, power.dtype)
    if key not in _MATRIX:
        t = torch.arange(hops, dtype=torch.float64, device=power.device)
        gap = t[:, None] - t
        decay = torch.where(gap >= 0, (1 - KEEP) * KEEP ** gap.clamp_min(0), 0.0)
        _MATRIX[key] = (decay / decay.sum(1, keepdim=True)).to(power.dtype).T.contiguous()
    return power @ _MATRIX[key] + LEVEL_FLOOR


def features(spectra, phase=BINS):
    """Spectra [B, T, 161] -> rows [B, T, 161 + 2R]: ln(|x|^2 + floor), re and im of x |x|^-0.7 of the R lowest
    bins, where x is the spectrum over the square root of the running level."""
    re, im = torch.view_as_real(spectra).unbind(-1)
    power = re.square() + im.square()
    level = running_level(power.mean(-1))[..., None]
    power = power / level + POWER_FLOOR
    squeeze = (power ** ((SQUEEZE - 1) / 2) * level.rsqrt())[..., :phase]
    return torch.cat([power.log(), re[..., :phase] * squeeze, im[..., :phase] * squeeze], -1)


def apply(spectra, logits, s):
    """Gain, and filter of the `s` lowest bins: spectra [B, T, 161], logits [B, T, out] -> cleaned spectra [B, T, 161]."""
    re, im = torch.view_as_real(spectra).unbind(-1)
    b, t = len(re), re.shape[1]
    gain = logits[..., :BINS].sigmoid()
    taps = (2 * SPAN) * logits[..., BINS:BINS + 2 * TAPS * s].sigmoid() - SPAN
    a, c = taps.view(b, t, 2, TAPS, s).unbind(2)
    past = lambda x: torch.stack([torch.nn.functional.pad(x[:, :t - j, :s], (0, 0, j, 0)) for j in range(TAPS)], 2)
    x, y = past(re), past(im)
    pad = lambda v: torch.nn.functional.pad(v, (0, BINS - s))
    return torch.complex(gain * re + pad((a * x - c * y).sum(2)), gain * im + pad((a * y + c * x).sum(2)))


class Denoise(Stack):
    """A stack with the denoiser's ends. `mean` and `std` normalise the rows in training; export folds them."""

    def __init__(self, cell, size):
        super().__init__(cell, SIZES[size])
        self.size = size
        with torch.no_grad():
            # Begin near "let everything through, filter nothing".
            self.head.weight *= 0.5
            self.head.bias.zero_()
            self.head.bias[:BINS] = 1.0
        self.register_buffer("mean", torch.zeros(self.shape.inputs))
        self.register_buffer("std", torch.ones(self.shape.inputs))

    def rows(self, wide):
        """The rows of this size from those with phase in every bin."""
        r = PHASE[self.size]
        if r == BINS:
            return wide
        return torch.cat([wide[..., :BINS + r], wide[..., 2 * BINS:2 * BINS + r]], -1)

    def logits(self, rows):
        return Stack.forward(self, (rows - self.mean) / self.std)

    def clean(self, spectra, wide=None):
        """Spectra -> (cleaned spectra, speech logits [B, T])."""
        logits = self.logits(self.rows(features(spectra) if wide is None else wide))
        return apply(spectra, logits, FILTER[self.size]), logits[..., -1]

    def enhance(self, audio):
        """Samples [B, n] -> (cleaned samples [B, n - 160] in step with the input, speech logits)."""
        spectra, speech = self.clean(analyse(audio))
        return synthesise(spectra), speech
