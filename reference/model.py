# SPDX-License-Identifier: Apache-2.0
"""MODEL.md, executable: Mistral Small 4's text model in numpy, float32, one sequence, no cache.

    python reference/model.py DIRECTORY 1,22177,1044 [--position N] [--mscale]   top logits of a native checkpoint
    python reference/model.py --check                     itself against the native goldens of tests/golden/model

Function names are the section titles of MODEL.md. Letters: T tokens, D hidden, H heads, Q query latent,
C latent, R rope, N nope, V value head, E experts, K experts a token, F expert width, W vocabulary.
"""

import json
import math
import pathlib
import sys

import numpy as np

F32 = np.float32


def rms_norm(x, weight, eps):  # [T, D], [D]
    return x * (F32(1) / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + F32(eps))) * weight


def frequencies(params):
    """[R/2], float32. MUST MATCH EXACTLY, in this order of float32 roundings."""
    dim, theta = params["qk_rope_head_dim"], params["rope_theta"]
    exponents = np.arange(0, dim, 2, dtype=F32) / F32(dim)
    powers = np.power(np.float64(theta), exponents.astype(np.float64)).astype(F32)  # theta^(2i/R), rounded once
    yarn = params.get("yarn")
    if not yarn or yarn["factor"] == 1:
        return F32(1) / powers
    original = yarn["original_max_position_embeddings"]
    turn = lambda rotations: dim * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(theta))
    low = max(math.floor(turn(yarn["beta"])), 0)
    high = min(math.ceil(turn(yarn["alpha"])), dim - 1)
    high = high + 0.001 if low == high else high
    ramp = np.clip((np.arange(dim // 2, dtype=F32) - F32(low)) / F32(high - low), F32(0), F32(1))
    keep = F32(1) - ramp
    return F32(1) / (F32(yarn["factor"]) * powers) * (F32(1) - keep) + F32(1) / powers * keep


def rotate(x, positions, inverse):  # [T, heads, R]: pairs (2i, 2i+1) turn by position · frequency
    angle = positions.astype(F32)[:, None] * inverse  # MUST MATCH EXACTLY: one float32 rounding
    cos, sin = np.cos(angle.astype(np.float64)), np.sin(angle.astype(np.float64))
    cos, sin = cos.astype(F32)[:, None], sin.astype(F32)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * cos - odd * sin, odd * cos + even * sin], axis=-1).reshape(x.shape)


def query_scale(positions, params):  # [T]
    scaling = params["llama_4_scaling"]
    steps = np.floor(positions.astype(F32) / F32(scaling["original_max_position_embeddings"]))
    return F32(1) + F32(scaling["beta"]) * np.log(F32(1) + steps)


def softmax_scale(params, mscale):
    scale = (params["qk_nope_head_dim"] + params["qk_rope_head_dim"]) ** -0.5
    return scale * (0.1 * math.log(params["yarn"]["factor"]) + 1) ** 2 if mscale else scale


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(h, positions, w, params, mscale):  # expanded form
    heads, n, r, v = (params[k] for k in ("n_heads", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"))
    c, eps, t = params["kv_lora_rank"], params["norm_eps"], len(h)
    if params["q_lora_rank"]:
        q = rms_norm(h @ w["wq_a"].T, w["q_a_norm"], eps) @ w["wq_b"].T
    else:
        q = h @ w["wq"].T
    q = q.reshape(t, heads, n + r)
    kv = h @ w["wkv_a_with_mqa"].T
    latent, k_rope = rms_norm(kv[:, :c], w["kv_a_norm"], eps), kv[:, c:]  # the rope part is not normed
    kv_b = (latent @ w["wkv_b"].T).reshape(t, heads, n + v)
    inverse = frequencies(params)
    q = np.concatenate([q[..., :n], rotate(q[..., n:], positions, inverse)], axis=-1)
    q = q * query_scale(positions, params)[:, None, None]
    k_rope = rotate(k_rope[:, None], positions, inverse)  # one for all heads
    k = np.concatenate([kv_b[..., :n], np.broadcast_to(k_rope, (t, heads, r))], axis=-1)
    scores = np.einsum("thd,shd->hts", q, k) * F32(softmax_scale(params, mscale))
    scores = np.where(np.tril(np.ones((t, t), bool)), scores, -np.inf)
    mixed = np.einsum("hts,shv->thv", softmax(scores), kv_b[..., n:])
    return mixed.reshape(t, heads * v) @ w["wo"].T


def feed_forward(x, w1, w2, w3):
    gate = x @ w1.T
    return (gate / (F32(1) + np.exp(-gate)) * (x @ w3.T)) @ w2.T


def route(h, gate, moe):  # chosen experts [T, K] and their weights
    p = softmax(h @ gate.T)
    groups, kept = moe["num_expert_groups"], moe["num_expert_groups_per_tok"]
    grouped = p.reshape(len(p), groups, -1)
    best = np.sort(grouped, axis=-1)[..., -2:].sum(axis=-1)  # the two best of each group
    dropped = np.argsort(-best, axis=-1, kind="stable")[:, kept:]
    masked = grouped.copy()
    np.put_along_axis(masked, dropped[..., None], F32(0), axis=1)
    chosen = np.argsort(-masked.reshape(p.shape), axis=-1, kind="stable")[:, : moe["num_experts_per_tok"]]
    weights = np.take_along_axis(p, chosen, axis=-1)
    return chosen, weights / (weights.sum(axis=-1, keepdims=True) + F32(1e-20)) * F32(moe["routed_scale"])


def experts(h, get, moe):
    chosen, weights = route(h, get("gate"), moe)
    out = np.zeros_like(h)
    for e in np.unique(chosen):
        rows, slots = np.nonzero(chosen == e)
        y = feed_forward(h[rows], *(get(f"experts.{e}.{m}") for m in ("w1", "w2", "w3")))
        out[rows] += y * weights[rows, slots, None]
    if moe["num_shared_experts"]:
        out += feed_forward(h, *(get(f"shared_experts.{m}") for m in ("w1", "w2", "w3")))
    return out


def forward(get, params, tokens, first_position=0, mscale=False):  # logits [T, W]
    positions, eps = np.arange(first_position, first_position + len(tokens)), params["norm_eps"]
    x = get("tok_embeddings")[tokens]
    names = ("wq_a", "q_a_norm", "wq_b") if params["q_lora_rank"] else ("wq",)
    names += ("wkv_a_with_mqa", "kv_a_norm", "wkv_b", "wo")
    for n in range(params["n_layers"]):
        layer = lambda name, n=n: get(f"layers.{n}.{name}")
        weights = {k: layer("attention." + k) for k in names}
        x = x + attention(rms_norm(x, layer("attention_norm"), eps), positions, weights, params, mscale)
        h = rms_norm(x, layer("ffn_norm"), eps)
        if n < params["moe"]["first_k_dense_replace"]:
            x = x + feed_forward(h, *(layer(f"feed_forward.{m}") for m in ("w1", "w2", "w3")))
        else:
            x = x + experts(h, layer, params["moe"])
    return rms_norm(x, get("norm"), eps) @ get("output").T


def native_weights(directory):
    """Decoded weights by name without ".weight": BF16, FP8 · scale, NVFP4 / divisor."""
    from safetensors.torch import load_file
    import torch

    tensors = {}
    for file in sorted(pathlib.Path(directory).glob("consolidated*.safetensors")):
        tensors |= load_file(file)
    number = lambda name: tensors[name].to(torch.float32).numpy()
    e2m1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], F32)

    def get(name):
        if name + ".weight_packed" in tensors:
            packed = tensors[name + ".weight_packed"].numpy()
            codes = np.stack([packed & 15, packed >> 4], axis=-1).reshape(len(packed), -1)
            return (
                e2m1[codes] * np.repeat(number(name + ".weight_scale"), 16, 1) / number(name + ".weight_global_scale")
            )
        value = number(name + ".weight")
        return value * number(name + ".qscale_weight") if name + ".qscale_weight" in tensors else value

    return get


def check():
    """This file against the goldens that transformers made."""
    from decoded import Files
    from synthetic import Options

    for path in sorted((pathlib.Path(__file__).parent.parent / "tests/golden/model/logits").glob("*.json")):
        golden = json.loads(path.read_text())
        o = Options(**golden["options"])
        if o.layout != "native" or o.hidden > 1000:
            continue
        params = {
            "n_layers": o.layers,
            "n_heads": o.heads,
            "q_lora_rank": o.q_rank,
            "kv_lora_rank": o.kv_rank,
            "qk_nope_head_dim": o.nope,
            "qk_rope_head_dim": o.rope,
            "v_head_dim": o.v,
            "norm_eps": 1e-6,
            "rope_theta": 10000.0,
            "yarn": {
                "factor": o.rope_factor,
                "original_max_position_embeddings": o.original_positions,
                "beta": 32,
                "alpha": 1,
            },
            "llama_4_scaling": {"beta": 0.1, "original_max_position_embeddings": o.original_positions},
            "moe": {
                "num_expert_groups": o.groups,
                "num_expert_groups_per_tok": o.groups_per_token,
                "num_experts_per_tok": o.experts_per_token,
                "routed_scale": o.routed_scale,
                "num_shared_experts": o.shared,
                "first_k_dense_replace": o.dense_layers,
            },
        }
        files, cache = Files(o), {}

        def get(name):
            if name not in cache:
                cache[name] = files.native(name + ".weight")
            return cache[name]

        for run in golden["runs"]:
            logits = forward(get, params, golden["tokens"], run["first_position"], run["mscale"])
            got = logits[np.ix_(golden["rows"], golden["columns"])]
            error = np.abs(got - np.array(run["logits"])).max() / run["max_abs"]
            print(
                f"{path.stem:24} position {run['first_position']:6} mscale {run['mscale']!s:5} "
                f"relative error {error:.1e}"
            )
            assert error < 1e-4


def main():
    if sys.argv[1] == "--check":
        return check()
    directory, tokens = sys.argv[1], [int(x) for x in sys.argv[2].split(",")]
    position = int(sys.argv[sys.argv.index("--position") + 1]) if "--position" in sys.argv else 0
    params = json.loads((pathlib.Path(directory) / "params.json").read_text())
    for row in forward(native_weights(directory), params, tokens, position, "--mscale" in sys.argv):
        best = np.argsort(-row)[:5]
        print("  ".join(f"{i}: {row[i]:.4f}" for i in best))


if __name__ == "__main__":
    main()
