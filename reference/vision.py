# SPDX-License-Identifier: Apache-2.0
"""MODEL.md's "Eyes" in numpy: a Pixtral tower with its projector, one picture at a time.

Run as `python reference/vision.py --check`, against the goldens that transformers made.
"""

import json
import pathlib
import sys

import numpy as np

from model import F32, feed_forward, rms_norm, softmax

TOWER_EPS = 1e-5


def erf(x):
    import torch

    return torch.erf(torch.from_numpy(np.ascontiguousarray(x))).numpy()


def patches_of(pixels, patch):  # [3, height, width] → [n, 3 · patch²]
    channels, height, width = pixels.shape
    grid = pixels.reshape(channels, height // patch, patch, width // patch, patch)
    return grid.transpose(1, 3, 0, 2, 4).reshape(-1, channels * patch * patch)


def angles(height, width, dim, theta):  # [n, dim / 2], float32. MUST MATCH EXACTLY
    exponents = np.arange(0, dim, 2, dtype=F32) / F32(dim)
    frequencies = F32(1) / np.power(np.float64(theta), exponents.astype(np.float64)).astype(F32)
    rows, columns = np.divmod(np.arange(height * width), width)
    by_row = rows.astype(F32)[:, None] * frequencies[0::2]
    by_column = columns.astype(F32)[:, None] * frequencies[1::2]
    return np.concatenate([by_row, by_column], axis=1)


def rotate(x, angle):  # [n, heads, dim]: neighbours turn, as in native files
    cos, sin = (f(angle.astype(np.float64)).astype(F32)[:, None] for f in (np.cos, np.sin))
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * cos - odd * sin, odd * cos + even * sin], axis=-1).reshape(x.shape)


def attention(h, angle, w, heads):
    n, width = h.shape
    q, k, v = ((h @ w[m].T).reshape(n, heads, -1) for m in ("wq", "wk", "wv"))
    q, k = rotate(q, angle), rotate(k, angle)
    scores = np.einsum("thd,shd->hts", q, k) * F32(q.shape[-1] ** -0.5)
    return np.einsum("hts,shd->thd", softmax(scores), v).reshape(n, width) @ w["wo"].T


def join(y, height, width):  # [n, Dv] → [n / 4, 4 Dv]. MUST MATCH EXACTLY: channel-major
    grid = y.reshape(height // 2, 2, width // 2, 2, -1)
    return grid.transpose(0, 2, 4, 1, 3).reshape(height * width // 4, -1)


def eyes(get, pixels, patch, heads, layers, text_eps, theta=10000.0):  # rows [n / 4, D]
    height, width = pixels.shape[1] // patch, pixels.shape[2] // patch
    conv = get("vision_encoder.patch_conv")
    x = patches_of(pixels, patch) @ conv.reshape(len(conv), -1).T
    x = rms_norm(x, get("vision_encoder.ln_pre"), TOWER_EPS)
    angle = angles(height, width, x.shape[1] // heads, theta)
    for n in range(layers):
        layer = lambda name, n=n: get(f"vision_encoder.transformer.layers.{n}.{name}")
        weights = {m: layer("attention." + m) for m in ("wq", "wk", "wv", "wo")}
        x = x + attention(rms_norm(x, layer("attention_norm"), TOWER_EPS), angle, weights, heads)
        h = rms_norm(x, layer("ffn_norm"), TOWER_EPS)
        x = x + feed_forward(h, *(layer(f"feed_forward.{m}") for m in ("w1", "w2", "w3")))
    y = rms_norm(x, get("pre_mm_projector_norm"), text_eps)
    y = join(y, height, width) @ get("patch_merger.merging_layer").T
    wide = y @ get("vision_language_adapter.w_in").T
    gelu = wide / F32(2) * (F32(1) + erf(wide / np.sqrt(F32(2))))
    return gelu @ get("vision_language_adapter.w_out").T


def check():
    import generator as gen
    from synthetic import Options
    from synthetic_vision import vision_tensors

    for path in sorted((pathlib.Path(__file__).parent.parent / "tests/golden/model/vision").glob("*.json")):
        golden = json.loads(path.read_text())
        o = Options(**golden["options"])
        if o.layout != "native":
            continue
        tensors = {t.name: t for t in vision_tensors(o)}

        def get(name):
            t = tensors[name + ".weight"]
            return gen.decode(t.make(), t.dtype, int(np.prod(t.shape))).reshape(t.shape)

        for i, picture in enumerate(golden["pictures"]):
            shape = (3, picture["height"], picture["width"])
            data = gen.float_weights(f"pixels.{i}", o.seed, int(np.prod(shape)), F32(1), "f32")
            pixels = gen.decode(data, "f32", int(np.prod(shape))).reshape(shape)
            rows = eyes(get, pixels, o.patch, o.vision_heads, o.vision_layers, 1e-6)
            got = rows[np.ix_(picture["rows"], picture["columns"])]
            error = np.abs(got - np.array(picture["values"])).max() / picture["max_abs"]
            print(f"{path.stem:20} {shape[2]}x{shape[1]:<5} relative error {error:.1e}")
            assert error < 1e-5


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    check()
