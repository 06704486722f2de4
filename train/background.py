"""What running speech looks like to a keyword model's embedding: made after training, for enrolment (export.py --corpus).

The embedding is turned so that running speech has mean 0 and covariance 1 in it: a cosine to a word's prototype then is a
distance from other speech, whatever direction the net uses most (unheard words: a fourth of the misses at equal alarms).
And a set of directions that running speech takes, for thresholds.
"""
import numpy as np
import torch
from corpus import RATE
from features import features

SPAN, SHRINK, DIRECTIONS, PIECE = 12, 0.03, 2048, 20 * RATE


@torch.no_grad()
def rows_of(net, aside, found):
    """Means of SPAN rows of the embedding [n, 64] where other speech of the training part is loud, and their order in time."""
    audio, parts = found["other.train.audio"], []
    for at in range(0, len(audio) - PIECE, PIECE):
        rows = torch.from_numpy(features(audio[at:at + PIECE].astype(np.float32) / 32768))
        y = torch.nn.functional.linear(net.trunk(rows[None])[0], aside["embedding.weight"], aside["embedding.bias"])
        means = torch.nn.functional.avg_pool1d(y.T[None], SPAN, 1)[0].T
        loud = rows.mean(1)[SPAN - 1:]
        parts.append(means[loud > loud.max() - 5][::3])
    return torch.cat(parts).double()


def directions(rows, count, seed=1):
    """Centres [count, width] of unit rows by cosine, five rounds."""
    rows = rows / rows.norm(dim=1, keepdim=True)
    g = torch.Generator().manual_seed(seed)
    centres = rows[torch.randperm(len(rows), generator=g)[:count]]
    for _ in range(5):
        nearest = torch.cat([(part @ centres.T).argmax(1) for part in rows.split(4096)])
        total = torch.zeros_like(centres).index_add(0, nearest, rows)
        centres = torch.where(total.norm(dim=1, keepdim=True) > 0, total, centres)
        centres = centres / centres.norm(dim=1, keepdim=True)
    return centres


def whitened(net, aside, found):
    """`embedding.weight`, `embedding.bias` after whitening, and `background` [DIRECTIONS, width] in half precision."""
    rows = rows_of(net, aside, found)
    mean, cov = rows.mean(0), rows.T.cov()
    cov = (1 - SHRINK) * cov + SHRINK * cov.trace() / len(cov) * torch.eye(len(cov))
    values, vectors = torch.linalg.eigh(cov)
    turn = vectors * values.rsqrt() @ vectors.T
    some = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(2))[:60000]]
    return {"embedding.weight": (turn @ aside["embedding.weight"].double()).float(),
            "embedding.bias": (turn @ (aside["embedding.bias"].double() - mean)).float(),
            "background": directions((some - mean) @ turn, min(DIRECTIONS, len(some))).half()}
