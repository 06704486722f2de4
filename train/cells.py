"""The two sequence cells and the two speech-activity models made of them.

Parameter names are those of the checkpoints (Mamba-2 and Mistral names), so that state_dict() is
what export.py writes. B batch, T rows, D width, E inner width, H heads, P head width, N state.
"""
import math
import torch
import torch.nn.functional as F
from torch import nn

WIDTH, LAYERS, MELS, EPS = 48, 3, 40, 1e-5
EXPAND, STATE, HEAD_DIM, CONV = 2, 16, 16, 4
ATT_HEADS, ATT_DIM, WINDOW, THETA, MLP = 4, 12, 100, 10000.0, 50


class RMSNorm(nn.Module):
    """x * rsqrt(mean x^2 + eps) * weight over the last axis."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS) * self.weight


def ssd_chunked(x, dt, a, b, c, chunk=20):
    """Chunked state-space dual scan from a zero state.

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
    across = (c @ carried[:, :-1].transpose(-1, -2)) * s.exp()[..., None]
    y = (inside + across).transpose(2, 3).reshape(size, n * chunk, heads, -1)
    return y[:, :rows], carried[:, -1]


class Mamba2(nn.Module):
    """Mamba-2 mixer, one group: in_proj order z, x, B, C, dt; gate before the norm."""

    def __init__(self):
        super().__init__()
        inner = EXPAND * WIDTH
        self.inner, self.heads = inner, inner // HEAD_DIM
        channels = inner + 2 * STATE
        self.in_proj = nn.Linear(WIDTH, inner + channels + self.heads, bias=False)
        self.conv1d = nn.Conv1d(channels, channels, CONV, groups=channels)
        dt = torch.exp(torch.empty(self.heads).uniform_(math.log(1e-3), math.log(1e-1)))
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))
        self.A_log = nn.Parameter(torch.empty(self.heads).uniform_(1, 16).log())
        self.D = nn.Parameter(torch.ones(self.heads))
        self.norm = RMSNorm(inner)
        self.out_proj = nn.Linear(inner, WIDTH, bias=False)

    def split(self, u):
        """[.., D] -> gate z [.., E], convolution input [.., E+2N], dt [.., H]."""
        return self.in_proj(u).split([self.inner, self.inner + 2 * STATE, self.heads], -1)

    def finish(self, y, z):
        """Gate, norm, out_proj: y and z [.., E] -> [.., D]."""
        return self.out_proj(self.norm(y * F.silu(z)))

    def forward(self, u):
        """[B,T,D] -> [B,T,D] and the state after the last row: ssm [B,H,P,N], conv [B,E+2N,3]."""
        z, raw, dt = self.split(u)
        padded = F.pad(raw, (0, 0, CONV - 1, 0))
        w, rows = self.conv1d.weight[:, 0], u.shape[1]
        # Four shifted products: on a CPU many times faster than the grouped convolution.
        mixed = sum(padded[:, j:j + rows] * w[:, j] for j in range(CONV)) + self.conv1d.bias
        x, b, c = F.silu(mixed).split([self.inner, STATE, STATE], -1)
        x = x.unflatten(-1, (self.heads, HEAD_DIM))
        dt = F.softplus(dt + self.dt_bias)
        y, state = ssd_chunked(x, dt, -self.A_log.exp(), b, c)
        y = (y + self.D[:, None] * x).flatten(-2)
        tail = padded[:, rows:].transpose(1, 2)
        return self.finish(y, z), {"ssm": state, "conv": tail}

    def start(self, size, dtype):
        """The empty state of `size` streams."""
        return {"ssm": torch.zeros(size, self.heads, HEAD_DIM, STATE, dtype=dtype),
                "conv": torch.zeros(size, self.inner + 2 * STATE, CONV - 1, dtype=dtype)}

    def step(self, u, state):
        """One row [B,D] by the plain recurrence h = exp(dt A) h + dt x (x) B, y = h C + D x."""
        z, raw, dt = self.split(u)
        taps = torch.cat([state["conv"], raw[..., None]], -1)
        mixed = F.silu((taps * self.conv1d.weight[:, 0]).sum(-1) + self.conv1d.bias)
        x, b, c = mixed.split([self.inner, STATE, STATE], -1)
        x = x.unflatten(-1, (self.heads, HEAD_DIM))
        dt = F.softplus(dt + self.dt_bias)
        keep = torch.exp(-dt * self.A_log.exp())[..., None, None]
        h = keep * state["ssm"] + (dt[..., None] * x)[..., None] * b[:, None, None]
        y = (h @ c[:, None, :, None])[..., 0] + self.D[:, None] * x
        return self.finish(y.flatten(-2), z), {"ssm": h, "conv": taps[..., 1:]}


