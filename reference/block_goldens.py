# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/tensor/*.json: what gguf-py makes of random blocks of every GGUF type, and what numpy
and PyTorch make of every code of the narrow floats. The blocks themselves are not stored: they are the bytes
of the counter-based stream below, which the C++ test forms again.

    python reference/block_goldens.py
"""

import json
from pathlib import Path

import gguf
import numpy as np
import torch

OUT = Path(__file__).resolve().parent.parent / "tests/golden/tensor"
HASHED_BLOCKS = 256  # a hash each, so that a failing test names the block
DIGEST_BLOCKS = 20_000  # one hash of their hashes
SHOWN_BLOCKS = 1  # bytes and values spelled out
CODE_4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], dtype=np.float32)


def stream(seed: int, count: int) -> bytes:
    """SplitMix64 in counter mode: word i is mix(seed + (i + 1) * 0x9e3779b97f4a7c15), little-endian."""
    with np.errstate(over="ignore"):
        z = np.arange(1, (count + 7) // 8 + 1, dtype=np.uint64)
        z = z * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return z.tobytes()[:count]


def bits(values: np.ndarray) -> np.ndarray:
    """Bit patterns, every NaN as 0x7fc00000 (payloads are not part of any format)."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    return np.where(np.isnan(values), np.uint32(0x7FC00000), values.view(np.uint32))


def hash_words(words: np.ndarray) -> np.ndarray:
    """sum over i of (word_i + 1) * M^(i + 1) mod 2^64, along the last axis."""
    powers = np.empty(words.shape[-1], dtype=np.uint64)
    power, multiplier, mask = 1, 0x9E3779B97F4A7C15, (1 << 64) - 1
    for i in range(len(powers)):
        power = power * multiplier & mask
        powers[i] = power
    with np.errstate(over="ignore"):
        return ((words.astype(np.uint64) + np.uint64(1)) * powers).sum(axis=-1, dtype=np.uint64)


def write(name: str, golden: dict) -> None:
    (OUT / f"{name}.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def block_golden(name: str, seed: int, elements: int, size: int, decode, source: str) -> None:
    raw = np.frombuffer(stream(seed, DIGEST_BLOCKS * size), dtype=np.uint8).reshape(DIGEST_BLOCKS, size)
    with np.errstate(all="ignore"):
        decoded = bits(decode(raw)).reshape(DIGEST_BLOCKS, elements)
    hashes = hash_words(decoded)
    shown = [{"block": raw[b].tobytes().hex(), "values": [f"{v:08x}" for v in decoded[b]]} for b in range(SHOWN_BLOCKS)]
    write(
        name,
        {
            "type": name,
            "source": source,
            "seed": seed,
            "block_elements": elements,
            "block_bytes": size,
            "shown": shown,
            "hashes": [f"{h:016x}" for h in hashes[:HASHED_BLOCKS]],
            "digest_blocks": DIGEST_BLOCKS,
            "digest": f"{hash_words(hashes):016x}",
        },
    )


def decode_q8_k(raw: np.ndarray) -> np.ndarray:
    """gguf-py has no decoder for it: float32 scale, 256 int8 codes, 16 int16 sums that decoding ignores."""
    scale = raw[:, :4].copy().view(np.float32)
    return scale * raw[:, 4:260].view(np.int8).astype(np.float32)


def nvfp4_packed_golden(seed: int) -> None:
    """compressed-tensors: w = e2m1 * (e4m3 block scale / global divisor), all float32; even columns low."""
    rows, cols, divisor = 64, 256, np.float32(1.0 / 2688.0 * 7.0)
    packed = np.frombuffer(stream(seed, rows * cols // 2), dtype=np.uint8).reshape(rows, cols // 2)
    scales = np.frombuffer(stream(seed + 1, rows * cols // 16), dtype=np.uint8).reshape(rows, cols // 16)
    codes = np.stack([packed & 15, packed >> 4], axis=-1).reshape(rows, cols)
    block = torch.from_numpy(scales.copy()).view(torch.float8_e4m3fn).float().numpy() / divisor
    with np.errstate(all="ignore"):
        weights = CODE_4[codes] * np.repeat(block, 16, axis=1)
    write(
        "nvfp4_packed",
        {
            "source": "torch float8_e4m3fn, numpy float32",
            "seed": seed,
            "rows": rows,
            "cols": cols,
            "divisor": f"{divisor.view(np.uint32):08x}",
            "hashes": [f"{h:016x}" for h in hash_words(bits(weights))],
        },
    )


def float_goldens() -> None:
    """Decoding: every code. Encoding: random bit patterns and every tie between neighbours."""
    codes = torch.arange(256, dtype=torch.uint8)
    f16 = np.arange(65536, dtype=np.uint16).view(np.float16)
    patterns = np.frombuffer(stream(900, 4 * 65536), dtype=np.uint32).view(np.float32)
    finite = f16[np.isfinite(f16)].astype(np.float32)
    finite.sort()
    ties = (finite[1:] + finite[:-1]) / np.float32(2)
    eights = codes.view(torch.float8_e4m3fn).float().numpy()
    eights = np.sort(eights[~np.isnan(eights)])
    eight_ties = (eights[1:] + eights[:-1]) / np.float32(2)

    def to_f16(v: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.where(np.isnan(v), 0x7E00, v.astype(np.float16).view(np.uint16))

    def to_bf16(v: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(v), 0x7FC0, torch.from_numpy(v.copy()).bfloat16().view(torch.uint16).numpy())

    def to_e4m3(v: np.ndarray) -> np.ndarray:
        clamped = torch.from_numpy(v.copy()).clamp(-448, 448)
        return np.where(np.isnan(v), 0x7F, clamped.to(torch.float8_e4m3fn).view(torch.uint8).numpy())

    digest = lambda words: f"{hash_words(np.asarray(words)):016x}"
    hexes = lambda values: [f"{v:08x}" for v in bits(values)]
    write(
        "floats",
        {
            "source": "torch and numpy conversions; NaN compares as one value",
            "e4m3": hexes(codes.view(torch.float8_e4m3fn).float().numpy()),
            "e5m2": hexes(codes.view(torch.float8_e5m2).float().numpy()),
            "e8m0": hexes(codes.view(torch.float8_e8m0fnu).float().numpy()),
            "e2m1": hexes(CODE_4),
            "f16_digest": digest(bits(f16.astype(np.float32))),
            "patterns_seed": 900,
            "patterns": 65536,
            "to_f16_digest": digest(to_f16(patterns)),
            "to_f16_ties_digest": digest(to_f16(ties)),
            "to_bf16_digest": digest(to_bf16(patterns)),
            "to_e4m3_digest": digest(to_e4m3(patterns)),
            "to_e4m3_ties_digest": digest(to_e4m3(eight_ties)),
        },
    )


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    names = (
        "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S "
        "IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4 NVFP4 BF16 F16"
    ).split()
    for seed, name in enumerate(names, start=100):
        kind = gguf.GGMLQuantizationType[name]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        block_golden(name.lower(), seed, elements, size, lambda raw: gguf.quants.dequantize(raw, kind), "gguf-py")
    block_golden("q8_k", 200, 256, 292, decode_q8_k, "definition of the format (gguf-py does not decode it)")
    nvfp4_packed_golden(300)
    float_goldens()


if __name__ == "__main__":
    main()
