# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/model/vision/*.json: picture rows and logits of synthetic checkpoints by transformers'
Mistral3 model with its Pixtral tower, in float32.

    python reference/vision_goldens.py [NAME…]        all of them, or the named ones

A golden says which checkpoint (options of `sirocco synth`), which pictures (sides in pixels; picture i's pixels
are the generator's float weights named "pixels.i", spread 1) and which tokens. All pictures of a golden go through
transformers in one padded batch with its block-diagonal mask, so encoding each alone must agree with that.
(transformers 5.8.1 cannot take a picture of one token alone, so the least picture comes beside others.)
"""

import dataclasses
import json
import sys

import numpy as np
import torch
from transformers import Mistral3Config, Mistral3ForConditionalGeneration, PixtralVisionConfig

import generator as gen
import oracle
from decoded import logical_weights
from logits_goldens import BLOCKS, NEAR_TIE, OUT, PLAIN, REAL, chosen, shorter
from synthetic import Options
from synthetic_vision import vision_weights

FOLDER = OUT.parent / "vision"
IMG, BREAK, END = 10, 12, 13
EYE = dict(vision=True, vision_layers=2, vision_hidden=96, vision_heads=3, vision_width=112)
HF = (dict(prefix="language_model.model"), dict(shards=2))


@dataclasses.dataclass
class Golden:
    name: str
    options: dict
    prompt: tuple  # numbers: that many text tokens; pairs: a picture of height × width pixels
    variants: tuple = ()

    @property
    def pictures(self) -> list:
        return [part for part in self.prompt if not isinstance(part, int)]


def goldens() -> list[Golden]:
    plain = PLAIN | EYE
    several = (5, (56, 84), 3, (28, 28), (84, 140), 7)
    out = [
        Golden("native-one", plain, (3, (28, 56), 4), (dict(shards=2),)),
        Golden("native-before", plain, ((56, 84), 6)),
        Golden("native-after", plain, (6, (84, 56))),
        Golden("native-wide", plain, (2, (28, 1540), 2)),
        Golden("native-tall", plain, (2, (1540, 28), 2)),
        Golden("native-large", plain, (2, (420, 560), 2)),
        Golden("native-several", plain, several),
        Golden("native-fp8", plain | dict(type="fp8"), several),
        Golden("native-odd-heads", plain | dict(vision_heads=5, vision_hidden=60, vision_width=50), several),
        Golden("native-other-patch", plain | dict(patch=7, image_size=350), ((70, 98), 2, (14, 28), 1)),
        Golden("hf-several", plain | dict(layout="hf"), several, HF),
        Golden("hf-fp8", plain | dict(layout="hf", type="fp8"), (2, (56, 84), 2), HF),
        Golden("real", REAL | dict(vision=True, vision_layers=1), (2, (84, 112), 2)),
    ]
    wide = BLOCKS | EYE | dict(layout="gguf", type="q8_0", vision_hidden=256, vision_heads=4, vision_width=512)
    for dtype in (*gen.FLOATS, "q8_0", "q4_0", "q5_k", "q6_k", "q4_k", "iq4_xs"):
        prompt = several if dtype == "bf16" else (2, (56, 84), 2)
        out.append(Golden(f"gguf-{dtype}", wide | dict(vision_type=dtype), prompt))
    odd = dict(vision_hidden=96, vision_heads=3, vision_width=112, vision_type="q4_k", type="f32")
    out.append(Golden("gguf-fallbacks", wide | odd, several, (dict(shards=2, architecture="deepseek2"),)))
    return out


def build(o: Options) -> Mistral3ForConditionalGeneration:
    config = Mistral3Config(
        text_config=oracle.config_of(o),
        vision_config=PixtralVisionConfig(
            hidden_size=o.vision_hidden,
            num_hidden_layers=o.vision_layers,
            num_attention_heads=o.vision_heads,
            intermediate_size=o.vision_width,
            patch_size=o.patch,
            image_size=o.image_size,
            hidden_act="silu",
            rope_parameters={"rope_theta": 10000.0, "rope_type": "default"},
        ),
        image_token_id=IMG,
        spatial_merge_size=2,
        vision_feature_layer=-1,
        projector_hidden_act="gelu",
        multimodal_projector_bias=False,
        attn_implementation="eager",
    )
    with torch.device("meta"):
        model = Mistral3ForConditionalGeneration(config)
    text = oracle.build(o)
    weights = vision_weights(o)
    weights |= {
        ("lm_head." if k.startswith("lm_head.") else "model.language_model.") + k.split(".", 1)[1]: v
        for k, v in logical_weights(o).items()
    }
    tensors = {k: torch.from_numpy(np.ascontiguousarray(v, np.float32)) for k, v in weights.items()}
    missing, unexpected = model.load_state_dict(tensors, strict=False, assign=True)
    assert not missing and not unexpected, (missing, unexpected)
    model.model.language_model = text.model  # its buffers are real
    tower = model.model.vision_tower
    tower.patch_positional_embedding = type(tower.patch_positional_embedding)(config.vision_config)
    for layer in model.model.language_model.layers:
        layer.self_attn.scaling = (o.nope + o.rope) ** -0.5
    return model.eval()


def pixels(o: Options, index: int, height: int, width: int) -> np.ndarray:
    data = gen.float_weights(f"pixels.{index}", o.seed, 3 * height * width, np.float32(1), "f32")
    return gen.decode(data, "f32", 3 * height * width).reshape(3, height, width)


def tokens_of(golden: Golden, o: Options) -> list[int]:
    text = iter(gen.words(gen.key_of(golden.name, 0), 64) % np.uint64(o.vocabulary - 20) + np.uint64(20))
    out = []
    for part in golden.prompt:
        if isinstance(part, int):
            out += [int(next(text)) for _ in range(part)]
            continue
        height, width = (side // (2 * o.patch) for side in part)
        out += ([IMG] * width + [BREAK]) * height
        out[-1] = END
    return out


def padded(pictures: list[np.ndarray], dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures [3, height, width] of any sizes -> one batch, zeros behind each, and the sizes."""
    sizes = torch.tensor([p.shape[1:] for p in pictures])
    batch = np.zeros((len(pictures), 3, *sizes.max(0).values.tolist()), np.float32)
    for out, p in zip(batch, pictures):
        out[:, : p.shape[1], : p.shape[2]] = p
    return torch.from_numpy(batch).to(dtype), sizes


def run(model, o: Options, golden: Golden, tokens: list[int], dtype) -> tuple[list[np.ndarray], np.ndarray]:
    """Rows of each picture and the logits."""
    batch, sizes = padded([pixels(o, i, *size) for i, size in enumerate(golden.pictures)], dtype)
    with torch.no_grad():
        features = model.model.get_image_features(batch, image_sizes=sizes, return_dict=True).pooler_output
        logits = model(input_ids=torch.tensor([tokens]), pixel_values=batch, image_sizes=sizes, use_cache=False).logits[
            0
        ]
    return [f.numpy() for f in features], logits.numpy()


def sample(values: np.ndarray, rows: list[int], columns: list[int]) -> dict:
    return {
        "rows": rows,
        "columns": columns,
        "max_abs": shorter(np.abs(values).max()),
        "values": [[shorter(x) for x in values[r, columns]] for r in rows],
    }


def make(golden: Golden) -> dict:
    o = Options(**golden.options)
    model, tokens = build(o), tokens_of(golden, o)
    features, logits = run(model, o, golden, tokens, torch.float32)
    exact_features, exact_logits = run(model.double(), o, golden, tokens, torch.float64)
    pairs = [*zip(features, exact_features), (logits, exact_logits)]
    errors = [np.abs(a - b).max() / np.abs(a).max() for a, b in pairs]
    print(f"{golden.name:20} {len(tokens):4} tokens, float32 against float64: {max(errors):.1e}", flush=True)
    assert max(errors) < NEAR_TIE, "near tie: pick another seed"
    last = len(tokens) - 1
    around = [i for i, t in enumerate(tokens) if t in (BREAK, END)]
    rows = sorted({0, 1, around[0] - 1, around[0], min(around[0] + 1, last), around[-1], last})
    return {
        "options": o.given(),
        "variants": list(golden.variants),
        "tokens": tokens,
        "logits": sample(logits, rows, chosen(o.vocabulary, 24)),
        "pictures": [
            {"height": h, "width": w} | sample(f, chosen(len(f), 6), chosen(o.hidden, 24))
            for (h, w), f in zip(golden.pictures, features)
        ],
    }


def main() -> None:
    wanted = sys.argv[1:]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for golden in goldens():
        if not wanted or golden.name in wanted:
            document = json.dumps(make(golden), separators=(",", ":"))
            (FOLDER / f"{golden.name}.json").write_text(document + "\n")


if __name__ == "__main__":
    main()
