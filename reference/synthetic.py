# SPDX-License-Identifier: Apache-2.0
"""Synthetic checkpoints: which tensors a layout stores, under which names, in which types (the twin of
src/synth/*.cc; specification in docs/formats/synthetic.md).

`text_tensors(options)` gives what the files hold of the text model; `logical_weights(options)` decodes them to float32 under
the names that transformers' text model uses.
"""

import dataclasses
from typing import Callable

import numpy as np

import generator as gen

F32 = np.float32


@dataclasses.dataclass
class Options:
    layout: str = "native"  # native, hf, gguf
    type: str = "bf16"
    seed: int = 1
    layers: int = 4
    hidden: int = 4096
    heads: int = 32
    q_rank: int = 1024
    kv_rank: int = 256
    nope: int = 64
    rope: int = 64
    v: int = 128
    vocabulary: int = 131072
    experts: int = 128
    experts_per_token: int = 4
    shared: int = 1
    expert_width: int = 2048
    dense_layers: int = 0
    dense_width: int = 12288
    groups: int = 1
    groups_per_token: int = 1
    routed_scale: float = 1.0
    original_positions: int = 8192
    rope_factor: float = 128.0
    prefix: str = "model.language_model"  # hf: or language_model.model
    split_experts: bool = False  # gguf
    joint_kv_b: bool = False  # gguf
    architecture: str = "mistral4"  # gguf: or deepseek2
    shards: int = 1
    f32_scales: bool = False  # fp8: F32 [1] instead of BF16 []
    vision: bool = False  # write the vision tower too; gguf: into a file of its own
    vision_type: str = "bf16"  # of that file
    vision_layers: int = 24
    vision_hidden: int = 1024
    vision_heads: int = 16
    vision_width: int = 4096
    image_size: int = 1540
    patch: int = 14

    def given(self) -> dict:
        """The fields that differ from the defaults."""
        default = Options()
        return {k: v for k, v in dataclasses.asdict(self).items() if v != getattr(default, k)}


@dataclasses.dataclass
class Stored:
    """One tensor of a file. `dtype` is ours: a float name, f8_e4m3, u8, or a GGUF block type."""

    name: str
    dtype: str
    shape: tuple  # outermost first
    make: Callable[[], bytes]


@dataclasses.dataclass
class Matrix:
    """A weight by its canonical (native) name."""

    name: str
    rows: int
    cols: int
    gain: float = 1.0
    fan_in: int = 0  # 0: cols
    role: str = "linear"  # linear, expert, router, embedding, head, norm

    @property
    def spread(self):
        return gen.spread_of(self.gain, self.fan_in or self.cols)


def layer_matrices(o: Options, n: int) -> dict[str, Matrix]:
    p = f"layers.{n}."
    out = {
        "attention_norm": Matrix(p + "attention_norm.weight", 1, o.hidden, role="norm"),
        "ffn_norm": Matrix(p + "ffn_norm.weight", 1, o.hidden, role="norm"),
        "wkv_a": Matrix(p + "attention.wkv_a_with_mqa.weight", o.kv_rank + o.rope, o.hidden),
        "kv_a_norm": Matrix(p + "attention.kv_a_norm.weight", 1, o.kv_rank, role="norm"),
        "wkv_b": Matrix(p + "attention.wkv_b.weight", o.heads * (o.nope + o.v), o.kv_rank),
        "wk_b": Matrix(p + "attention.wk_b.weight", o.heads * o.kv_rank, o.nope, fan_in=o.kv_rank),
        "wv_b": Matrix(p + "attention.wv_b.weight", o.heads * o.v, o.kv_rank),
        "wo": Matrix(p + "attention.wo.weight", o.hidden, o.heads * o.v),
    }
    if o.q_rank:
        out["wq_a"] = Matrix(p + "attention.wq_a.weight", o.q_rank, o.hidden)
        out["q_a_norm"] = Matrix(p + "attention.q_a_norm.weight", 1, o.q_rank, role="norm")
        out["wq_b"] = Matrix(p + "attention.wq_b.weight", o.heads * (o.nope + o.rope), o.q_rank)
    else:
        out["wq"] = Matrix(p + "attention.wq.weight", o.heads * (o.nope + o.rope), o.hidden)
    if n >= o.dense_layers:
        out["gate"] = Matrix(p + "gate.weight", o.experts, o.hidden, gain=2.0, role="router")
    return out


