# SPDX-License-Identifier: Apache-2.0
"""Assembles tekken.json files of every version from the vocabulary inside the pinned mistral-common wheel.

All released Tekken files share that vocabulary; the versions differ in
control tokens, image block and settings.
A cut vocabulary (--vocab 8192) stays a valid rank BPE.
"""

import argparse
import json
import pathlib

import mistral_common

# Control tokens of the v15 file by id; the other slots are unused and named <SPECIAL_n>.
SPECIALS_V15 = {
    0: "<unk>",
    1: "<s>",
    2: "</s>",
    3: "[INST]",
    4: "[/INST]",
    5: "[AVAILABLE_TOOLS]",
    6: "[/AVAILABLE_TOOLS]",
    7: "[TOOL_RESULTS]",
    8: "[/TOOL_RESULTS]",
    9: "[TOOL_CALLS]",
    10: "[IMG]",
    11: "<pad>",
    12: "[IMG_BREAK]",
    13: "[IMG_END]",
    14: "[PREFIX]",
    15: "[MIDDLE]",
    16: "[SUFFIX]",
    17: "[SYSTEM_PROMPT]",
    18: "[/SYSTEM_PROMPT]",
    19: "[TOOL_CONTENT]",
    24: "[AUDIO]",
    25: "[BEGIN_AUDIO]",
    32: "[ARGS]",
    33: "[CALL_ID]",
    34: "[THINK]",
    35: "[/THINK]",
    36: "[MODEL_SETTINGS]",
    37: "[/MODEL_SETTINGS]",
}
LAST_SPECIAL = {"v3": 19, "v7": 19, "v11": 33, "v13": 35, "v15": 37}  # highest named id of each version
IMAGE = {"image_patch_size": 14, "max_image_size": 1540, "spatial_merge_size": 2}
SETTINGS = {"reasoning_effort": {"type": "enum", "accepts_none": True, "default": "none", "values": ["none", "high"]}}


def wheel_file():
    return pathlib.Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"


def assemble(version, vocab=130072, special_slots=1000, explicit_specials=None):
    """A tekken.json of `version` as a dict; vocab counts plain tokens."""
    source = json.loads(wheel_file().read_text(encoding="utf-8"))
    number = int(version[1:])
    tekken = {
        "config": {
            **source["config"],
            "num_vocab_tokens": vocab,
            "default_vocab_size": vocab + special_slots,
            "default_num_special_tokens": special_slots,
            "version": version,
        },
        "vocab": source["vocab"][:vocab],
    }
    if number > 7 if explicit_specials is None else explicit_specials:
        tekken["special_tokens"] = [
            {"rank": i, "token_str": SPECIALS_V15.get(i, f"<SPECIAL_{i}>"), "is_control": True}
            for i in range(LAST_SPECIAL[version] + 1)
        ]
    tekken["multimodal" if number <= 11 else "image"] = dict(IMAGE)
    if number >= 15:
        tekken["model_settings_builder"] = json.loads(json.dumps(SETTINGS))
    return tekken


def write(path, **arguments):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(assemble(**arguments), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output")
    parser.add_argument("--version", default="v15", choices=sorted(LAST_SPECIAL))
    parser.add_argument("--vocab", type=int, default=130072, help="plain tokens to keep")
    parser.add_argument("--special-slots", type=int, default=1000)
    arguments = parser.parse_args()
    write(
        arguments.output,
        version=arguments.version,
        vocab=arguments.vocab,
        special_slots=arguments.special_slots,
    )


if __name__ == "__main__":
    main()
