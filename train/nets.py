"""Stacks with linear ends: the same ends around Mamba-2 or sliding-window attention blocks.

Run this file to check the training form of each cell against its step-by-step form.
"""
from dataclasses import replace
import torch
from torch import nn
from cells import Attention, Gated, Mamba2, RMSNorm, Shape

VAD = Shape()


class SsmBlock(nn.Module):
    """x + mixer(norm(x))."""

    def __init__(self, shape):
        super().__init__()
        self.norm, self.mixer = RMSNorm(shape.width), Mamba2(shape)

    def forward(self, x, first=None):
        y, state = self.mixer(self.norm(x), first=first)
        return x + y, state

    def step(self, x, state):
        y, state = self.mixer.step(self.norm(x), state)
        return x + y, state


class AttentionBlock(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, shape):
        super().__init__()
        self.input_layernorm, self.self_attn = RMSNorm(shape.width), Attention(shape)
        self.post_attention_layernorm, self.mlp = RMSNorm(shape.width), Gated(shape)

    def forward(self, x, first=None):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x)), None

    def step(self, x, state):
        y, state = self.self_attn.step(self.input_layernorm(x), state)
        x = x + y
        return x + self.mlp(self.post_attention_layernorm(x)), state


class Stack(nn.Module):
    """Rows [B,T,in] -> logits [B,T,out]; row t depends on rows 0..t only."""

    def __init__(self, cell, shape):
        super().__init__()
        self.cell, self.shape = cell, shape
        self.embed, self.head = nn.Linear(shape.inputs, shape.width), nn.Linear(shape.width, shape.outputs)
        body = nn.Module()
        block, norm = (SsmBlock, "norm_f") if cell == "ssm" else (AttentionBlock, "norm")
        body.layers = nn.ModuleList(block(shape) for _ in range(shape.layers))
        setattr(body, norm, RMSNorm(shape.width))
        # The checkpoint names of the two families: backbone.layers / norm_f, model.layers / norm.
        self.add_module("backbone" if cell == "ssm" else "model", body)

    def body(self):
        return self.backbone if self.cell == "ssm" else self.model

    def last(self, x):
        return self.backbone.norm_f(x) if self.cell == "ssm" else self.model.norm(x)

    def forward(self, rows, states=False):
        x, kept = self.embed(rows), []
        for layer in self.body().layers:
            x, state = layer(x)
            kept.append(state)
        logits = self.head(self.last(x))
        return (logits, kept) if states else logits

    def trunk(self, rows, first=None):
        """Rows [B,T,in] -> what goes into the head [B,T,width]. With `first`, a list of a state a layer to begin with (ssm):
        that, and the states after the last row."""
        x, kept = self.embed(rows), []
        for layer, state in zip(self.body().layers, first or [None] * self.shape.layers):
            x, state = layer(x, first=state)
            kept.append(state)
        return self.last(x) if first is None else (self.last(x), kept)

    def start(self, size, dtype=torch.float32):
        """Empty states of `size` streams, one a layer."""
        if self.cell == "ssm":
            return [layer.mixer.start(size, dtype) for layer in self.body().layers]
        none = lambda: torch.zeros(size, self.shape.att_heads, 0, self.shape.att_dim, dtype=dtype)
        return [{"k": none(), "v": none(), "position": 0} for _ in self.body().layers]

    def step(self, row, states):
        """One row [B,in] -> logits [B,out] and the next states."""
        x, kept = self.embed(row), []
        for layer, state in zip(self.body().layers, states):
            x, state = layer.step(x, state)
            kept.append(state)
        return self.head(self.last(x)), kept


class Vad(Stack):
    """A stack of one output, which loses its axis: features [B,T,40] -> speech logits [B,T]."""

    def __init__(self, cell, shape=VAD):
        super().__init__(cell, shape)

    def forward(self, rows, states=False):
        found = super().forward(rows, states)
        return (found[0][..., 0], found[1]) if states else found[..., 0]

    def step(self, row, states):
        logits, states = super().step(row, states)
        return logits[..., 0], states


class Normalised:
    """For a stack in training: mean and deviation of its rows as buffers; export folds them into `embed`."""

    def normalise(self, inputs):
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("std", torch.ones(inputs))

    def logits(self, rows):
        return self((rows - self.mean) / self.std)


def parameters(net):
    """Number of trained values."""
    return sum(p.numel() for p in net.parameters())


def state_bytes(cell, shape=VAD):
    """float32 bytes that one stream carries between rows (attention: a full ring of `window` rows)."""
    inner = shape.expand * shape.width
    ssm = inner * shape.state + (inner + 2 * shape.state) * (shape.conv - 1)
    return 4 * shape.layers * (ssm if cell == "ssm" else 2 * shape.att_heads * shape.att_dim * shape.window)


def multiply_adds(cell, shape):
    """Multiply-adds a row: matrices, convolution, state update and read; attention over a full window."""
    d, inner, n = shape.width, shape.expand * shape.width, shape.state
    ends = d * (shape.inputs + shape.outputs)
    wide = shape.att_heads * shape.att_dim
    ssm = (d * (2 * inner + 2 * n + inner // shape.head_dim) + inner * d
           + 3 * inner * n + (inner + 2 * n) * shape.conv)
    attention = 4 * d * wide + 2 * wide * shape.window + 3 * d * shape.mlp
    return ends + shape.layers * (ssm if cell == "ssm" else attention)


@torch.no_grad()
def check(cell, dtype, shape=VAD, rows=257):
    """Largest difference between the whole-sequence form and the steps, over the largest logit."""
    torch.manual_seed(1)
    net, x = Stack(cell, shape).to(dtype), torch.randn(2, rows, shape.inputs, dtype=dtype)
    whole, kept = net(x, states=True)
    state, out = net.start(2, dtype), []
    for t in range(rows):
        y, state = net.step(x[:, t], state)
        out.append(y)
    worst = (torch.stack(out, 1) - whole).abs().max() / whole.abs().max()
    if cell == "ssm":
        for a, b in zip(kept, state):
            for name in a:
                worst = max(worst, (a[name] - b[name]).abs().max() / b[name].abs().max())
    return float(worst)


if __name__ == "__main__":
    wide = replace(VAD, inputs=30, outputs=7, width=56, state=32, head_dim=28, att_dim=14, chunk=50)
    for shape in (VAD, wide):
        for cell in ("ssm", "attention"):
            single, double = check(cell, torch.float32, shape), check(cell, torch.float64, shape)
            print(f"{cell}: {parameters(Stack(cell, shape))} parameters, {state_bytes(cell, shape)} state bytes, "
                  f"{multiply_adds(cell, shape)} multiply-adds a row, "
                  f"whole against steps: float32 {single:.1e}, float64 {double:.1e}")
            assert single <= 1e-5 and double <= 1e-12
