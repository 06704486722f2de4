"""How loud what is wrong sounds: a differentiable disturbance after the model of P.862 (PESQ), not its score.

Band powers of 32 ms frames become specific loudness (Zwicker and Fastl, Psychoacoustics, section 8.7: sone a Bark over
the threshold in quiet); of the differences what is masked goes off, what was added counts more than what is missing, and
loud frames a little less (Rix et al., ICASSP 2001; as a loss of frames: Martin-Donas et al., IEEE SPL 25(11), 2018).
Bands and thresholds come from the formulas of Traunmueller (1990) and Terhardt (1979), not from the standard's tables.
"""
import numpy as np
import torch

RATE, SIZE, BANDS = 16000, 512, 44
LEVEL_DB = 79.0      # of a signal of power 1, the listening level of P.862
POWER = 0.23         # Zwicker's exponent
ASYMMETRY, FLOOR, LEAST, MOST = 1.2, 50.0, 3.0, 12.0
_TABLE = {}


def tables():
    """Bands of equal width in Bark from 90 to 7800 Hz: membership [BANDS, 257], thresholds as powers, width in Bark."""
    bark = lambda f: 26.81 * f / (1960 + f) - 0.53
    edges = np.linspace(bark(90), bark(7800), BANDS + 1)
    f = np.arange(SIZE // 2 + 1) * RATE / SIZE
    fine = np.linspace(-0.5, 0.5, 32, endpoint=False) * RATE / SIZE
    place = np.searchsorted(edges, bark(np.maximum(f[:, None] + fine, 1)), side="right") - 1
    # A bin that lies across an edge is shared: low bands are narrower than a bin.
    rows = np.stack([(place == b).mean(1) for b in range(BANDS)])
    z = (edges[1:] + edges[:-1]) / 2
    khz = 1.96 * (z + 0.53) / (26.28 - z)
    quiet = 3.64 * khz ** -0.8 - 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz ** 4
    return rows, 10 ** (quiet / 10), edges[1] - edges[0]


def powers(x):
    """Samples [B, n] of power about 1 -> band powers over 0 dB SPL [B, BANDS, T], Hann windows, half overlap."""
    if x.device not in _TABLE:
        rows, quiet, width = tables()
        as_tensor = lambda v: torch.tensor(v, dtype=torch.float32, device=x.device)
        _TABLE[x.device] = (as_tensor(rows), as_tensor(quiet)[:, None], width)
    w = torch.hann_window(SIZE, device=x.device)
    re, im = torch.view_as_real(torch.stft(x, SIZE, SIZE // 2, window=w, return_complex=True)).unbind(-1)
    scale = 10 ** (LEVEL_DB / 10) * 2 / (SIZE * 0.375 * SIZE)  # 3/8: the window's mean square
    return _TABLE[x.device][0] @ (re.square() + im.square()) * scale


def loudness(power):
    """Band powers [B, BANDS, T] -> sone a Bark."""
    _, quiet, _ = _TABLE[power.device]
    return 0.08 * quiet ** POWER * ((0.5 + 0.5 * power / quiet) ** POWER - 1).clamp_min(0)


def disturbance(e, t):
    """Band powers of estimate and target [B, BANDS, T] -> disturbance [B], in points of P.862's scale, roughly."""
    width = _TABLE[t.device][2]
    total = t.sum(1, keepdim=True)
    e = e * ((total + 5e3) / (e.sum(1, keepdim=True) + 5e3)).clamp(3e-4, 5)
    le, lt = loudness(e), loudness(t)
    heard = ((le - lt).abs() - 0.25 * torch.minimum(le, lt)).clamp_min(0)
    added = ((e + FLOOR) / (t + FLOOR)) ** ASYMMETRY
    added = torch.where(added < LEAST, 0.0, added.clamp(max=MOST))
    calm = ((total[:, 0] + 1e5) / 1e7) ** 0.04
    both = ((heard * width).square().sum(1) + 1e-6).sqrt() / calm
    more = (heard * added * width).sum(1) / calm
    return (0.1 * both.clamp(max=45) + 0.0309 * more.clamp(max=45)).mean(1)
