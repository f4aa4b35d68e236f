# SPDX-License-Identifier: Apache-2.0
"""The vision part of synthetic checkpoints (the twin of src/synth/vision_layout.cc): which tensors each layout
stores, and the same weights in float32 under the names of transformers' Mistral3 model.
"""

import numpy as np

import generator as gen
from synthetic import Matrix, Options, Stored, gguf_type, plain, text_tensors

TOWER = {  # canonical suffix of a layer: Hugging Face's, GGUF's
    "attention.wq": ("attention.q_proj", "attn_q"),
    "attention.wk": ("attention.k_proj", "attn_k"),
    "attention.wv": ("attention.v_proj", "attn_v"),
    "attention.wo": ("attention.o_proj", "attn_out"),
    "attention_norm": ("attention_norm", "ln1"),
    "ffn_norm": ("ffn_norm", "ln2"),
    "feed_forward.w1": ("feed_forward.gate_proj", "ffn_gate"),
    "feed_forward.w2": ("feed_forward.down_proj", "ffn_down"),
    "feed_forward.w3": ("feed_forward.up_proj", "ffn_up"),
}
OUTER = {  # canonical: Hugging Face's, GGUF's
    "vision_encoder.patch_conv": ("vision_tower.patch_conv", "v.patch_embd"),
    "vision_encoder.ln_pre": ("vision_tower.ln_pre", "v.pre_ln"),
    "pre_mm_projector_norm": ("multi_modal_projector.norm", "mm.input_norm"),
    "patch_merger.merging_layer": ("multi_modal_projector.patch_merger.merging_layer", "mm.patch_merger"),
    "vision_language_adapter.w_in": ("multi_modal_projector.linear_1", "mm.1"),
    "vision_language_adapter.w_out": ("multi_modal_projector.linear_2", "mm.2"),
}


def is_vision(name: str) -> bool:
    return "vision_tower." in name or "multi_modal_projector." in name


def vision_matrices(o: Options) -> list[tuple[Matrix, str, str]]:
    """Every matrix with its names in Hugging Face's and in GGUF's layout, without ".weight"."""
    d, f, text = o.vision_hidden, o.vision_width, o.hidden
    outer_shapes = {
        "vision_encoder.patch_conv": (d, 3 * o.patch * o.patch),
        "vision_encoder.ln_pre": (1, d),
        "pre_mm_projector_norm": (1, d),
        "patch_merger.merging_layer": (d, 4 * d),
        "vision_language_adapter.w_in": (text, d),
        "vision_language_adapter.w_out": (text, text),
    }
    shapes = {"feed_forward.w1": (f, d), "feed_forward.w2": (d, f), "feed_forward.w3": (f, d)}
    out = []

    def add(name, rows, cols, hf, gguf):
        role = "norm" if rows == 1 else "linear"
        out.append((Matrix(name + ".weight", rows, cols, role=role), hf, gguf))

    for name, (hf, gguf) in OUTER.items():
        add(name, *outer_shapes[name], hf, gguf)
    for n in range(o.vision_layers):
        for suffix, (hf, gguf) in TOWER.items():
            shape = (1, d) if suffix.endswith("norm") else shapes.get(suffix, (d, d))
            p = f"transformer.layers.{n}."
            add("vision_encoder." + p + suffix, *shape, "vision_tower." + p + hf, f"v.blk.{n}.{gguf}")
    return out


def vision_tensors(o: Options) -> list[Stored]:
    """Of native and hf."""
    root = "model." if o.prefix == "model.language_model" else ""
    out = []
    for matrix, hf, _ in vision_matrices(o):
        name = matrix.name if o.layout == "native" else root + hf + ".weight"
        out.append(plain(o, name, matrix, "bf16"))
        if "patch_conv" in name:
            out[-1].shape = (o.vision_hidden, 3, o.patch, o.patch)
    return out


def break_row(o: Options) -> Stored:
    """v.token_embd.img_break: a copy of the [IMG_BREAK] row of the embedding, which readers may ignore."""
    count = (12 + 1) * o.hidden
    matrix = Matrix("tok_embeddings.weight", 13, o.hidden, gain=0.5, fan_in=1, role="embedding")
    row = lambda: gen.float_weights(matrix.name, o.seed, count, matrix.spread, "f32")[-4 * o.hidden :]
    return Stored("v.token_embd.img_break", "f32", (o.hidden,), row)


def mmproj_tensors(o: Options) -> list[Stored]:
    out = []
    for matrix, _, gguf in vision_matrices(o):
        out.append(plain(o, gguf + ".weight", matrix, gguf_type(o, matrix, o.vision_type)))
        if gguf == "v.patch_embd":
            out[-1].shape = (o.vision_hidden, 3, o.patch, o.patch)
    return [*out, break_row(o)]


def half_split(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of q or k from interleaved rotary pairs to halves, the order of Hugging Face's files."""
    rows = weight.reshape(heads, -1, 2, weight.shape[1])  # head, pair, which of the two
    return np.ascontiguousarray(rows.transpose(0, 2, 1, 3)).reshape(weight.shape)


def vision_weights(o: Options) -> dict[str, np.ndarray]:
    """Float32 under transformers' names, "model." before them."""
    stored = {t.name: t for t in (mmproj_tensors(o) if o.layout == "gguf" else vision_tensors(o))}
    root = "model." if o.prefix == "model.language_model" else ""
    out = {}
    for matrix, hf, gguf in vision_matrices(o):
        name = {"native": matrix.name, "hf": root + hf + ".weight", "gguf": gguf + ".weight"}[o.layout]
        t = stored[name]
        value = gen.decode(t.make(), t.dtype, int(np.prod(t.shape, dtype=np.int64))).reshape(t.shape)
        if o.layout != "hf" and hf.endswith(("q_proj", "k_proj")):
            value = half_split(value, o.vision_heads)
        out["model." + hf + ".weight"] = value
    return out


def stored_tensors(o: Options) -> list[Stored]:
    """Of the model's files; a gguf's vision part is a file of its own, mmproj_tensors."""
    return text_tensors(o) + (vision_tensors(o) if o.vision and o.layout != "gguf" else [])
