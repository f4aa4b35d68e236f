# SPDX-License-Identifier: Apache-2.0
"""transformers' Mistral 4 classes on a native folder: the reference that everything here is held against."""

import json
import pathlib

import torch
from safetensors.torch import load_file
from transformers import Mistral3ForConditionalGeneration
from transformers.models.mistral3.configuration_mistral3 import Mistral3Config
from transformers.models.mistral4.configuration_mistral4 import Mistral4Config
from transformers.models.pixtral.configuration_pixtral import PixtralVisionConfig


def text_config(p):
    """params.json -> Mistral4Config."""
    rope = {
        "rope_type": "yarn",
        "type": "yarn",
        "rope_theta": p["rope_theta"],
        "factor": float(p["yarn"]["factor"]),
        "original_max_position_embeddings": p["yarn"]["original_max_position_embeddings"],
        "max_position_embeddings": p["max_position_embeddings"],
        "beta_fast": float(p["yarn"]["beta"]),
        "beta_slow": float(p["yarn"]["alpha"]),
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "llama_4_scaling_beta": p["llama_4_scaling"]["beta"],
        "partial_rotary_factor": p["qk_rope_head_dim"] / (p["qk_nope_head_dim"] + p["qk_rope_head_dim"]),
    }
    moe = p["moe"]
    return Mistral4Config(
        vocab_size=p["vocab_size"],
        hidden_size=p["dim"],
        intermediate_size=p["hidden_dim"],
        moe_intermediate_size=moe["expert_hidden_dim"],
        num_hidden_layers=p["n_layers"],
        num_attention_heads=p["n_heads"],
        num_key_value_heads=p["n_kv_heads"],
        n_shared_experts=moe["num_shared_experts"],
        n_routed_experts=moe["num_experts"],
        num_experts_per_tok=moe["num_experts_per_tok"],
        routed_scaling_factor=moe["routed_scale"],
        n_group=moe["num_expert_groups"],
        topk_group=moe["num_expert_groups_per_tok"],
        norm_topk_prob=True,
        first_k_dense_replace=moe["first_k_dense_replace"],
        q_lora_rank=p["q_lora_rank"],
        kv_lora_rank=p["kv_lora_rank"],
        qk_nope_head_dim=p["qk_nope_head_dim"],
        qk_rope_head_dim=p["qk_rope_head_dim"],
        v_head_dim=p["v_head_dim"],
        rms_norm_eps=p["norm_eps"],
        max_position_embeddings=p["max_position_embeddings"],
        rope_interleave=True,
        rope_parameters=rope,
        tie_word_embeddings=p["tied_embeddings"],
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=11,
    )


NAMES = {
    "wq_a": "q_a_proj",
    "q_a_norm": "q_a_layernorm",
    "wq_b": "q_b_proj",
    "wkv_b": "kv_b_proj",
    "wkv_a_with_mqa": "kv_a_proj_with_mqa",
    "kv_a_norm": "kv_a_layernorm",
    "wo": "o_proj",
}
FFN = {"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"}


def text_state(t, p):
    """Native tensors -> state dict of the text model, without its prefix."""
    out = {"embed_tokens.weight": t["tok_embeddings.weight"], "norm.weight": t["norm.weight"]}
    for n in range(p["n_layers"]):
        at, to = f"layers.{n}.", f"layers.{n}."
        out[to + "input_layernorm.weight"] = t[at + "attention_norm.weight"]
        out[to + "post_attention_layernorm.weight"] = t[at + "ffn_norm.weight"]
        for a, b in NAMES.items():
            out[f"{to}self_attn.{b}.weight"] = t[f"{at}attention.{a}.weight"]
        out[to + "mlp.gate.weight"] = t[at + "gate.weight"]
        for a, b in FFN.items():
            out[f"{to}mlp.shared_experts.{b}.weight"] = t[f"{at}shared_experts.{a}.weight"]
        experts = [f"{at}experts.{e}." for e in range(p["moe"]["num_experts"])]
        out[to + "mlp.experts.gate_up_proj"] = torch.stack(
            [torch.cat((t[e + "w1.weight"], t[e + "w3.weight"])) for e in experts]
        )
        out[to + "mlp.experts.down_proj"] = torch.stack([t[e + "w2.weight"] for e in experts])
    return out


