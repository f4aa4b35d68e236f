# SPDX-License-Identifier: Apache-2.0
"""A fast training module for the Mistral Small 4 architecture; tower.py has its eyes.

Equal to transformers' Mistral4 classes on the same weights (prove_equal.py shows it): MLA with q and kv
ranks, interleaved YaRN rope, llama-4 query scaling, softmax router with top-k renormalised weights, one
shared expert, RMSNorm 1e-6, untied head, plain softmax scale. Parameters carry the native names and the
native [out, in] shapes, except that the experts of a layer are stacked.
Shapes: B rows, S positions, D hidden, T = B*S tokens, E experts, K experts per token, F expert width.
"""

import dataclasses
import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

from rows import rms_norm, rotate
from tower import Tower

IMAGE_ID = 10  # [IMG]
ROWS = 128  # products have a multiple of so many, where their number varies


@dataclasses.dataclass
class Config:
    dim: int = 256
    n_layers: int = 5
    n_heads: int = 4
    q_lora_rank: int = 128
    kv_lora_rank: int = 128
    qk_nope_head_dim: int = 32
    qk_rope_head_dim: int = 32
    v_head_dim: int = 64
    vocab_size: int = 3664
    num_experts: int = 8
    num_experts_per_tok: int = 4
    expert_hidden_dim: int = 96
    norm_eps: float = 1e-6
    rope_theta: float = 10000.0
    original_max_position_embeddings: int = 2048
    yarn_factor: float = 32.0
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    scaling_beta: float = 0.1
    vision_layers: int = 3  # 0: no tower
    vision_dim: int = 128
    vision_heads: int = 4
    vision_width: int = 256
    patch: int = 14
    merge: int = 2

    def params_json(self):
        """The native params.json, with the keys of the released file."""
        eyes = (
            {
                "vision_encoder": {
                    "image_token_id": IMAGE_ID,
                    "image_break_token_id": 12,
                    "image_end_token_id": 13,
                    "hidden_size": self.vision_dim,
                    "num_hidden_layers": self.vision_layers,
                    "num_attention_heads": self.vision_heads,
                    "intermediate_size": self.vision_width,
                    "patch_size": self.patch,
                    "image_size": 1540,
                    "max_image_size": 1540,
                    "num_channels": 3,
                    "rope_theta": self.rope_theta,
                    "spatial_merge_size": self.merge,
                    "mm_projector_id": "patch_merge",
                    "adapter_bias": False,
                    "add_pre_mm_projector_layer_norm": True,
                }
            }
            if self.vision_layers
            else {}
        )
        return {
            "dim": self.dim,
            "n_layers": self.n_layers,
            "head_dim": self.v_head_dim,
            "hidden_dim": 4 * self.dim,
            "n_heads": self.n_heads,
            "n_kv_heads": self.n_heads,
            "rope_theta": self.rope_theta,
            "norm_eps": self.norm_eps,
            "vocab_size": self.vocab_size,
            "tied_embeddings": False,
            "max_position_embeddings": int(self.original_max_position_embeddings * self.yarn_factor),
            "q_lora_rank": self.q_lora_rank,
            "qk_rope_head_dim": self.qk_rope_head_dim,
            "qk_nope_head_dim": self.qk_nope_head_dim,
            "kv_lora_rank": self.kv_lora_rank,
            "v_head_dim": self.v_head_dim,
            "yarn": {
                "original_max_position_embeddings": self.original_max_position_embeddings,
                "factor": int(self.yarn_factor),
                "apply_scale": False,
                "beta": int(self.beta_fast),
                "alpha": int(self.beta_slow),
            },
            "llama_4_scaling": {
                "original_max_position_embeddings": self.original_max_position_embeddings,
                "beta": self.scaling_beta,
            },
            "moe": {
                "expert_parallel": 1,
                "expert_model_parallel": 1,
                "route_every_n": 1,
                "first_k_dense_replace": 0,
                "num_experts": self.num_experts,
                "num_experts_per_tok": self.num_experts_per_tok,
                "num_expert_groups": 1,
                "num_expert_groups_per_tok": 1,
                "routed_scale": 1.0,
                "expert_hidden_dim": self.expert_hidden_dim,
                "num_shared_experts": 1,
            },
        } | eyes

    @staticmethod
    def from_params(path):
        p = json.loads(pathlib.Path(path).read_text())
        v = p.get("vision_encoder")
        eyes = (
            {
                "vision_layers": v["num_hidden_layers"],
                "vision_dim": v["hidden_size"],
                "patch": v["patch_size"],
                "vision_heads": v["num_attention_heads"],
                "vision_width": v["intermediate_size"],
                "merge": v["spatial_merge_size"],
            }
            if v
            else {"vision_layers": 0}
        )
        return Config(
            dim=p["dim"],
            n_layers=p["n_layers"],
            n_heads=p["n_heads"],
            q_lora_rank=p["q_lora_rank"],
            kv_lora_rank=p["kv_lora_rank"],
            qk_nope_head_dim=p["qk_nope_head_dim"],
            qk_rope_head_dim=p["qk_rope_head_dim"],
            v_head_dim=p["v_head_dim"],
            vocab_size=p["vocab_size"],
            num_experts=p["moe"]["num_experts"],
            num_experts_per_tok=p["moe"]["num_experts_per_tok"],
            expert_hidden_dim=p["moe"]["expert_hidden_dim"],
            norm_eps=p["norm_eps"],
            rope_theta=p["rope_theta"],
            original_max_position_embeddings=p["yarn"]["original_max_position_embeddings"],
            yarn_factor=p["yarn"]["factor"],
            beta_fast=p["yarn"]["beta"],
            beta_slow=p["yarn"]["alpha"],
            scaling_beta=p["llama_4_scaling"]["beta"],
            **eyes,
        )