def feed_forward(o: Options, prefix: str, width: int) -> dict[str, Matrix]:
    return {
        "w1": Matrix(prefix + ".w1.weight", width, o.hidden, role="expert"),
        "w2": Matrix(prefix + ".w2.weight", o.hidden, width, gain=2.0, role="expert"),
        "w3": Matrix(prefix + ".w3.weight", width, o.hidden, role="expert"),
    }


def experts_of(o: Options, n: int) -> list[dict[str, Matrix]]:
    return [feed_forward(o, f"layers.{n}.experts.{e}", o.expert_width) for e in range(o.experts)]


def shared_of(o: Options, n: int):
    return feed_forward(o, f"layers.{n}.shared_experts", o.shared * o.expert_width) if o.shared else None


def dense_of(o: Options, n: int):
    return feed_forward(o, f"layers.{n}.feed_forward", o.dense_width)


def outer_matrices(o: Options) -> dict[str, Matrix]:
    return {
        "embedding": Matrix("tok_embeddings.weight", o.vocabulary, o.hidden, gain=0.5, fan_in=1, role="embedding"),
        "norm": Matrix("norm.weight", 1, o.hidden, role="norm"),
        "head": Matrix("output.weight", o.vocabulary, o.hidden, gain=3.0, role="head"),
    }


def plain(o: Options, name: str, matrix: Matrix, dtype: str) -> Stored:
    count = matrix.rows * matrix.cols
    if matrix.role == "norm":
        return Stored(name, dtype, (matrix.cols,), lambda: gen.norm_weights(matrix.name, o.seed, count, dtype))
    if dtype in gen.FLOATS:
        make = lambda: gen.float_weights(matrix.name, o.seed, count, matrix.spread, dtype)
    elif dtype == "f8_e4m3":
        make = lambda: gen.e4m3_weights(matrix.name, o.seed, count)
    else:
        make = lambda: gen.block_weights(matrix.name, o.seed, count, matrix.spread, dtype)
    return Stored(name, dtype, (matrix.rows, matrix.cols), make)


def stacked(name: str, parts: list[Stored], shape: tuple) -> Stored:
    return Stored(name, parts[0].dtype, shape, lambda: b"".join(part.make() for part in parts))


def scalars(name: str, values: list, shape: tuple, dtype: str) -> Stored:
    return Stored(name, dtype, shape, lambda: gen.encode_floats(np.array(values, F32), dtype))


# ---- native and Hugging Face


def scale_type(o: Options):
    return ("f32", (1,)) if o.f32_scales else ("bf16", ())