def rotate(x, first):
    """RoPE, rotate_half layout, absolute positions first, first+1, ..: x [B,H,T,d]."""
    half = x.shape[-1] // 2
    count = lambda n: torch.arange(n, dtype=torch.float64, device=x.device)
    freq = THETA ** (-count(half) / half)
    angle = (first + count(x.shape[2]))[:, None] * freq
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def window_attention(q, k, v):
    """Row i sees rows i-99..i. q, k, v [B,H,T,d] -> [B,H,T,d], in blocks of one window.

    A block of 100 queries needs only its own and the previous 100 keys: O(T) instead of O(T^2).
    """
    size, heads, rows, d = q.shape
    pad = -rows % WINDOW
    q, k, v = (F.pad(t, (0, 0, 0, pad)).reshape(size * heads, -1, WINDOW, d) for t in (q, k, v))
    pair = lambda t: torch.cat([F.pad(t, (0, 0, 0, 0, 1, 0))[:, :-1], t], 2)
    j = torch.arange(2 * WINDOW, device=q.device)
    i = j[:WINDOW, None]
    mask = ((j > i) & (j <= i + WINDOW)).repeat(q.shape[1], 1, 1)
    mask[0] &= j >= WINDOW
    y = F.scaled_dot_product_attention(q, pair(k), pair(v), attn_mask=mask[None])
    return y.reshape(size, heads, -1, d)[:, :, :rows]


class Attention(nn.Module):
    """Multi-head sliding-window attention with RoPE, no biases."""

    def __init__(self):
        super().__init__()
        wide = ATT_HEADS * ATT_DIM
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(WIDTH, wide, bias=False) for _ in range(3))
        self.o_proj = nn.Linear(wide, WIDTH, bias=False)

    def heads(self, u, first):
        """u [B,T,D] at positions first.. -> rotated q, rotated k, v, each [B,H,T,d]."""
        q, k, v = (p(u).unflatten(-1, (ATT_HEADS, ATT_DIM)).transpose(1, 2)
                   for p in (self.q_proj, self.k_proj, self.v_proj))
        return rotate(q, first), rotate(k, first), v

    def forward(self, u):
        return self.o_proj(window_attention(*self.heads(u, 0)).transpose(1, 2).flatten(-2))

    def step(self, u, state):
        """One row [B,D]; state: the keys (rotated) and values of the last 99 rows, and the position."""
        q, k, v = self.heads(u[:, None], state["position"])
        k, v = torch.cat([state["k"], k], 2), torch.cat([state["v"], v], 2)
        y = (q @ k.transpose(-1, -2) / math.sqrt(ATT_DIM)).softmax(-1) @ v
        keep = {"k": k[:, :, -(WINDOW - 1):], "v": v[:, :, -(WINDOW - 1):], "position": state["position"] + 1}
        return self.o_proj(y.transpose(1, 2).flatten(-2))[:, 0], keep


class Gated(nn.Module):
    """SiLU-gated MLP."""

    def __init__(self):
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(WIDTH, MLP, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(MLP, WIDTH, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
