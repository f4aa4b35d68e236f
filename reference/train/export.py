# SPDX-License-Identifier: Apache-2.0
"""Writes the averaged weights of a training state in the native layout: params.json, consolidated.safetensors.

Stored in BF16, one tensor per expert matrix under the released names. What is evaluated is what is stored.
"""

import argparse
import json
import pathlib

import torch
from safetensors.torch import load_file, save_file

from model import Config, Model
from spelled import share_spellings

HERE = pathlib.Path(__file__).resolve().parents[2]


def attention_tensors(layer, at):
    """A layer's norms and attention -> {native name: parameter}, to write and to load."""
    return {at + "attention_norm.weight": layer.attention_norm, at + "ffn_norm.weight": layer.ffn_norm} | {
        f"{at}attention.{name}.weight": p for name, p in layer.attention.named_parameters()
    }


def write(folder, params, tensors):
    """A native folder: what is evaluated is what is stored."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.json").write_text(json.dumps(params, indent=2) + "\n")
    stored = {k: v.detach().to(torch.bfloat16).contiguous() for k, v in tensors.items()}
    save_file(stored, folder / "consolidated.safetensors", metadata={"format": "pt"})
    (folder / "consolidated.safetensors").chmod(0o644)


def native_tensors(model):
    """Model -> {native name: tensor}."""
    out = {"tok_embeddings.weight": model.tok_embeddings, "norm.weight": model.norm, "output.weight": model.output}
    width = model.config.expert_hidden_dim
    for n, layer in enumerate(model.layers):
        at = f"layers.{n}."
        out |= attention_tensors(layer, at)
        out[at + "gate.weight"] = layer.moe.gate
        for e in range(model.config.num_experts):
            out[f"{at}experts.{e}.w1.weight"] = layer.moe.w13[e, :width]
            out[f"{at}experts.{e}.w3.weight"] = layer.moe.w13[e, width:]
            out[f"{at}experts.{e}.w2.weight"] = layer.moe.w2[e]
        out[at + "shared_experts.w1.weight"] = layer.moe.shared_w13[:width]
        out[at + "shared_experts.w3.weight"] = layer.moe.shared_w13[width:]
        out[at + "shared_experts.w2.weight"] = layer.moe.shared_w2
    return out | tower_tensors(model)


def tower_tensors(model):
    """The tower's parameters under their native names; the convolution is a matrix in the module."""
    tower, c = model.tower, model.config
    if tower is None:
        return {}
    out = {
        "vision_encoder.patch_conv.weight": tower.patch_conv.view(c.vision_dim, 3, c.patch, c.patch),
        "vision_encoder.ln_pre.weight": tower.ln_pre,
        "pre_mm_projector_norm.weight": tower.projector_norm,
        "patch_merger.merging_layer.weight": tower.merger,
        "vision_language_adapter.w_in.weight": tower.w_in,
        "vision_language_adapter.w_out.weight": tower.w_out,
    }
    for n, layer in enumerate(tower.layers):
        for name, p in layer.named_parameters():
            part = "" if name.endswith("norm") else "feed_forward." if name[1].isdigit() else "attention."
            out[f"vision_encoder.transformer.layers.{n}.{part}{name}.weight"] = p
    return out


def load_native(folder):
    """A native folder -> Model in float32 with the stored weights, ready for evaluation."""
    folder = pathlib.Path(folder)
    model = Model(Config.from_params(folder / "params.json"))
    t = {k: v.float() for k, v in load_file(folder / "consolidated.safetensors").items()}
    with torch.no_grad():
        model.tok_embeddings.copy_(t["tok_embeddings.weight"])
        model.output.copy_(t["output.weight"])
        model.norm.copy_(t["norm.weight"])
        for name, p in tower_tensors(model).items():
            p.copy_(t[name])
        for n, layer in enumerate(model.layers):
            at = f"layers.{n}."
            for name, p in attention_tensors(layer, at).items():
                p.copy_(t[name])
            layer.moe.gate.copy_(t[at + "gate.weight"])
            for e in range(model.config.num_experts):
                x = f"{at}experts.{e}."
                layer.moe.w13[e].copy_(torch.cat((t[x + "w1.weight"], t[x + "w3.weight"])))
                layer.moe.w2[e].copy_(t[x + "w2.weight"])
            x = at + "shared_experts."
            layer.moe.shared_w13.copy_(torch.cat((t[x + "w1.weight"], t[x + "w3.weight"])))
            layer.moe.shared_w2.copy_(t[x + "w2.weight"])
    return model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("state", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path, default=HERE / "models/mini/tekken.json")
    parser.add_argument("--last", action="store_true", help="the last weights instead of the averaged ones")
    args = parser.parse_args()
    state = torch.load(args.state, weights_only=False, map_location="cpu")
    model = Model(Config())
    share_spellings(model, args.tokenizer)
    with torch.no_grad():
        for p, value in zip(model.parameters(), state["weights" if args.last else "average"]):
            p.copy_(value)
    write(args.out, model.config.params_json(), native_tensors(model))
    print(f"step {state['step']}, {state['tokens'] / 1e6:.1f}M tokens, {state['seconds'] / 60:.0f} minutes")


if __name__ == "__main__":
    main()
