# SPDX-License-Identifier: Apache-2.0
"""Stored tensors of a synthetic checkpoint as float32 weights of transformers' Mistral4 text model.

FP8: float32(code) · float32(scale). NVFP4: e2m1 · block / divisor. GGUF blocks: gguf-py's decoder.
"""

import numpy as np

import generator as gen
from synthetic import HF_NAMES, Options, Stored, experts_of, gguf_type, plain
from synthetic_vision import is_vision, stored_tensors

F32 = np.float32


class Files:
    """Stored tensors by name, decoded on demand."""

    def __init__(self, o: Options):
        self.tensors: dict[str, Stored] = {t.name: t for t in stored_tensors(o)}

    def raw(self, name: str) -> np.ndarray:
        t = self.tensors[name]
        return gen.decode(t.make(), t.dtype, int(np.prod(t.shape, dtype=np.int64))).reshape(t.shape)

    def native(self, name: str) -> np.ndarray:
        base = name.removesuffix(".weight")
        if base + ".weight_packed" in self.tensors:
            packed = self.tensors[base + ".weight_packed"]
            data = np.frombuffer(packed.make(), np.uint8).reshape(packed.shape)
            codes = np.stack([data & 15, data >> 4], axis=-1).reshape(packed.shape[0], -1)
            block = np.repeat(self.raw(base + ".weight_scale"), 16, axis=1)
            return gen.E2M1[codes] * block / self.raw(base + ".weight_global_scale")
        return self.scaled(name, base + ".qscale_weight")

    def scaled(self, name: str, scale: str) -> np.ndarray:
        value = self.raw(name)
        return value * self.raw(scale) if scale in self.tensors else value


def from_native(o: Options) -> dict[str, np.ndarray]:
    files = Files(o)
    out = {
        "model.embed_tokens.weight": files.native("tok_embeddings.weight"),
        "model.norm.weight": files.native("norm.weight"),
        "lm_head.weight": files.native("output.weight"),
    }
    own = {
        "attention_norm": "attention_norm",
        "ffn_norm": "ffn_norm",
        "wq": "attention.wq",
        "wq_a": "attention.wq_a",
        "q_a_norm": "attention.q_a_norm",
        "wq_b": "attention.wq_b",
        "wkv_a": "attention.wkv_a_with_mqa",
        "kv_a_norm": "attention.kv_a_norm",
        "wkv_b": "attention.wkv_b",
        "wo": "attention.wo",
        "gate": "gate",
    }
    for n in range(o.layers):
        p, q = f"layers.{n}.", f"model.layers.{n}."
        for key, name in own.items():
            if p + name + ".weight" in files.tensors:
                out[q + HF_NAMES[key]] = files.native(p + name + ".weight")
        group = lambda x: [files.native(f"{p}{x}.{w}.weight") for w in ("w1", "w3", "w2")]
        if n < o.dense_layers:
            gate, up, down = group("feed_forward")
            out |= {
                q + "mlp.gate_proj.weight": gate,
                q + "mlp.up_proj.weight": up,
                q + "mlp.down_proj.weight": down,
            }
            continue
        experts = [group(f"experts.{e}") for e in range(o.experts)]
        out[q + "mlp.experts.gate_up_proj"] = np.stack([np.concatenate([g, u]) for g, u, _ in experts])
        out[q + "mlp.experts.down_proj"] = np.stack([d for _, _, d in experts])
        if o.shared:
            gate, up, down = group("shared_experts")
            s = q + "mlp.shared_experts."
            out |= {s + "gate_proj.weight": gate, s + "up_proj.weight": up, s + "down_proj.weight": down}
    return out


def from_hf(o: Options) -> dict[str, np.ndarray]:
    files = Files(o)
    out = {}
    for name in files.tensors:
        if name.endswith(("scale_inv", "activation_scale")) or is_vision(name):
            continue
        base = name.removesuffix(".weight")
        scale = base + ("_scale_inv" if name == base else ".weight_scale_inv")
        target = name.removeprefix(o.prefix + ".")
        target = "lm_head.weight" if "lm_head" in name else "model." + target
        out[target] = files.scaled(name, scale)
    return out


def chosen_experts(o: Options, n: int, chosen: list[int]) -> dict[str, np.ndarray]:
    """Fused experts of layer n with the others left as untouched (and thus unallocated) zeros."""
    gate_up = np.zeros((o.experts, 2 * o.expert_width, o.hidden), F32)
    down = np.zeros((o.experts, o.hidden, o.expert_width), F32)
    experts = experts_of(o, n)

    def decode(matrix):
        stored = plain(o, "", matrix, gguf_type(o, matrix))
        return gen.decode(stored.make(), stored.dtype, matrix.rows * matrix.cols).reshape(stored.shape)

    for e in chosen:
        gate_up[e, : o.expert_width] = decode(experts[e]["w1"])
        gate_up[e, o.expert_width :] = decode(experts[e]["w3"])
        down[e] = decode(experts[e]["w2"])
    p = f"model.layers.{n}.mlp.experts."
    return {p + "gate_up_proj": gate_up, p + "down_proj": down}


def from_gguf(o: Options, only_experts: list[int] | None = None) -> dict[str, np.ndarray]:
    files = Files(o)
    raw = lambda name: files.raw(name + ".weight")
    out = {
        "model.embed_tokens.weight": raw("token_embd"),
        "model.norm.weight": raw("output_norm"),
        "lm_head.weight": raw("output"),
    }
    own = {
        "attn_norm": "attention_norm",
        "ffn_norm": "ffn_norm",
        "attn_q": "wq",
        "attn_q_a": "wq_a",
        "attn_q_a_norm": "q_a_norm",
        "attn_q_b": "wq_b",
        "attn_kv_a_mqa": "wkv_a",
        "attn_kv_a_norm": "kv_a_norm",
        "attn_kv_b": "wkv_b",
        "attn_output": "wo",
        "ffn_gate_inp": "gate",
    }
    for n in range(o.layers):
        p, q = f"blk.{n}.", f"model.layers.{n}."
        for name, key in own.items():
            if p + name + ".weight" in files.tensors:
                out[q + HF_NAMES[key]] = raw(p + name)
        if not o.joint_kv_b:  # k_b is [H, C, N]: the transpose of kv_b's k_nope rows
            k, v = raw(p + "attn_k_b").transpose(0, 2, 1), raw(p + "attn_v_b")
            out[q + HF_NAMES["wkv_b"]] = np.concatenate([k, v], axis=1).reshape(-1, o.kv_rank)
        tails = {"gate": "gate_proj", "up": "up_proj", "down": "down_proj"}
        if n < o.dense_layers:
            out |= {f"{q}mlp.{t}.weight": raw(f"{p}ffn_{s}") for s, t in tails.items()}
            continue
        if only_experts is None:
            out[q + "mlp.experts.gate_up_proj"] = (
                np.concatenate([raw(p + "ffn_gate_exps"), raw(p + "ffn_up_exps")], axis=1)
                if o.split_experts
                else raw(p + "ffn_gate_up_exps")
            )
            out[q + "mlp.experts.down_proj"] = raw(p + "ffn_down_exps")
        else:
            out |= chosen_experts(o, n, only_experts)
        if o.shared:
            out |= {f"{q}mlp.shared_experts.{t}.weight": raw(f"{p}ffn_{s}_shexp") for s, t in tails.items()}
    return out


def logical_weights(o: Options, only_experts: list[int] | None = None) -> dict[str, np.ndarray]:
    if only_experts is not None:
        return from_gguf(o, only_experts)
    return {"native": from_native, "hf": from_hf, "gguf": from_gguf}[o.layout](o)
