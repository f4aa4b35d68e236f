# SPDX-License-Identifier: Apache-2.0
"""From picture files to logits → tests/golden/picture/logits.json.

    python reference/picture_logits.py

transformers' model of a synthetic checkpoint with a vision tower, fed with the pixels that mistral-common makes of
files of tests/golden/picture. Everything about the checkpoint is vision_goldens.py's.
"""

import json

import cv2
import numpy as np
import torch
from mistral_common.protocol.instruct.chunk import ImageChunk
from mistral_common.tokens.tokenizers.image import ImageConfig, ImageEncoder, SpecialImageIDs
from PIL import Image

import generator as gen
from logits_goldens import NEAR_TIE, OUT, PLAIN, chosen
from synthetic import Options
from vision_goldens import BREAK, END, EYE, IMG, build, padded, sample

FOLDER = OUT.parents[1] / "picture"
PROMPT = (3, "turned.jpg", 2, "rgba.png", "wide.png", 4)  # numbers: that many text tokens


def main() -> None:
    cv2.ipp.setUseIPP(False)
    encoder = ImageEncoder(ImageConfig(14, 1540, 2), SpecialImageIDs(IMG, BREAK, END))
    o = Options(**PLAIN | EYE)
    text = iter(gen.words(gen.key_of("picture-files", 0), 64) % np.uint64(o.vocabulary - 20) + np.uint64(20))
    tokens, pictures = [], []
    for part in PROMPT:
        if isinstance(part, int):
            tokens += [int(next(text)) for _ in range(part)]
        else:
            encoding = encoder(ImageChunk(image=Image.open(FOLDER / part)))
            tokens += encoding.tokens
            pictures.append(encoding.image)
    model = build(o)

    def logits(dtype: torch.dtype) -> np.ndarray:
        batch, sizes = padded(pictures, dtype)
        with torch.no_grad():
            out = model.to(dtype)(
                input_ids=torch.tensor([tokens]), image_sizes=sizes, use_cache=False, pixel_values=batch
            )
        return out.logits[0].numpy()

    values, exact = logits(torch.float32), logits(torch.float64)
    error = np.abs(values - exact).max() / np.abs(exact).max()
    print(f"{len(tokens)} tokens, float32 against float64: {error:.1e}")
    assert error < NEAR_TIE, "near tie: pick other pictures"
    rows = sorted({0, 3, 4, len(tokens) - 1, *chosen(len(tokens), 8)})
    document = {
        "options": o.given(),
        "files": [p for p in PROMPT if isinstance(p, str)],
        "tokens": tokens,
        "logits": sample(values, rows, chosen(o.vocabulary, 24)),
    }
    (FOLDER / "logits.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


main()
