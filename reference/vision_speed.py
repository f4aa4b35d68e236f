# SPDX-License-Identifier: Apache-2.0
"""How long torch takes for a picture at the real encoder's size on this machine's cores: the figures that SPEED.md
puts beside `sirocco bench --image`.

    python reference/vision_speed.py SIDE DTYPE LAYERS      e.g. 1036 bfloat16 24

Random weights; transformers' Pixtral tower with scaled_dot_product_attention, and the projector. One run to warm up
with a picture of 56 × 56, then one that counts. With fewer layers than 24 the time of a layer is what can be scaled.
"""

import sys
import time

import torch
from transformers import Mistral3Config, Mistral4Config, PixtralVisionConfig
from transformers.models.mistral3.modeling_mistral3 import Mistral3MultiModalProjector
from transformers.models.pixtral.modeling_pixtral import PixtralVisionModel


def main() -> None:
    side, dtype, layers = int(sys.argv[1]), getattr(torch, sys.argv[2]), int(sys.argv[3])
    vision = PixtralVisionConfig(
        num_hidden_layers=layers,
        patch_size=14,
        image_size=1540,
        hidden_act="silu",
        rope_parameters={"rope_theta": 10000.0, "rope_type": "default"},
        attn_implementation="sdpa",
    )
    config = Mistral3Config(
        text_config=Mistral4Config(), vision_config=vision, spatial_merge_size=2, multimodal_projector_bias=False
    )
    torch.manual_seed(0)
    tower = PixtralVisionModel(vision).to(dtype).eval()
    projector = Mistral3MultiModalProjector(config).to(dtype).eval()

    def run(size: int) -> float:
        pixels, sizes = torch.randn(1, 3, size, size).to(dtype), torch.tensor([[size, size]])
        begin = time.perf_counter()
        with torch.no_grad():
            features = tower(pixels, image_sizes=sizes).last_hidden_state
            projector(features.squeeze(0), sizes)
        return time.perf_counter() - begin

    run(56)
    seconds, n = run(side), (side // 14) ** 2
    layer = 2 * n * (4 * 1024**2 + 3 * 1024 * 4096 + 2 * n * 1024)
    rest = 2 * n * 588 * 1024 + 2 * n // 4 * (4096 * 1024 + 1024 * 4096 + 4096 * 4096)
    operations = layers * layer + rest
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {sys.argv[2]}, {side}x{side}, "
        f"{layers} layers: {seconds:.2f} s, {operations / 1e12:.2f} TOP, {operations / seconds / 1e9:.0f} GOP/s"
    )


if __name__ == "__main__":
    main()
