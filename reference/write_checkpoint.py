# SPDX-License-Identifier: Apache-2.0
"""Checks a checkpoint that `sirocco synth` wrote against the Python generator, reading the files with the
formats' own libraries (safetensors, gguf-py); or writes the tensors itself.

    python reference/write_checkpoint.py check PATH '{"layout": "gguf", "type": "q4_k", …}'
    python reference/write_checkpoint.py write DIRECTORY '{"layout": "native", …}'   (one safetensors file)
"""

import json
import pathlib
import struct
import sys

import numpy as np

from synthetic import Options
from synthetic_vision import mmproj_tensors, stored_tensors


def read_safetensors(path: pathlib.Path) -> dict:
    """name → (dtype, shape, bytes); every file is also opened by the safetensors library."""
    import safetensors

    out = {}
    for file in sorted(path.glob("*.safetensors")):
        with safetensors.safe_open(file, framework="pt") as opened:
            names = set(opened.keys())
        data = file.read_bytes()
        (size,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + size])
        header.pop("__metadata__", None)
        assert set(header) == names
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            out[name] = (
                entry["dtype"].lower(),
                tuple(entry["shape"]),
                data[8 + size + begin : 8 + size + end],
            )
    index = sorted(path.glob("*.index.json"))
    if index:
        assert set(json.loads(index[0].read_text())["weight_map"]) == set(out)
    return out


def read_gguf(path: pathlib.Path) -> dict:
    import gguf

    out = {}
    files = sorted(path.parent.glob(path.name.replace("-00001-of-", "-*-of-")))
    for file in files:
        for tensor in gguf.GGUFReader(file).tensors:
            shape = tuple(int(x) for x in reversed(tensor.shape))
            out[tensor.name] = (tensor.tensor_type.name.lower(), shape, tensor.data.tobytes())
    return out


def check(path: pathlib.Path, options: Options) -> None:
    if options.layout != "gguf":
        return compare(path, read_safetensors(path), stored_tensors(options))
    compare(path, read_gguf(path), stored_tensors(options))
    if options.vision:
        eyes = path.with_name(f"mmproj-{path.name.split('-00001-of-')[0].removesuffix('.gguf')}.gguf")
        compare(eyes, read_gguf(eyes), mmproj_tensors(options))


def compare(path: pathlib.Path, found: dict, tensors: list) -> None:
    expected = {t.name: t for t in tensors}
    assert set(found) == set(expected), set(found) ^ set(expected)
    for name, (dtype, shape, data) in found.items():
        want = expected[name]
        assert (dtype, shape) == (want.dtype, tuple(want.shape)), (name, dtype, shape, want.dtype, want.shape)
        assert data == want.make(), f"{name}: bytes differ"
    print(f"{path}: {len(found)} tensors, {sum(len(f[2]) for f in found.values())} bytes, all equal")


def write(directory: pathlib.Path, options: Options) -> None:
    import torch
    from safetensors.torch import save_file

    types = {
        "bf16": torch.bfloat16,
        "f16": torch.float16,
        "f32": torch.float32,
        "f8_e4m3": torch.float8_e4m3fn,
        "u8": torch.uint8,
    }
    tensors = {
        t.name: torch.frombuffer(bytearray(t.make()), dtype=types[t.dtype]).reshape(t.shape)
        for t in stored_tensors(options)
    }
    directory.mkdir(parents=True, exist_ok=True)
    save_file(
        tensors,
        directory / ("consolidated.safetensors" if options.layout == "native" else "model.safetensors"),
    )


if __name__ == "__main__":
    verb, where, given = sys.argv[1], pathlib.Path(sys.argv[2]), json.loads(sys.argv[3])
    {"check": check, "write": write}[verb](where, Options(**given))
