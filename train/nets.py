"""The twins: the same ends around three Mamba-2 or three sliding-window attention blocks.

Run this file to check the training form of each cell against its step-by-step form.
"""
import torch
from torch import nn
from cells import (ATT_DIM, ATT_HEADS, CONV, LAYERS, MELS, STATE, WIDTH, WINDOW,
                   Attention, Gated, Mamba2, RMSNorm)


class SsmBlock(nn.Module):
    """x + mixer(norm(x))."""

    def __init__(self):
        super().__init__()
        self.norm, self.mixer = RMSNorm(WIDTH), Mamba2()

    def forward(self, x):
        y, state = self.mixer(self.norm(x))
        return x + y, state

    def step(self, x, state):
        y, state = self.mixer.step(self.norm(x), state)
        return x + y, state


class AttentionBlock(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self):
        super().__init__()
        self.input_layernorm, self.self_attn = RMSNorm(WIDTH), Attention()
        self.post_attention_layernorm, self.mlp = RMSNorm(WIDTH), Gated()

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x)), None

    def step(self, x, state):
        y, state = self.self_attn.step(self.input_layernorm(x), state)
        x = x + y
        return x + self.mlp(self.post_attention_layernorm(x)), state


class Vad(nn.Module):
    """Features [B,T,40] -> speech logits [B,T]; row t depends on rows 0..t only."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.embed, self.head = nn.Linear(MELS, WIDTH), nn.Linear(WIDTH, 1)
        body = nn.Module()
        block, norm = (SsmBlock, "norm_f") if cell == "ssm" else (AttentionBlock, "norm")
        body.layers = nn.ModuleList(block() for _ in range(LAYERS))
        setattr(body, norm, RMSNorm(WIDTH))
        # The checkpoint names of the two families: backbone.layers / norm_f, model.layers / norm.
        self.add_module("backbone" if cell == "ssm" else "model", body)
        self.layers = lambda: body.layers
        self.last = lambda x: getattr(body, norm)(x)

    def forward(self, rows, states=False):
        x, kept = self.embed(rows), []
        for layer in self.layers():
            x, state = layer(x)
            kept.append(state)
        logits = self.head(self.last(x))[..., 0]
        return (logits, kept) if states else logits

    def start(self, size, dtype=torch.float32):
        """Empty states of `size` streams, one a layer."""
        if self.cell == "ssm":
            return [layer.mixer.start(size, dtype) for layer in self.layers()]
        none = lambda: torch.zeros(size, ATT_HEADS, 0, ATT_DIM, dtype=dtype)
        return [{"k": none(), "v": none(), "position": 0} for _ in self.layers()]

    def step(self, row, states):
        """One row [B,40] -> logits [B] and the next states."""
        x, kept = self.embed(row), []
        for layer, state in zip(self.layers(), states):
            x, state = layer.step(x, state)
            kept.append(state)
        return self.head(self.last(x))[..., 0], kept


def parameters(net):
    """Number of trained values."""
    return sum(p.numel() for p in net.parameters())


def state_bytes(cell):
    """float32 bytes that one stream carries between rows (attention: a full ring of 100 rows)."""
    inner = 2 * WIDTH
    ssm = inner * STATE + (inner + 2 * STATE) * (CONV - 1)
    return 4 * LAYERS * (ssm if cell == "ssm" else 2 * ATT_HEADS * ATT_DIM * WINDOW)


@torch.no_grad()
def check(cell, dtype, rows=257):
    """Largest difference between the whole-sequence form and the steps, over the largest logit."""
    torch.manual_seed(1)
    net, x = Vad(cell).to(dtype), torch.randn(2, rows, MELS, dtype=dtype)
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
    for cell in ("ssm", "attention"):
        single, double = check(cell, torch.float32), check(cell, torch.float64)
        print(f"{cell}: {parameters(Vad(cell))} parameters, {state_bytes(cell)} state bytes, "
              f"whole against steps: float32 {single:.1e}, float64 {double:.1e}")
        assert single <= 1e-5 and double <= 1e-12
