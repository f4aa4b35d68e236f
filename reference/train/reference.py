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
        "rope_type": "yarn", "type": "yarn", "rope_theta": p["rope_theta"], "factor": float(p["yarn"]["factor"]),
        "original_max_position_embeddings": p["yarn"]["original_max_position_embeddings"],
        "max_position_embeddings": p["max_position_embeddings"], "beta_fast": float(p["yarn"]["beta"]),
        "beta_slow": float(p["yarn"]["alpha"]), "mscale": 1.0, "mscale_all_dim": 1.0,
        "llama_4_scaling_beta": p["llama_4_scaling"]["beta"],
        "partial_rotary_factor": p["qk_rope_head_dim"] / (p["qk_nope_head_dim"] + p["qk_rope_head_dim"]),
    }
    moe = p["moe"]
    return Mistral4Config(
        vocab_size=p["vocab_size"], hidden_size=p["dim"], intermediate_size=p["hidden_dim"],
        moe_intermediate_size=moe["expert_hidden_dim"], num_hidden_layers=p["n_layers"],
        num_attention_heads=p["n_heads"], num_key_value_heads=p["n_kv_heads"],
        n_shared_experts=moe["num_shared_experts"], n_routed_experts=moe["num_experts"],
        num_experts_per_tok=moe["num_experts_per_tok"], routed_scaling_factor=moe["routed_scale"],
        n_group=moe["num_expert_groups"], topk_group=moe["num_expert_groups_per_tok"], norm_topk_prob=True,
        first_k_dense_replace=moe["first_k_dense_replace"], q_lora_rank=p["q_lora_rank"],
        kv_lora_rank=p["kv_lora_rank"], qk_nope_head_dim=p["qk_nope_head_dim"],
        qk_rope_head_dim=p["qk_rope_head_dim"], v_head_dim=p["v_head_dim"], rms_norm_eps=p["norm_eps"],
        max_position_embeddings=p["max_position_embeddings"], rope_interleave=True, rope_parameters=rope,
        tie_word_embeddings=p["tied_embeddings"], bos_token_id=1, eos_token_id=2, pad_token_id=11)


NAMES = {"wq_a": "q_a_proj", "q_a_norm": "q_a_layernorm", "wq_b": "q_b_proj", "wkv_b": "kv_b_proj",
         "wkv_a_with_mqa": "kv_a_proj_with_mqa", "kv_a_norm": "kv_a_layernorm", "wo": "o_proj"}
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
            [torch.cat((t[e + "w1.weight"], t[e + "w3.weight"])) for e in experts])
        out[to + "mlp.experts.down_proj"] = torch.stack([t[e + "w2.weight"] for e in experts])
    return out


def load(folder):
    """-> Mistral3ForConditionalGeneration in float32 with the stored weights (a small unused vision tower)."""
    folder = pathlib.Path(folder)
    p = json.loads((folder / "params.json").read_text())
    t = {k: v.float() for k, v in load_file(folder / "consolidated.safetensors").items()}
    vision = PixtralVisionConfig(hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1,
                                 image_size=28, patch_size=14)
    config = Mistral3Config(text_config=text_config(p), vision_config=vision, image_token_index=10,
                            tie_word_embeddings=p["tied_embeddings"])
    model = Mistral3ForConditionalGeneration(config).float().eval()
    state = {f"model.language_model.{k}": v for k, v in text_state(t, p).items()}
    state["lm_head.weight"] = t["output.weight"]
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [m for m in missing if "vision_tower" not in m and "multi_modal_projector" not in m]
    if missing or unexpected:
        raise SystemExit(f"state dict: missing {missing}, unexpected {unexpected}")
    return model
