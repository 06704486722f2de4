"""Lets the twins split the mixing: each makes a part of the batches and hands them to the other.

A batch is a function of its step, so it does not matter who makes it. Attention, the quicker of
the two on a CPU, makes two of three.
"""
import time
from pathlib import Path
import numpy as np

PATIENCE = 120.0


class Shared:
    """Batches by step, in order from `first`; `make(step)` -> (rows, labels)."""

    def __init__(self, folder, cell, make, first):
        self.folder, self.cell, self.make = Path(folder), cell, make
        self.folder.mkdir(parents=True, exist_ok=True)
        self.made, self.ahead = {}, first
        self.work(first)

    def mine(self, step):
        """Whether this process makes the batch of `step`."""
        return (step % 3 == 0) == (self.cell == "ssm")

    def work(self, step):
        """Makes own batches up to three steps ahead, so that the twin seldom waits."""
        while self.ahead <= step + 3:
            if self.mine(self.ahead):
                batch = self.make(self.ahead)
                part = self.folder / f"{self.ahead}.{self.cell}.part"
                with open(part, "wb") as f:
                    np.savez(f, rows=batch[0], labels=batch[1])
                part.rename(self.folder / f"{self.ahead}.npz")
                self.made[self.ahead] = batch
            self.ahead += 1

    def get(self, step):
        """(rows, labels) of `step`; a batch the twin does not bring in time is made here."""
        self.work(step)
        if self.mine(step):
            return self.made.pop(step)
        path, until = self.folder / f"{step}.npz", time.time() + PATIENCE
        while not path.exists():
            if time.time() > until:
                return self.make(step)
            time.sleep(0.02)
        with np.load(path) as batch:
            rows, labels = batch["rows"], batch["labels"]
        path.unlink()
        return rows, labels
