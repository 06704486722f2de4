"""Batches mixed ahead of the training loop in worker processes.

A batch is a function of its step alone, so neither the number of workers nor their timing changes
what the models hear. The workers are forked: start them before the first use of a GPU.
"""
from collections import deque
from multiprocessing import get_context

_make = None


def _call(step):
    return _make(step)


class Ahead:
    """`make(step)` for steps first..last-1, in order; with no workers made on demand, here."""

    def __init__(self, make, first, last, workers):
        global _make
        self.make, self.next, self.last, self.coming = make, first, last, deque()
        _make = make  # inherited by the fork: the clips are shared memory, never sent
        self.pool = get_context("fork").Pool(workers) if workers else None
        # Three a worker: long batches and dev checks then leave no worker idle.
        self.depth = 3 * workers

    def get(self, step):
        """The batch of `step`, which must be the one after the last asked for."""
        if not self.pool:
            return self.make(step)
        while self.next < self.last and len(self.coming) < self.depth:
            self.coming.append(self.pool.apply_async(_call, (self.next,)))
            self.next += 1
        return self.coming.popleft().get()

    def close(self):
        """Ends the workers."""
        if self.pool:
            self.pool.terminate()
