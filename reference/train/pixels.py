# SPDX-License-Identifier: Apache-2.0
"""Pictures as the model reads them: mistral-common's own preprocessing for uint8 RGB arrays."""

import base64
import io

import numpy as np
import torch
from mistral_common.tokens.tokenizers.image import transform_image
from PIL import Image

SIDE = 28  # pixels of one [IMG] id: two patches of 14


def grid(picture):
    """uint8 [H, W, 3] -> [IMG] ids a line, lines. Only for pictures of at most 1540 pixels a side."""
    height, width, _ = picture.shape
    return (width - 1) // SIDE + 1, (height - 1) // SIDE + 1


def prepare(picture):
    """uint8 [H, W, 3] -> float32 [3, height, width], resized to whole ids and normalised."""
    columns, rows = grid(picture)
    pixels = transform_image(Image.fromarray(picture), (columns * SIDE, rows * SIDE))
    return torch.from_numpy(np.ascontiguousarray(pixels))


def of_chunk(chunk):
    """A "picture" chunk of the generators or an "image_url" chunk with a data URL -> uint8 [H, W, 3]."""
    if chunk["type"] == "picture":
        return chunk["picture"]
    file = base64.b64decode(chunk["image_url"]["url"].split(",", 1)[1])
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


def data_url(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
