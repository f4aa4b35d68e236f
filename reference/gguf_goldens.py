# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/weights/*.gguf with gguf-py's writer, and beside each a JSON of what gguf-py's reader finds
in it. `all_values`: every value type; `all_types`: a tensor of every block type; `two_dense`: nothing unusual.

    python reference/gguf_goldens.py
"""

import json
from pathlib import Path

import gguf
import numpy as np

OUT = Path(__file__).resolve().parent.parent / "tests/golden/weights"
KIND = gguf.GGMLQuantizationType
FLOATS = {
    KIND.F32: np.float32,
    KIND.F16: np.float16,
    KIND.F64: np.float64,
    KIND.I8: np.int8,
    KIND.I16: np.int16,
    KIND.I32: np.int32,
    KIND.I64: np.int64,
}


def fill_all_values(writer: gguf.GGUFWriter) -> None:
    writer.add_uint8("a.u8", 200)
    writer.add_int8("a.i8", -100)
    writer.add_uint16("a.u16", 65535)
    writer.add_int16("a.i16", -32768)
    writer.add_uint32("a.u32", 4_000_000_000)
    writer.add_int32("a.i32", -2_000_000_000)
    writer.add_float32("a.f32", 0.1)
    writer.add_bool("a.bool", True)
    writer.add_string("a.text", "Größe 1 ☃")
    writer.add_uint64("a.u64", 2**64 - 1)
    writer.add_int64("a.i64", -(2**63))
    writer.add_float64("a.f64", 0.1)
    writer.add_array("a.texts", ["", "zwei", "三"])
    writer.add_array("a.ints", [1, -2, 3])
    writer.add_array("a.floats", [0.5, -1.25])
    writer.add_array("a.bools", [True, False, True])


def fill_all_types(writer: gguf.GGUFWriter) -> None:
    rng = np.random.default_rng(5)
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        if kind.name in ("Q8_1", "Q1_0"):  # not read by this project
            continue
        name = f"blk.0.{kind.name.lower()}.weight"
        if kind in FLOATS:
            writer.add_tensor(name, rng.integers(-9, 9, (3, 2)).astype(FLOATS[kind]))
        else:
            writer.add_tensor(name, rng.integers(0, 256, (2, size), dtype=np.uint8), raw_dtype=kind)


def fill_two_dense(writer: gguf.GGUFWriter) -> None:
    writer.add_custom_alignment(64)
    writer.add_tensor("b", np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    writer.add_tensor("a", np.arange(5, dtype=np.float16))


def describe(path: Path) -> dict:
    reader = gguf.GGUFReader(path)
    values = {}
    for key, field in reader.fields.items():
        if key.startswith("GGUF."):
            continue
        contents = field.contents()
        values[key] = str(contents) if isinstance(contents, int) and not isinstance(contents, bool) else contents
    tensors = [
        {
            "name": t.name,
            "dtype": t.tensor_type.name.lower(),
            "shape": [int(d) for d in reversed(t.shape)],
            "begin": int(t.data_offset),
            "size_bytes": int(t.n_bytes),
        }
        for t in reader.tensors
    ]
    return {"alignment": int(reader.alignment), "metadata": values, "tensors": tensors}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for fill in (fill_all_values, fill_all_types, fill_two_dense):
        path = OUT / f"{fill.__name__.removeprefix('fill_')}.gguf"
        writer = gguf.GGUFWriter(path, "mistral4")
        fill(writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        path.with_suffix(".json").write_text(json.dumps(describe(path), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
