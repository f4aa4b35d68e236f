# SPDX-License-Identifier: Apache-2.0
"""transformers' Mistral4 text model in float32 on a synthetic checkpoint: the independent implementation."""

import math

import numpy as np
import torch
from transformers import Mistral4Config, Mistral4ForCausalLM

from decoded import logical_weights
from synthetic import Options


def config_of(o: Options) -> Mistral4Config:
    return Mistral4Config(
        vocab_size=o.vocabulary,
        hidden_size=o.hidden,
        intermediate_size=o.dense_width,
        moe_intermediate_size=o.expert_width,
        num_hidden_layers=o.layers,
        num_attention_heads=o.heads,
        num_key_value_heads=o.heads,
        n_shared_experts=o.shared,
        n_routed_experts=o.experts,
        routed_scaling_factor=o.routed_scale,
        kv_lora_rank=o.kv_rank,
        q_lora_rank=o.q_rank or None,
        qk_rope_head_dim=o.rope,
        v_head_dim=o.v,
        qk_nope_head_dim=o.nope,
        n_group=o.groups,
        topk_group=o.groups_per_token,
        num_experts_per_tok=o.experts_per_token,
        first_k_dense_replace=o.dense_layers,
        max_position_embeddings=int(o.original_positions * o.rope_factor),
        rope_parameters={
            "type": "yarn",
            "rope_type": "yarn",
            "rope_theta": 10000.0,
            "factor": o.rope_factor,
            "original_max_position_embeddings": o.original_positions,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "mscale": 1.0,
            "mscale_all_dim": 1.0,
            "llama_4_scaling_beta": 0.1,
            "max_position_embeddings": int(o.original_positions * o.rope_factor),
            "partial_rotary_factor": o.rope / (o.nope + o.rope),
        },
        attn_implementation="eager",
        experts_implementation="eager",
    )


def build(o: Options, only_experts: list[int] | None = None) -> Mistral4ForCausalLM:
    with torch.device("meta"):
        model = Mistral4ForCausalLM(config_of(o))
    weights = {
        k: torch.from_numpy(np.ascontiguousarray(v, np.float32)) for k, v in logical_weights(o, only_experts).items()
    }
    for n in range(o.layers if o.shared == 0 else 0):  # zero shared experts: layers of width 0
        s = f"model.layers.{n}.mlp.shared_experts."
        for name, shape in (
            ("gate_proj", (0, o.hidden)),
            ("up_proj", (0, o.hidden)),
            ("down_proj", (o.hidden, 0)),
        ):
            weights[f"{s}{name}.weight"] = torch.zeros(shape)
    missing, unexpected = model.load_state_dict(weights, strict=False, assign=True)
    assert not missing and not unexpected, (missing, unexpected)
    rotary = type(model.model.rotary_emb)
    model.model.rotary_emb = rotary(config_of(o))  # its buffer was built on the meta device
    assert model.model.rotary_emb.inv_freq.numel() == o.rope // 2
    return model.eval()


def logits(model, o: Options, tokens: list[int], first_position: int, mscale: bool) -> np.ndarray:
    scale = (o.nope + o.rope) ** -0.5
    if mscale:
        scale *= (0.1 * math.log(o.rope_factor) + 1.0) ** 2
    for layer in model.model.layers:
        layer.self_attn.scaling = scale
    positions = torch.arange(first_position, first_position + len(tokens))[None]
    with torch.no_grad():
        out = model(input_ids=torch.tensor([tokens]), position_ids=positions, use_cache=False)
    return out.logits[0].numpy()


def experts_of_first_layer(o: Options, tokens: list[int], first_position: int, mscale: bool) -> list[int]:
    """Which experts these tokens choose in layer 0, found without any expert's weights."""
    model, scores = build(o, []), []
    model.model.layers[0].mlp.gate.register_forward_hook(lambda module, inputs, output: scores.append(output))
    logits(model, o, tokens, first_position, mscale)
    best = scores[0].topk(o.experts_per_token + 1)
    assert (best.values[:, -2] - best.values[:, -1]).min() > 1e-3, "near tie: pick another seed"
    return sorted({int(e) for e in best.indices[:, :-1].flatten()})
