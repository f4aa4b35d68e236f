# SPDX-License-Identifier: Apache-2.0
"""A start that can copy: a head that looks one token back, and two heads that use it to continue repetitions.

Small transformers find these by themselves only after thousands of steps, and until then neither memory nor
tools nor extraction improve. They are drawn here as initial weights; training is free to change them.
The residual width is divided into four blocks of a random orthonormal basis: U1 and U3 hold the token, U2 is
kept nearly free of it and receives the token before, and one direction of U4 is common to all tokens.
"""

import math

import torch

SHARPNESS = (8.0, 8.0, 5.0, 4.0, 3.0)  # score amplitude of the look-back heads per rotary frequency


@torch.no_grad()
def plant(model, seed):
    c = model.config
    g = torch.Generator().manual_seed(seed + 1)
    basis = torch.linalg.qr(torch.randn(c.dim, c.dim, generator=g)).Q.T
    u1, u2, u3, u4 = basis.split(c.dim // 4)
    common = u4[0]
    e = model.tok_embeddings
    e.sub_(0.8 * (e @ u2.T) @ u2).sub_((e @ common).outer(common)).add_(4.0 * common)
    model.output.copy_(0.08 * (e - 4.0 * common))
    look_back(model, u1, u2, u3, common)
    repeat(model, u1, u2, u3)


def look_back(model, u1, u2, u3, common):
    """Layer 0: heads 0 and 1 attend one and two tokens back; head 0 copies U1 of that token into U2."""
    c, a = model.config, model.layers[0].attention
    n, r, v, half = c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim, c.kv_lora_rank // 2
    a.wkv_a_with_mqa[:half] = u1[:half]
    a.wkv_a_with_mqa[half : 2 * half] = u3[:half]
    a.wkv_a_with_mqa[c.kv_lora_rank :] *= 0.1
    a.wq_a[0] = 1.1 * common
    query = a.wq_b.view(c.n_heads, n + r, c.q_lora_rank)
    for pair, amplitude in enumerate(SHARPNESS):
        size = math.sqrt(amplitude / 5.85)
        a.wkv_a_with_mqa[c.kv_lora_rank + 2 * pair] = size * common
        a.wkv_a_with_mqa[c.kv_lora_rank + 2 * pair + 1] = 0
        for head, distance in ((0, 1), (1, 2)):
            angle = model.inv_freq[pair] * distance
            query[head, n + 2 * pair, 0] = size * angle.cos()
            query[head, n + 2 * pair + 1, 0] = -size * angle.sin()
    query[:2, :, 1:] *= 0.2
    value = a.wkv_b.view(c.n_heads, n + v, c.kv_lora_rank)
    value[0, n:] = 0
    value[0, n : n + half, :half] = torch.eye(half)
    a.wo[:, :v] = u2[:v].T


def repeat(model, u1, u2, u3):
    """Layer 1: heads 0 and 1 attend to where the token before equals the present one, and copy what stands there."""
    c, a = model.config, model.layers[1].attention
    n, r, v = c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim
    part = (c.kv_lora_rank - n) // 2
    mix = torch.linalg.qr(torch.randn(len(u2), n, generator=torch.Generator().manual_seed(9))).Q.T  # [n, D/4]
    a.wkv_a_with_mqa[:n] = mix @ u2
    a.wkv_a_with_mqa[n : n + part] = u1[:part]
    a.wkv_a_with_mqa[n + part : n + 2 * part] = u3[:part]
    a.wkv_a_with_mqa[c.kv_lora_rank :] *= 0.1
    a.wq_a[:n] = mix @ u1
    query = a.wq_b.view(c.n_heads, n + r, c.q_lora_rank)
    both = a.wkv_b.view(c.n_heads, n + v, c.kv_lora_rank)
    for head, (start, block) in enumerate(((n, u1), (n + part, u3))):
        query[head] *= 0.1
        query[head, :n, :n] = 2.0 * torch.eye(n)
        both[head, :n] *= 0.1
        both[head, :n, :n] = 2.0 * torch.eye(n)
        both[head, n:] = 0
        both[head, n : n + part, start : start + part] = torch.eye(part)
        a.wo[:, head * v : (head + 1) * v] = 0
        a.wo[:, head * v : head * v + part] = 1.5 * block[:part].T
