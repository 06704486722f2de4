"""What running speech looks like to a keyword model's embedding: made after training, for enrolment (export.py --corpus).

The embedding is turned so that running speech has mean 0 and covariance 1 in it: a cosine to a word's prototype then is a
distance from other speech, whatever direction the net uses most (unheard words: a fourth of the misses at equal alarms).
And a set of the ways that running speech takes through it, for thresholds.
"""
import numpy as np
import torch
from corpus import RATE
from features import features

SPAN, SHRINK, WAYS, PIECE = 12, 0.03, 1024, 20 * RATE
LAGS = (0, 15, 30)  # hops: a word is where the embedding stands now, 150 and 300 ms ago
EVERY = 4  # of the pieces: half an hour, of all voices, says as much as two


@torch.no_grad()
def rows_of(net, aside, found):
    """Means of SPAN rows of the embedding [n, 3, 64], now and LAGS ago, where other speech of the training part is loud."""
    audio, parts = found["other.train.audio"], []
    for at in range(0, len(audio) - PIECE, EVERY * PIECE):
        rows = torch.from_numpy(features(audio[at:at + PIECE].astype(np.float32) / 32768))
        y = torch.nn.functional.linear(net.trunk(rows[None])[0], aside["embedding.weight"], aside["embedding.bias"])
        means = torch.nn.functional.avg_pool1d(y.T[None], SPAN, 1)[0].T
        first = max(LAGS)
        loud = rows.mean(1)[SPAN - 1 + first:]
        ways = torch.stack([means[first - lag:len(means) - lag] for lag in LAGS], 1)
        parts.append(ways[loud > loud.max() - 5][::3])
    return torch.cat(parts).double()


def directions(rows, count, seed=1):
    """Centres [count, width] of unit rows by cosine, five rounds."""
    g = torch.Generator().manual_seed(seed)
    centres = rows[torch.randperm(len(rows), generator=g)[:count]]
    for _ in range(5):
        nearest = torch.cat([(part @ centres.T).argmax(1) for part in rows.split(4096)])
        total = torch.zeros_like(centres).index_add(0, nearest, rows)
        centres = torch.where(total.norm(dim=1, keepdim=True) > 0, total, centres)
        centres = centres / centres.norm(dim=1, keepdim=True)
    return centres


def whitened(net, aside, found):
    """`embedding.weight`, `embedding.bias` after whitening, and `background` [WAYS, 3 * width] in half precision: a unit
    vector for each lag, all of them of length 1."""
    ways = rows_of(net, aside, found)
    rows = ways[:, 0]
    mean, cov = rows.mean(0), rows.T.cov()
    cov = (1 - SHRINK) * cov + SHRINK * cov.trace() / len(cov) * torch.eye(len(cov))
    values, vectors = torch.linalg.eigh(cov)
    turn = vectors * values.rsqrt() @ vectors.T
    some = ways[torch.randperm(len(ways), generator=torch.Generator().manual_seed(2))[:30000]]
    some = torch.nn.functional.normalize((some - mean) @ turn, dim=2).flatten(1) / len(LAGS) ** 0.5
    return {"embedding.weight": (turn @ aside["embedding.weight"].double()).float(),
            "embedding.bias": (turn @ (aside["embedding.bias"].double() - mean)).float(),
            "background": directions(some.float(), min(WAYS, len(some))).half()}