def with_scales(o: Options, name: str, matrix: Matrix, suffixes: tuple[str, str], dtype: str) -> list[Stored]:
    """A matrix in the checkpoint's main type with its scales beside it."""
    if dtype == "fp8":
        scale_dtype, shape = scale_type(o)
        base = name.removesuffix(".weight")
        return [
            plain(o, name, matrix, "f8_e4m3"),
            scalars(base + suffixes[0], [gen.e4m3_scale(matrix.name, o.seed, matrix.spread)], shape, scale_dtype),
            scalars(base + suffixes[1], [gen.activation_scale(matrix.name, o.seed)], shape, scale_dtype),
        ]
    if dtype == "nvfp4":
        base, r, c = name.removesuffix(".weight"), matrix.rows, matrix.cols
        input_type = "bf16" if "shared" in name else "f32"
        return [
            Stored(
                base + ".weight_packed",
                "u8",
                (r, c // 2),
                lambda: gen.packed_weights(matrix.name, o.seed, r, c),
            ),
            Stored(
                base + ".weight_scale",
                "f8_e4m3",
                (r, c // 16),
                lambda: gen.packed_block_scales(matrix.name, o.seed, r, c),
            ),
            scalars(
                base + ".weight_global_scale",
                [gen.packed_divisor(matrix.name, o.seed, matrix.spread)],
                (1,),
                "f32",
            ),
            scalars(base + ".input_global_scale", [gen.activation_scale(matrix.name, o.seed)], (1,), input_type),
        ]
    return [plain(o, name, matrix, dtype)]


NATIVE_SCALES = (".qscale_weight", ".qscale_act")
HF_SCALES = (".weight_scale_inv", ".activation_scale")


def native_tensors(o: Options) -> list[Stored]:
    wide = o.type if o.type in gen.FLOATS else "bf16"
    attention = "fp8" if o.type == "fp8" else wide
    outer = outer_matrices(o)
    out = [plain(o, outer[k].name, outer[k], wide) for k in ("embedding", "norm", "head")]
    for n in range(o.layers):
        for key, m in layer_matrices(o, n).items():
            if key in ("wk_b", "wv_b"):
                continue
            dtype = attention if m.role == "linear" else wide
            out += with_scales(o, m.name, m, NATIVE_SCALES, dtype)
        groups = [dense_of(o, n)] if n < o.dense_layers else [*experts_of(o, n), shared_of(o, n)]
        for group in filter(None, groups):
            for m in group.values():
                out += with_scales(o, m.name, m, NATIVE_SCALES, o.type)
    return out


HF_NAMES = {
    "attention_norm": "input_layernorm.weight",
    "ffn_norm": "post_attention_layernorm.weight",
    "wq": "self_attn.q_proj.weight",
    "wq_a": "self_attn.q_a_proj.weight",
    "q_a_norm": "self_attn.q_a_layernorm.weight",
    "wq_b": "self_attn.q_b_proj.weight",
    "wkv_a": "self_attn.kv_a_proj_with_mqa.weight",
    "kv_a_norm": "self_attn.kv_a_layernorm.weight",
    "wkv_b": "self_attn.kv_b_proj.weight",
    "wo": "self_attn.o_proj.weight",
    "gate": "mlp.gate.weight",
}
HF_PROJECTIONS = {"w1": "gate_proj.weight", "w2": "down_proj.weight", "w3": "up_proj.weight"}


def hf_experts(o: Options, p: str, n: int) -> list[Stored]:
    e, d, f = o.experts, o.hidden, o.expert_width
    experts = experts_of(o, n)
    dtype = "f8_e4m3" if o.type == "fp8" else o.type
    gate_up = [plain(o, "", m, dtype) for x in experts for m in (x["w1"], x["w3"])]
    down = [plain(o, "", x["w2"], dtype) for x in experts]
    out = [
        stacked(p + "mlp.experts.gate_up_proj", gate_up, (e, 2 * f, d)),
        stacked(p + "mlp.experts.down_proj", down, (e, d, f)),
    ]
    if o.type == "fp8":
        for name, key in (("gate_up_proj", "w1"), ("down_proj", "w2")):  # gate and up share gate's scale
            ms = [x[key] for x in experts]
            out.append(
                scalars(
                    p + f"mlp.experts.{name}_scale_inv",
                    [gen.e4m3_scale(m.name, o.seed, m.spread) for m in ms],
                    (e, 1, 1),
                    scale_type(o)[0],
                )
            )
            out.append(
                scalars(
                    p + f"mlp.experts.{name}_activation_scale",
                    [gen.activation_scale(m.name, o.seed) for m in ms],
                    (e,),
                    scale_type(o)[0],
                )
            )
    return out


def hf_tensors(o: Options) -> list[Stored]:
    wide = o.type if o.type in gen.FLOATS else "bf16"
    outer = outer_matrices(o)
    head = "language_model.lm_head.weight" if o.prefix == "language_model.model" else "lm_head.weight"
    out = [
        plain(o, o.prefix + ".embed_tokens.weight", outer["embedding"], wide),
        plain(o, o.prefix + ".norm.weight", outer["norm"], wide),
        plain(o, head, outer["head"], wide),
    ]
    for n in range(o.layers):
        p = f"{o.prefix}.layers.{n}."
        for key, m in layer_matrices(o, n).items():
            if key in HF_NAMES:
                out += with_scales(o, p + HF_NAMES[key], m, HF_SCALES, o.type if m.role == "linear" else wide)
        if n < o.dense_layers:
            for key, m in dense_of(o, n).items():
                out += with_scales(o, p + "mlp." + HF_PROJECTIONS[key], m, HF_SCALES, o.type)
            continue
        out += hf_experts(o, p, n)
        for key, m in (shared_of(o, n) or {}).items():
            out += with_scales(o, p + "mlp.shared_experts." + HF_PROJECTIONS[key], m, HF_SCALES, o.type)
    return out


# ---- GGUF

FALLBACK = {
    "q2_k": "q4_0",
    "q3_k": "q4_0",
    "tq1_0": "q4_0",
    "tq2_0": "q4_0",
    "q4_k": "q5_0",
    "q5_k": "q5_1",
    "q6_k": "q8_0",
    "nvfp4": "q8_0",
}  # the IQ types fall back to iq4_nl


def gguf_type(o: Options, matrix: Matrix, dtype: str = "") -> str:
    """As the published quantiser chooses: rows that are no multiple of the block get a narrower block."""
    if matrix.role in ("norm", "router"):
        return "f32"
    dtype = dtype or o.type
    if matrix.role == "head" and dtype not in (*gen.FLOATS, "q8_0"):
        dtype = "q6_k"
    if dtype in gen.FLOATS:
        return dtype
    if matrix.cols % gen.BLOCKS[dtype][0]:
        dtype = FALLBACK.get(dtype, "iq4_nl")
    return "f16" if matrix.cols % gen.BLOCKS[dtype][0] else dtype


GGUF_NAMES = {
    "attention_norm": "attn_norm",
    "ffn_norm": "ffn_norm",
    "wq": "attn_q",
    "wq_a": "attn_q_a",
    "q_a_norm": "attn_q_a_norm",
    "wq_b": "attn_q_b",
    "wkv_a": "attn_kv_a_mqa",
    "kv_a_norm": "attn_kv_a_norm",
    "wkv_b": "attn_kv_b",
    "wk_b": "attn_k_b",
    "wv_b": "attn_v_b",
    "wo": "attn_output",
    "gate": "ffn_gate_inp",
}


def gguf_stack(o: Options, name: str, matrices: list[Matrix], shape: tuple) -> Stored:
    return stacked(name, [plain(o, "", m, gguf_type(o, m)) for m in matrices], shape)


def gguf_tensors(o: Options) -> list[Stored]:
    outer = outer_matrices(o)
    names = {"embedding": "token_embd.weight", "norm": "output_norm.weight", "head": "output.weight"}
    out = [plain(o, names[k], m, gguf_type(o, m)) for k, m in outer.items()]
    e, d, f = o.experts, o.hidden, o.expert_width
    for n in range(o.layers):
        p = f"blk.{n}."
        for key, m in layer_matrices(o, n).items():
            if key in (("wk_b", "wv_b") if o.joint_kv_b else ("wkv_b",)):
                continue
            stored = plain(o, p + GGUF_NAMES[key] + ".weight", m, gguf_type(o, m))
            if key in ("wk_b", "wv_b"):
                stored.shape = (o.heads, m.rows // o.heads, m.cols)
            out.append(stored)
        if n < o.dense_layers:
            for key, m in dense_of(o, n).items():
                name = {"w1": "ffn_gate", "w2": "ffn_down", "w3": "ffn_up"}[key]
                out.append(plain(o, p + name + ".weight", m, gguf_type(o, m)))
            continue
        experts = experts_of(o, n)
        if o.split_experts:
            out.append(gguf_stack(o, p + "ffn_gate_exps.weight", [x["w1"] for x in experts], (e, f, d)))
            out.append(gguf_stack(o, p + "ffn_up_exps.weight", [x["w3"] for x in experts], (e, f, d)))
        else:
            both = [m for x in experts for m in (x["w1"], x["w3"])]
            out.append(gguf_stack(o, p + "ffn_gate_up_exps.weight", both, (e, 2 * f, d)))
        out.append(gguf_stack(o, p + "ffn_down_exps.weight", [x["w2"] for x in experts], (e, d, f)))
        for key, m in (shared_of(o, n) or {}).items():
            name = {"w1": "ffn_gate_shexp", "w2": "ffn_down_shexp", "w3": "ffn_up_shexp"}[key]
            out.append(plain(o, p + name + ".weight", m, gguf_type(o, m)))
    return out


def text_tensors(o: Options) -> list[Stored]:
    return {"native": native_tensors, "hf": hf_tensors, "gguf": gguf_tensors}[o.layout](o)
