# SPDX-License-Identifier: Apache-2.0
"""The Pixtral tower and its projector as a training module; prove_equal.py holds it against transformers.

Parameters carry the native shapes. Pictures are float32 [3, height, width], normalised, sides multiples of
patch * merge. Every picture attends only to itself: pictures of one size run as one batch.
"""

import torch
import torch.nn.functional as F
from torch import nn

from rows import rms_norm, rotate

EPS = 1e-5  # fixed by the architecture, except for the projector's norm


class TowerLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, f = c.vision_dim, c.vision_width
        self.heads = c.vision_heads
        self.attention_norm = nn.Parameter(torch.ones(d))
        self.ffn_norm = nn.Parameter(torch.ones(d))
        self.wq, self.wk, self.wv, self.wo = (nn.Parameter(torch.empty(d, d)) for _ in range(4))
        self.w1, self.w3 = (nn.Parameter(torch.empty(f, d)) for _ in range(2))
        self.w2 = nn.Parameter(torch.empty(d, f))

    def forward(self, x, cos, sin):
        """x [n, P, d] -> [n, P, d]; cos and sin [P, head / 2]."""
        n, p, d = x.shape
        h = rms_norm(x, self.attention_norm, EPS)
        q, k, v = (
            F.linear(h, w.to(x.dtype)).view(n, p, self.heads, -1).transpose(1, 2) for w in (self.wq, self.wk, self.wv)
        )
        out = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v)
        x = x + F.linear(out.transpose(1, 2).reshape(n, p, d), self.wo.to(x.dtype))
        h = rms_norm(x, self.ffn_norm, EPS)
        return x + F.linear(
            F.silu(F.linear(h, self.w1.to(x.dtype))) * F.linear(h, self.w3.to(x.dtype)), self.w2.to(x.dtype)
        )


class Tower(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, pixels = c.vision_dim, 3 * c.patch * c.patch
        self.c = c
        self.patch_conv = nn.Parameter(torch.empty(d, pixels))
        self.ln_pre = nn.Parameter(torch.ones(d))
        self.layers = nn.ModuleList(TowerLayer(c) for _ in range(c.vision_layers))
        self.projector_norm = nn.Parameter(torch.ones(d))
        self.merger = nn.Parameter(torch.empty(d, d * c.merge * c.merge))
        self.w_in = nn.Parameter(torch.empty(c.dim, d))
        self.w_out = nn.Parameter(torch.empty(c.dim, c.dim))

    def angles(self, rows, columns):
        """-> [rows * columns, head / 2]: even frequencies by row, then odd ones by column."""
        head = self.c.vision_dim // self.c.vision_heads
        frequency = 1.0 / (self.c.rope_theta ** (torch.arange(0, head, 2).float() / head))
        by_row = torch.outer(torch.arange(rows).float(), frequency[::2])
        by_column = torch.outer(torch.arange(columns).float(), frequency[1::2])
        return torch.cat((by_row[:, None].expand(-1, columns, -1), by_column[None].expand(rows, -1, -1)), -1).flatten(
            0, 1
        )

    def encode(self, pixels, dtype):
        """pixels [n, 3, H, W] -> [n, rows of the text model, D]."""
        c, (n, _, height, width) = self.c, pixels.shape
        rows, columns = height // c.patch, width // c.patch
        x = pixels.view(n, 3, rows, c.patch, columns, c.patch).permute(0, 2, 4, 1, 3, 5).reshape(n, rows * columns, -1)
        x = rms_norm(F.linear(x.to(dtype), self.patch_conv.to(dtype)), self.ln_pre, EPS)
        angles = self.angles(rows, columns)
        cos, sin = angles.cos().to(dtype), angles.sin().to(dtype)
        for layer in self.layers:
            x = layer(x, cos, sin)
        x = rms_norm(x, self.projector_norm, c.norm_eps)
        m = c.merge
        x = x.view(n, rows // m, m, columns // m, m, -1).permute(0, 1, 3, 5, 2, 4).reshape(n, -1, x.shape[-1] * m * m)
        x = F.linear(F.linear(x, self.merger.to(dtype)), self.w_in.to(dtype))
        return F.linear(F.gelu(x), self.w_out.to(dtype))

    def forward(self, pictures, dtype):
        """Pictures of any sizes -> their rows one behind the other, [n, D]."""
        by_size, out = {}, [None] * len(pictures)
        for i, p in enumerate(pictures):
            by_size.setdefault(tuple(p.shape), []).append(i)
        for members in by_size.values():
            for i, rows in zip(members, self.encode(torch.stack([pictures[i] for i in members]), dtype)):
                out[i] = rows
        return torch.cat(out)
