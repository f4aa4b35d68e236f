# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/model/logits/*.json: logits of synthetic checkpoints by transformers in float32.

    python reference/logits_goldens.py [NAME…]        all of them, or the named ones

A golden says which checkpoint (options of `sirocco synth`), which tokens, and for several first positions and
both softmax scales a few rows and columns of the logits with the largest magnitude of all of them. `variants`
are option changes that store the same weights otherwise, so the same logits must come out.

Each golden is refused if float64 gives logits further than 1e-5 of the maximum away: then two experts are
nearly tied for some token and the comparison would measure luck. Pick another seed.
"""

import dataclasses
import json
import pathlib
import sys

import numpy as np
import torch

import generator as gen
import oracle
from synthetic import Options

OUT = pathlib.Path(__file__).parent.parent / "tests/golden/model/logits"
FULL_OUT = OUT.parent / "all_experts"  # for the full suite
POSITIONS = (0, 8180, 131060, 262000)
NEAR_TIE = 1e-5

PLAIN = dict(
    layers=2,
    hidden=96,
    heads=4,
    q_rank=48,
    kv_rank=32,
    nope=16,
    rope=16,
    v=16,
    vocabulary=300,
    experts=8,
    experts_per_token=2,
    expert_width=64,
    dense_width=112,
)
ODD = dict(
    layers=3,
    hidden=77,
    heads=3,
    q_rank=29,
    kv_rank=21,
    nope=7,
    rope=6,
    v=9,
    vocabulary=113,
    experts=5,
    experts_per_token=3,
    expert_width=37,
    dense_width=51,
)
BLOCKS = dict(
    layers=1,
    hidden=256,
    heads=3,
    q_rank=256,
    kv_rank=96,
    nope=32,
    rope=16,
    v=40,
    vocabulary=192,
    experts=4,
    experts_per_token=2,
    expert_width=256,
    dense_width=256,
)
REAL = dict(layers=1, experts=8, vocabulary=1024)
ALL = dict(layers=1, experts=128, vocabulary=1024)
HF = [dict(layout="hf"), dict(layout="hf", prefix="language_model.model"), dict(layout="hf", shards=3)]
FILES = [
    dict(split_experts=True),
    dict(shards=3),
    dict(architecture="deepseek2", split_experts=True, shards=2),
]


@dataclasses.dataclass
class Golden:
    name: str
    options: dict
    tokens: int = 150
    runs: tuple = tuple((p, m) for p in POSITIONS for m in (False, True))
    variants: tuple = ()


def goldens() -> list[Golden]:
    few = ((0, False), (262000, True))
    one = ((0, False),)
    out = [
        Golden("plain", PLAIN, variants=(dict(shards=2), *HF)),
        Golden("odd", ODD, variants=tuple(HF)),
        Golden(
            "groups",
            PLAIN | dict(experts=12, groups=4, groups_per_token=2, experts_per_token=4, routed_scale=1.5),
            runs=few,
            variants=tuple(HF),
        ),
        Golden("shared-none", PLAIN | dict(shared=0), runs=few, variants=tuple(HF)),
        Golden("shared-two", ODD | dict(shared=2), runs=few, variants=tuple(HF)),
        Golden("dense-first", ODD | dict(dense_layers=2), runs=few, variants=tuple(HF)),
        Golden("no-query-latent", PLAIN | dict(q_rank=0), runs=few, variants=tuple(HF)),
        Golden("other-yarn", PLAIN | dict(original_positions=512, rope_factor=16.0, rope=24), runs=few),
        Golden("native-f32", PLAIN | dict(type="f32"), tokens=70, runs=few, variants=(dict(layout="hf"),)),
        Golden("native-f16", PLAIN | dict(type="f16"), tokens=70, runs=few, variants=(dict(layout="hf"),)),
        Golden("native-fp8", PLAIN | dict(type="fp8"), runs=few, variants=(dict(shards=3),)),
        Golden("native-fp8-f32-scales", ODD | dict(type="fp8", f32_scales=True, dense_layers=1), runs=few),
        Golden("native-nvfp4", PLAIN | dict(type="nvfp4"), runs=few, variants=(dict(shards=3),)),
        Golden("native-nvfp4-dense", PLAIN | dict(type="nvfp4", dense_layers=1, shared=2), runs=few),
        Golden(
            "hf-fp8",
            PLAIN | dict(layout="hf", type="fp8"),
            runs=few,
            variants=(dict(prefix="language_model.model"), dict(shards=3)),
        ),
        Golden(
            "hf-fp8-f32-scales",
            ODD | dict(layout="hf", type="fp8", f32_scales=True, dense_layers=1),
            runs=few,
        ),
        Golden(
            "gguf-odd-f32",
            ODD | dict(layout="gguf", type="f32", dense_layers=1),
            runs=few,
            variants=tuple(FILES),
        ),
        Golden(
            "gguf-joint",
            BLOCKS | dict(layout="gguf", type="q4_k", joint_kv_b=True),
            tokens=70,
            runs=few,
            variants=(dict(split_experts=True),),
        ),
        Golden("gguf-joint-odd", ODD | dict(layout="gguf", type="q8_0", joint_kv_b=True), tokens=70, runs=few),
        Golden(
            "gguf-no-query-latent",
            BLOCKS | dict(layout="gguf", type="q6_k", q_rank=0, shared=2),
            tokens=70,
            runs=few,
        ),
        Golden(
            "gguf-groups",
            BLOCKS
            | dict(layout="gguf", type="q8_0", experts=8, groups=4, groups_per_token=2, layers=2, dense_layers=1),
            tokens=70,
            runs=few,
        ),
    ]
    for dtype in (*gen.FLOATS, *gen.BLOCKS):
        out.append(
            Golden(
                f"gguf-{dtype}",
                BLOCKS | dict(layout="gguf", type=dtype),
                tokens=66,
                runs=one,
                variants=tuple(FILES) + (dict(bare_keys=True),),
            )
        )
    out += [
        Golden("real-bf16", REAL, tokens=4, runs=((131060, False),)),
        Golden("real-fp8", REAL | dict(type="fp8"), tokens=4, runs=((262000, False),)),
        Golden("real-q4_k", REAL | dict(layout="gguf", type="q4_k"), tokens=80, runs=((0, False), (262000, True))),
    ]
    return out


def all_experts() -> list[Golden]:
    """A layer with all 128 experts at the real width: only for the full suite."""
    return [
        Golden("all-experts-q4_k", ALL | dict(layout="gguf", type="q4_k"), tokens=6, runs=((131060, False),)),
        Golden("all-experts-iq3_xxs", ALL | dict(layout="gguf", type="iq3_xxs"), tokens=6, runs=((8180, True),)),
    ]


def chosen(count: int, wanted: int) -> list[int]:
    return sorted({int(x) for x in np.linspace(0, count - 1, min(wanted, count))})


def shorter(value) -> float:
    return float(f"{float(value):.9g}")  # nine digits name a float32


def make(golden: Golden) -> dict:
    o = Options(**golden.options)
    torch.manual_seed(0)
    tokens = [int(x) for x in gen.words(gen.key_of(golden.name, 0), golden.tokens) % np.uint64(o.vocabulary)]
    lean = o.experts > 100  # too large to decode whole: the experts that nobody chose stay zero
    model = oracle.build(o, oracle.experts_of_first_layer(o, tokens, *golden.runs[0]) if lean else None)
    rows = sorted({0, 1, *(r for r in (63, 64, 65) if r < golden.tokens), golden.tokens // 2, golden.tokens - 1})
    columns = chosen(o.vocabulary, 24)
    runs = []
    for position, mscale in golden.runs:
        logits = oracle.logits(model, o, tokens, position, mscale)
        runs.append(
            {
                "first_position": position,
                "mscale": mscale,
                "max_abs": shorter(np.abs(logits).max()),
                "logits": [[shorter(x) for x in logits[r, columns]] for r in rows],
            }
        )
    for run, (position, mscale) in zip(runs, () if lean else golden.runs):
        model = model.double()
        exact = oracle.logits(model, o, tokens, position, mscale)
        error = np.abs(exact[np.ix_(rows, columns)] - np.array(run["logits"])).max() / run["max_abs"]
        print(
            f"{golden.name:24} position {position:6} mscale {int(mscale)}  float32 against float64 {error:.1e}",
            flush=True,
        )
        assert error < NEAR_TIE, "near tie: pick another seed"
    return {
        "options": o.given(),
        "variants": list(golden.variants),
        "tokens": tokens,
        "rows": rows,
        "columns": columns,
        "runs": runs,
    }


def main() -> None:
    wanted = sys.argv[1:]
    for folder, golden in [(OUT, g) for g in goldens()] + [(FULL_OUT, g) for g in all_experts()]:
        if wanted and golden.name not in wanted:
            continue
        document = make(golden)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{golden.name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
