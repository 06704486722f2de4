"""The two sequence cells: Mamba-2 and sliding-window attention.

Parameter names are those of the checkpoints (Mamba-2 and Mistral names), so that state_dict() is
what the exporters write. B batch, T rows, D width, E inner width, H heads, P head width, N state.
"""
import math
from dataclasses import dataclass
import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-5


@dataclass(frozen=True)
class Shape:
    """Sizes of a stack and of its twin: values in and out a row, width, and those of either cell."""
    inputs: int = 40
    outputs: int = 1
    width: int = 48
    layers: int = 3
    expand: int = 2
    state: int = 16
    head_dim: int = 16
    conv: int = 4
    att_heads: int = 4
    att_dim: int = 12
    window: int = 100
    theta: float = 10000.0
    mlp: int = 50
    chunk: int = 20


class RMSNorm(nn.Module):
    """x * rsqrt(mean x^2 + eps) * weight over the last axis."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, EPS)


def ssd_chunked(x, dt, a, b, c, chunk=20, first=None):
    """Chunked state-space dual scan from the state `first` [B,H,P,N] (None: zero).

    x [B,T,H,P], dt [B,T,H] (after softplus), a [H] (negative), b and c [B,T,N].
    Returns y [B,T,H,P] without the D term and the last state [B,H,P,N].
    Decays are exponentials of differences of sums: never of one sum times another's inverse.
    """
    size, rows, heads, _ = x.shape
    pad = -rows % chunk
    # A padded row has dt = 0: decay 1, input 0, so the state passes through it unchanged.
    x, dt, b, c = (F.pad(v, (0, 0) * (v.dim() - 2) + (0, pad)) for v in (x, dt, b, c))
    n = (rows + pad) // chunk
    xd = (x * dt[..., None]).view(size, n, chunk, heads, -1).transpose(2, 3)
    b, c = b.view(size, n, 1, chunk, -1), c.view(size, n, 1, chunk, -1)
    s = (dt * a).view(size, n, chunk, heads).transpose(2, 3).cumsum(-1)
    causal = torch.ones(chunk, chunk, dtype=torch.bool, device=x.device).tril()
    decay = (s[..., :, None] - s[..., None, :]).masked_fill(~causal, -math.inf).exp()
    inside = ((c @ b.transpose(-1, -2)) * decay) @ xd
    left = (s[..., -1:] - s).exp()[..., None]
    own = (xd * left).transpose(-1, -2) @ b
    total = s[..., -1].cumsum(1).transpose(1, 2)
    before = F.pad(total, (1, 0))
    # before[c] - total[j] sums the decay of the chunks j+1..c-1; the last row is the final state.
    earlier = torch.ones(n + 1, n, dtype=torch.bool, device=x.device).tril(-1)
    reach = (before[..., :, None] - total[..., None, :]).masked_fill(~earlier, -math.inf).exp()
    carried = torch.einsum("bhcj,bjhpn->bchpn", reach, own)
    if first is not None:
        carried = carried + before.exp().transpose(1, 2)[..., None, None] * first[:, None]
    across = (c @ carried[:, :-1].transpose(-1, -2)) * s.exp()[..., None]
    y = (inside + across).transpose(2, 3).reshape(size, n * chunk, heads, -1)
    return y[:, :rows], carried[:, -1]


class Mamba2(nn.Module):
    """Mamba-2 mixer, one group: in_proj order z, x, B, C, dt; gate before the norm."""

    def __init__(self, shape):
        super().__init__()
        inner = shape.expand * shape.width
        self.shape, self.inner, self.heads = shape, inner, inner // shape.head_dim
        channels = inner + 2 * shape.state
        self.in_proj = nn.Linear(shape.width, inner + channels + self.heads, bias=False)
        self.conv1d = nn.Conv1d(channels, channels, shape.conv, groups=channels)
        dt = torch.exp(torch.empty(self.heads).uniform_(math.log(1e-3), math.log(1e-1)))
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))
        self.A_log = nn.Parameter(torch.empty(self.heads).uniform_(1, 16).log())
        self.D = nn.Parameter(torch.ones(self.heads))
        self.norm = RMSNorm(inner)
        self.out_proj = nn.Linear(inner, shape.width, bias=False)

    def split(self, u):
        """[.., D] -> gate z [.., E], convolution input [.., E+2N], dt [.., H]."""
        return self.in_proj(u).split([self.inner, self.inner + 2 * self.shape.state, self.heads], -1)

    def finish(self, y, z):
        """Gate, norm, out_proj: y and z [.., E] -> [.., D]."""
        return self.out_proj(self.norm(y * F.silu(z)))

    def forward(self, u, pace=None, first=None):
        """[B,T,D] -> [B,T,D] and the state after the last row: ssm [B,H,P,N], conv [B,E+2N,3].

        pace [B,T]: how much time each row takes; it stretches dt. None: one row each. first: the ssm state to begin with.
        """
        z, raw, dt = self.split(u)
        padded = F.pad(raw, (0, 0, self.shape.conv - 1, 0))
        w, rows = self.conv1d.weight[:, 0], u.shape[1]
        # Four shifted products: on a CPU many times faster than the grouped convolution.
        mixed = sum(padded[:, j:j + rows] * w[:, j] for j in range(self.shape.conv)) + self.conv1d.bias
        x, b, c = F.silu(mixed).split([self.inner, self.shape.state, self.shape.state], -1)
        x = x.unflatten(-1, (self.heads, self.shape.head_dim))
        dt = F.softplus(dt + self.dt_bias)
        if pace is not None:
            dt = dt * pace[..., None]
        y, state = ssd_chunked(x, dt, -self.A_log.exp(), b, c, self.shape.chunk, first)
        y = (y + self.D[:, None] * x).flatten(-2)
        tail = padded[:, rows:].transpose(1, 2)
        return self.finish(y, z), {"ssm": state, "conv": tail}

    def start(self, size, dtype):
        """The empty state of `size` streams."""
        return {"ssm": torch.zeros(size, self.heads, self.shape.head_dim, self.shape.state, dtype=dtype),
                "conv": torch.zeros(size, self.inner + 2 * self.shape.state, self.shape.conv - 1, dtype=dtype)}

    def step(self, u, state, pace=1.0):
        """One row [B,D] by the plain recurrence h = exp(dt A) h + dt x (x) B, y = h C + D x; `pace` stretches dt."""
        z, raw, dt = self.split(u)
        taps = torch.cat([state["conv"], raw[..., None]], -1)
        mixed = F.silu((taps * self.conv1d.weight[:, 0]).sum(-1) + self.conv1d.bias)
        x, b, c = mixed.split([self.inner, self.shape.state, self.shape.state], -1)
        x = x.unflatten(-1, (self.heads, self.shape.head_dim))
        dt = F.softplus(dt + self.dt_bias) * pace
        keep = torch.exp(-dt * self.A_log.exp())[..., None, None]
        h = keep * state["ssm"] + (dt[..., None] * x)[..., None] * b[:, None, None]
        y = (h @ c[:, None, :, None])[..., 0] + self.D[:, None] * x
        return self.finish(y.flatten(-2), z), {"ssm": h, "conv": taps[..., 1:]}


def rotate(x, first, theta):
    """RoPE, rotate_half layout, absolute positions first, first+1, ..: x [B,H,T,d]."""
    half = x.shape[-1] // 2
    count = lambda n: torch.arange(n, dtype=torch.float64, device=x.device)
    freq = theta ** (-count(half) / half)
    angle = (first + count(x.shape[2]))[:, None] * freq
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def window_attention(q, k, v, window):
    """Row i sees rows i-window+1..i. q, k, v [B,H,T,d] -> [B,H,T,d], in blocks of one window.

    A block of one window of queries needs only its own and the previous block of keys: O(T) instead of O(T^2).
    """
    size, heads, rows, d = q.shape
    pad = -rows % window
    q, k, v = (F.pad(t, (0, 0, 0, pad)).reshape(size * heads, -1, window, d) for t in (q, k, v))
    pair = lambda t: torch.cat([F.pad(t, (0, 0, 0, 0, 1, 0))[:, :-1], t], 2)
    j = torch.arange(2 * window, device=q.device)
    i = j[:window, None]
    mask = ((j > i) & (j <= i + window)).repeat(q.shape[1], 1, 1)
    mask[0] &= j >= window
    y = F.scaled_dot_product_attention(q, pair(k), pair(v), attn_mask=mask[None])
    return y.reshape(size, heads, -1, d)[:, :, :rows]


class Attention(nn.Module):
    """Multi-head sliding-window attention with RoPE, no biases."""

    def __init__(self, shape):
        super().__init__()
        self.shape, wide = shape, shape.att_heads * shape.att_dim
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(shape.width, wide, bias=False) for _ in range(3))
        self.o_proj = nn.Linear(wide, shape.width, bias=False)

    def heads(self, u, first):
        """u [B,T,D] at positions first.. -> rotated q, rotated k, v, each [B,H,T,d]."""
        q, k, v = (p(u).unflatten(-1, (self.shape.att_heads, self.shape.att_dim)).transpose(1, 2)
                   for p in (self.q_proj, self.k_proj, self.v_proj))
        return rotate(q, first, self.shape.theta), rotate(k, first, self.shape.theta), v

    def forward(self, u):
        return self.o_proj(window_attention(*self.heads(u, 0), self.shape.window).transpose(1, 2).flatten(-2))

    def step(self, u, state):
        """One row [B,D]; state: the keys (rotated) and values of the last window - 1 rows, and the position."""
        q, k, v = self.heads(u[:, None], state["position"])
        k, v = torch.cat([state["k"], k], 2), torch.cat([state["v"], v], 2)
        y = (q @ k.transpose(-1, -2) / math.sqrt(self.shape.att_dim)).softmax(-1) @ v
        keep = {"k": k[:, :, -(self.shape.window - 1):], "v": v[:, :, -(self.shape.window - 1):], "position": state["position"] + 1}
        return self.o_proj(y.transpose(1, 2).flatten(-2))[:, 0], keep


class Gated(nn.Module):
    """SiLU-gated MLP."""

    def __init__(self, shape):
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(shape.width, shape.mlp, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(shape.mlp, shape.width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