def yarn_inv_freq(c):
    """YaRN frequencies [rope/2], formed in float32 in the order of transformers' modeling_rope_utils."""
    dim, base = c.qk_rope_head_dim, c.rope_theta

    def correction(rotations):
        span = c.original_max_position_embeddings / (rotations * 2 * math.pi)
        return dim * math.log(span) / (2 * math.log(base))

    low = max(math.floor(correction(c.beta_fast)), 0)
    high = min(math.ceil(correction(c.beta_slow)), dim - 1)
    pos_freqs = base ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim)
    ramp = ((torch.arange(dim // 2, dtype=torch.float32) - low) / max(high - low, 0.001)).clamp(0, 1)
    keep = 1 - ramp
    return (1.0 / (c.yarn_factor * pos_freqs)) * (1 - keep) + (1.0 / pos_freqs) * keep


class SpreadRows(torch.autograd.Function):
    """x [T, D] -> rows sorted by expert [T*K, D]; the backward is a gather, never a scatter."""

    @staticmethod
    def forward(ctx, x, source, inverse, k):
        ctx.save_for_backward(inverse)
        ctx.k = k
        return x.index_select(0, source)

    @staticmethod
    def backward(ctx, grad):
        (inverse,) = ctx.saved_tensors
        return grad.index_select(0, inverse).view(-1, ctx.k, grad.shape[-1]).sum(1), None, None, None


class Unsort(torch.autograd.Function):
    """Rows sorted by expert [T*K, D] -> [T*K, D] in token order."""

    @staticmethod
    def forward(ctx, y, order, inverse):
        ctx.save_for_backward(order)
        return y.index_select(0, inverse)

    @staticmethod
    def backward(ctx, grad):
        (order,) = ctx.saved_tensors
        return grad.index_select(0, order), None, None


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        qk = c.qk_nope_head_dim + c.qk_rope_head_dim
        self.wq_a = nn.Parameter(torch.empty(c.q_lora_rank, c.dim))
        self.q_a_norm = nn.Parameter(torch.ones(c.q_lora_rank))
        self.wq_b = nn.Parameter(torch.empty(c.n_heads * qk, c.q_lora_rank))
        self.wkv_a_with_mqa = nn.Parameter(torch.empty(c.kv_lora_rank + c.qk_rope_head_dim, c.dim))
        self.kv_a_norm = nn.Parameter(torch.ones(c.kv_lora_rank))
        self.wkv_b = nn.Parameter(torch.empty(c.n_heads * (c.qk_nope_head_dim + c.v_head_dim), c.kv_lora_rank))
        self.wo = nn.Parameter(torch.empty(c.dim, c.n_heads * c.v_head_dim))

    def forward(self, x, rope, mask, cache=None):
        c, (b, s, _) = self.c, x.shape
        n, r, v = c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim
        dt = x.dtype
        cos, sin, scale = rope  # [B,1,S,R/2], [B,1,S,1]
        q = F.linear(rms_norm(F.linear(x, self.wq_a.to(dt)), self.q_a_norm, c.norm_eps), self.wq_b.to(dt))
        q_nope, q_rope = q.view(b, s, c.n_heads, n + r).transpose(1, 2).split((n, r), -1)
        latent, k_rope = F.linear(x, self.wkv_a_with_mqa.to(dt)).split((c.kv_lora_rank, r), -1)
        kv = F.linear(rms_norm(latent, self.kv_a_norm, c.norm_eps), self.wkv_b.to(dt))
        k_nope, value = kv.view(b, s, c.n_heads, n + v).transpose(1, 2).split((n, v), -1)
        k_rope = rotate(k_rope.unsqueeze(1), cos, sin)
        query = torch.cat((q_nope, rotate(q_rope, cos, sin)), -1) * scale
        key = torch.cat((k_nope, k_rope.expand(-1, c.n_heads, -1, -1)), -1)
        if cache is not None:
            key, value = cache.append(key, value)
        out = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None and s > 1, scale=(n + r) ** -0.5
        )
        return F.linear(out.transpose(1, 2).reshape(b, s, -1), self.wo.to(dt))


class MoE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        e, f, d = c.num_experts, c.expert_hidden_dim, c.dim
        self.gate = nn.Parameter(torch.empty(e, d))
        self.w13 = nn.Parameter(torch.empty(e, 2 * f, d))  # rows 0..F-1 are w1, then w3
        self.w2 = nn.Parameter(torch.empty(e, d, f))
        self.shared_w13 = nn.Parameter(torch.empty(2 * f, d))
        self.shared_w2 = nn.Parameter(torch.empty(d, f))

    def route(self, x):
        """x [T, D] -> indices [T, K], weights [T, K] float32, load-balance loss."""
        c = self.c
        probs = F.linear(x.float(), self.gate.float()).softmax(-1)
        weights, index = probs.topk(c.num_experts_per_tok, -1)
        balance = None
        if self.training:
            share = torch.zeros(c.num_experts).index_add_(0, index.flatten(), torch.ones(index.numel()))
            balance = c.num_experts * (probs.mean(0) * (share / index.numel())).sum()
            self.last_share = share / index.numel()
        return index, weights / (weights.sum(-1, keepdim=True) + 1e-20), balance

    def forward(self, x):
        c, shape, dt = self.c, x.shape, x.dtype
        x = x.reshape(-1, c.dim)
        k = c.num_experts_per_tok
        index, weights, balance = self.route(x)
        flat = index.flatten()
        order = flat.argsort(stable=True)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(order.numel())
        counts = torch.bincount(flat, minlength=c.num_experts).tolist()
        rows = SpreadRows.apply(x, order // k, inverse, k).split(counts)
        shares = weights.to(dt).flatten().index_select(0, order).unsqueeze(1).split(counts)
        matrices = zip(rows, shares, self.w13.to(dt).unbind(), self.w2.to(dt).unbind())
        outs = [swiglu(padded(mine), w13, w2, padded(share))[: len(mine)] for mine, share, w13, w2 in matrices]
        routed = Unsort.apply(torch.cat(outs), order, inverse).view(-1, k, c.dim).sum(1)
        return (routed + swiglu(x, self.shared_w13.to(dt), self.shared_w2.to(dt))).view(shape), balance


def padded(rows):
    """rows [N, D] -> [M, D], M the next multiple of ROWS, zeros behind: PyTorch compiles a product for every new shape,
    which takes longer than most products here."""
    return F.pad(rows, (0, 0, 0, -len(rows) % ROWS))


def swiglu(x, w13, w2, share=None):
    """x [N, D] -> [N, D], times share [N, 1] if there is one."""
    gate, up = F.linear(x, w13).chunk(2, -1)
    hidden = F.silu(gate) * up
    return F.linear(hidden if share is None else hidden * share, w2)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.eps = c.norm_eps
        self.attention_norm = nn.Parameter(torch.ones(c.dim))
        self.ffn_norm = nn.Parameter(torch.ones(c.dim))
        self.attention = Attention(c)
        self.moe = MoE(c)

    def forward(self, x, rope, mask, cache=None):
        x = x + self.attention(rms_norm(x, self.attention_norm, self.eps), rope, mask, cache)
        y, balance = self.moe(rms_norm(x, self.ffn_norm, self.eps))
        return x + y, balance


@torch.no_grad()
def init_weights(module, seed):
    """Fan-in scaled normal weights; the two projections into the residual stream start small."""
    g = torch.Generator().manual_seed(seed)
    for name, p in module.named_parameters():
        if p.dim() == 1:
            continue
        std = p.shape[-1] ** -0.5
        if name == "tok_embeddings":
            std = 0.5
        elif name.endswith("gate"):
            std = 0.02
        elif name.endswith(("wo", "w2", "w_out")):
            std *= 0.3
        p.copy_(torch.randn(p.shape, generator=g) * std)


class Model(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.tok_embeddings = nn.Parameter(torch.empty(c.vocab_size, c.dim))
        self.layers = nn.ModuleList(Block(c) for _ in range(c.n_layers))
        self.norm = nn.Parameter(torch.ones(c.dim))
        self.output = nn.Parameter(torch.empty(c.vocab_size, c.dim))
        self.tower = Tower(c) if c.vision_layers else None
        self.register_buffer("inv_freq", yarn_inv_freq(c), persistent=False)

    def rope(self, positions, dtype):
        """positions [B, S] -> cos, sin [B,1,S,R/2] and the llama-4 query scale [B,1,S,1]."""
        c = self.config
        angles = positions.float().unsqueeze(-1) * self.inv_freq
        scale = 1 + c.scaling_beta * torch.log(1 + torch.floor(positions.float() / c.original_max_position_embeddings))
        return (
            angles.cos().unsqueeze(1).to(dtype),
            angles.sin().unsqueeze(1).to(dtype),
            scale[:, None, :, None].to(dtype),
        )

    def hidden(self, ids, positions, mask, dtype=torch.float32, caches=None, pictures=()):
        """ids [B, S] -> normed hidden [B, S, D] and the mean balance loss. The pictures' rows take the places of
        the [IMG] ids, in reading order."""
        rope = self.rope(positions, dtype)
        x = F.embedding(ids, self.tok_embeddings).to(dtype)
        if pictures:
            places = (ids.flatten() == IMAGE_ID).nonzero().squeeze(1)
            x = x.flatten(0, 1).index_copy(0, places, self.tower(pictures, dtype)).view_as(x)
        balances = []
        for i, layer in enumerate(self.layers):
            x, balance = layer(x, rope, mask, caches[i] if caches else None)
            balances.append(balance)
        total = sum(balances) / len(balances) if self.training else None
        return rms_norm(x, self.norm, self.config.norm_eps), total

    def logits(self, hidden):
        return F.linear(hidden, self.output.to(hidden.dtype))


class LayerCache:
    """Keys and values of one layer for incremental decoding."""

    def __init__(self):
        self.key = self.value = None

    def append(self, key, value):
        if self.key is not None:
            key = torch.cat((self.key, key), 2)
            value = torch.cat((self.value, value), 2)
        self.key, self.value = key, value
        return key, value