def vision_config(v):
    """params.json's vision_encoder -> PixtralVisionConfig; without one, a small tower that nobody uses."""
    v = v or {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": 28,
        "patch_size": 14,
        "rope_theta": 10000.0,
    }
    return PixtralVisionConfig(
        hidden_size=v["hidden_size"],
        intermediate_size=v["intermediate_size"],
        image_size=v["image_size"],
        num_hidden_layers=v["num_hidden_layers"],
        num_attention_heads=v["num_attention_heads"],
        patch_size=v["patch_size"],
        hidden_act="silu",
        rope_parameters={"rope_type": "default", "rope_theta": v["rope_theta"]},
    )


def halves(w, heads):
    """Rows of a rotated projection from neighbouring pairs to two halves a head, as transformers wants them."""
    return w.view(heads, -1, 2, w.shape[1]).transpose(1, 2).reshape(w.shape)


def vision_state(t, v):
    """Native tensors -> state dict of tower and projector under transformers' names."""
    tower, projector = "model.vision_tower.", "model.multi_modal_projector."
    out = {
        tower + "patch_conv.weight": t["vision_encoder.patch_conv.weight"],
        tower + "ln_pre.weight": t["vision_encoder.ln_pre.weight"],
        projector + "norm.weight": t["pre_mm_projector_norm.weight"],
        projector + "patch_merger.merging_layer.weight": t["patch_merger.merging_layer.weight"],
        projector + "linear_1.weight": t["vision_language_adapter.w_in.weight"],
        projector + "linear_2.weight": t["vision_language_adapter.w_out.weight"],
    }
    for n in range(v["num_hidden_layers"]):
        at, to = f"vision_encoder.transformer.layers.{n}.", f"{tower}transformer.layers.{n}."
        for name in ("attention_norm", "ffn_norm"):
            out[f"{to}{name}.weight"] = t[f"{at}{name}.weight"]
        for name in "qkvo":
            w = t[f"{at}attention.w{name}.weight"]
            out[f"{to}attention.{name}_proj.weight"] = halves(w, v["num_attention_heads"]) if name in "qk" else w
        for a, b in FFN.items():
            out[f"{to}feed_forward.{b}.weight"] = t[f"{at}feed_forward.{a}.weight"]
    return out


def load(folder):
    """-> Mistral3ForConditionalGeneration in float32 with the stored weights."""
    folder = pathlib.Path(folder)
    p = json.loads((folder / "params.json").read_text())
    t = {k: v.float() for k, v in load_file(folder / "consolidated.safetensors").items()}
    v = p.get("vision_encoder")
    config = Mistral3Config(
        text_config=text_config(p),
        vision_config=vision_config(v),
        image_token_index=10,
        spatial_merge_size=v["spatial_merge_size"] if v else 2,
        multimodal_projector_bias=False,
        tie_word_embeddings=p["tied_embeddings"],
    )
    model = Mistral3ForConditionalGeneration(config).float().eval()
    state = {f"model.language_model.{k}": v for k, v in text_state(t, p).items()}
    state["lm_head.weight"] = t["output.weight"]
    if v:
        state |= vision_state(t, v)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if not v:
        missing = [m for m in missing if "vision_tower" not in m and "multi_modal_projector" not in m]
    if missing or unexpected:
        raise SystemExit(f"state dict: missing {missing}, unexpected {unexpected}")
    return model


def pictures_argument(pictures):
    """Prepared pictures [3, H, W] -> what transformers takes: one padded batch and the real sizes."""
    if not pictures:
        return {}
    sizes = torch.tensor([p.shape[1:] for p in pictures])
    height, width = sizes.max(0).values.tolist()
    batch = torch.zeros(len(pictures), 3, height, width)
    for out, p in zip(batch, pictures):
        out[:, : p.shape[1], : p.shape[2]] = p
    return {"pixel_values": batch, "image_sizes": sizes}
