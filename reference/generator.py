# SPDX-License-Identifier: Apache-2.0
"""Counter-based generator of synthetic weights: the numpy twin of src/synth/generator.cc.

Specification: docs/formats/synthetic.md. Every function here returns stored bytes; `decode` turns them into
the float32 values that an exact engine must use. Bytes depend on (seed, name, element index) alone.
"""

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
F32 = np.float32

# type: elements and bytes of a block, offset of the scale, offset of the minimum (or None), minimum ÷ scale,
# and rms, the root mean square of the decoded elements of random blocks whose scale is 1.
BLOCKS = {
    "q4_0": (32, 18, 0, None, 0.0, 4.64),
    "q4_1": (32, 20, 0, 2, -7.5, 4.61),
    "q5_0": (32, 22, 0, None, 0.0, 9.25),
    "q5_1": (32, 24, 0, 2, -15.5, 9.23),
    "q8_0": (32, 34, 0, None, 0.0, 73.9),
    "q2_k": (256, 84, 80, 82, 1.5, 13.4),
    "q3_k": (256, 110, 108, None, 0.0, 43.3),
    "q4_k": (256, 144, 0, 2, 7.5, 257.0),
    "q5_k": (256, 176, 0, 2, 15.5, 529.0),
    "q6_k": (256, 210, 208, None, 0.0, 1366.0),
    "iq1_s": (256, 50, 0, None, 0.0, 6.95),
    "iq1_m": (256, 56, 48, None, 0.0, 6.95),
    "iq2_xxs": (256, 66, 0, None, 0.0, 64.0),
    "iq2_xs": (256, 74, 0, None, 0.0, 64.0),
    "iq2_s": (256, 82, 0, None, 0.0, 64.0),
    "iq3_xxs": (256, 98, 0, None, 0.0, 128.0),
    "iq3_s": (256, 110, 0, None, 0.0, 150.0),
    "iq4_nl": (32, 18, 0, None, 0.0, 69.0),
    "iq4_xs": (256, 136, 0, None, 0.0, 1275.0),
    "tq1_0": (256, 54, 52, None, 0.0, 0.82),
    "tq2_0": (256, 66, 64, None, 0.0, 1.22),
    "mxfp4": (32, 17, 0, None, 0.0, 2.93),
    "nvfp4": (64, 36, 0, None, 0.0, 2.93),
}
FLOATS = {"f32": 4, "f16": 2, "bf16": 2}
E4M3_RMS = F32(107.0)  # of uniform codes
PACKED_RMS = F32(160.0)  # of e2m1 · block scale with the codes below


def fnv1a64(name: str) -> int:
    hash_ = 0xCBF29CE484222325
    for byte in name.encode():
        hash_ = ((hash_ ^ byte) * 0x100000001B3) & MASK
    return hash_


def mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def key_of(name: str, seed: int) -> int:
    return mix(fnv1a64(name) ^ mix((seed + GOLDEN) & MASK))


def words(key: int, count: int) -> np.ndarray:
    """word i = mix(key + (i + 1) · GOLDEN): splitmix64 as a function of its counter."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def byte_stream(key: int, count: int) -> np.ndarray:
    return words(key, (count + 7) // 8).astype("<u8").view(np.uint8)[:count].copy()


def jitter(byte: np.ndarray) -> np.ndarray:
    """[0.75, 1.25) in steps of 1/512, exact."""
    return F32(0.75) + byte.astype(F32) * F32(1 / 512)


def bf16_bits(values: np.ndarray) -> np.ndarray:
    bits = np.ascontiguousarray(values, F32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


E4M3 = np.array(
    [
        (
            (-1.0) ** (c >> 7)
            * ((c & 7) * 2.0**-9 if (c >> 3) & 15 == 0 else (1 + (c & 7) / 8) * 2.0 ** (((c >> 3) & 15) - 7))
            if c & 127 != 127
            else np.nan
        )
        for c in range(256)
    ],
    dtype=F32,
)
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], dtype=F32)


def e4m3_bits(values: np.ndarray) -> np.ndarray:
    """Round to nearest even; values here are >= 0 and far below 448."""
    table = E4M3[:127].astype(np.float64)
    values = np.asarray(values, np.float64)
    high = np.clip(np.searchsorted(table, values), 1, 126)
    low = high - 1
    below, above = values - table[low], table[high] - values
    return np.where((below < above) | ((below == above) & (low % 2 == 0)), low, high).astype(np.uint8)


def spread_of(gain: float, fan_in: int) -> np.float32:
    return F32(gain / np.sqrt(np.float64(fan_in)))


def uniform(key: int, count: int) -> np.ndarray:
    """[-1, 1): two elements a word, low half first, the top 24 bits of each half."""
    halves = words(key, (count + 1) // 2).astype("<u8").view("<u4")[:count]
    return (halves >> np.uint32(8)).astype(F32) * F32(2.0**-23) - F32(1.0)


def encode_floats(values: np.ndarray, dtype: str) -> bytes:
    if dtype == "bf16":
        return bf16_bits(values).astype("<u2").tobytes()
    return values.astype({"f32": "<f4", "f16": "<f2"}[dtype]).tobytes()


def float_weights(name, seed, count, spread, dtype) -> bytes:
    return encode_floats(uniform(key_of(name, seed), count) * (spread * F32(1.7320508)), dtype)


def norm_weights(name, seed, count, dtype) -> bytes:
    return encode_floats(F32(1.0) + uniform(key_of(name, seed), count) * F32(0.25), dtype)


def e4m3_weights(name, seed, count) -> bytes:
    """Every code but the two NaNs, which become the codes below them."""
    codes = byte_stream(key_of(name, seed), count)
    return (codes - ((codes & 127) == 127)).astype(np.uint8).tobytes()


def e4m3_scale(name, seed, spread) -> np.float32:
    """Before it is rounded to the stored type of scales."""
    first = byte_stream(mix(key_of(name, seed)), 1)
    return F32(spread / E4M3_RMS * jitter(first)[0])


def activation_scale(name, seed) -> np.float32:
    return F32(F32(1 / 64) * jitter(byte_stream(mix(key_of(name, seed)), 2))[1])


def packed_weights(name, seed, rows, cols) -> bytes:  # compressed-tensors NVFP4, two codes a byte
    return byte_stream(key_of(name, seed), rows * cols // 2).tobytes()


def packed_block_scales(name, seed, rows, cols) -> bytes:  # 8 … 120
    return (np.uint8(0x50) + (byte_stream(mix(key_of(name, seed)), rows * cols // 16) & np.uint8(31))).tobytes()


def packed_divisor(name, seed, spread) -> np.float32:
    return F32(PACKED_RMS / spread * jitter(byte_stream(mix(mix(key_of(name, seed))), 1))[0])


def block_weights(name, seed, count, spread, dtype) -> bytes:
    elements, size, at, minimum_at, minimum, rms = BLOCKS[dtype]
    assert count % elements == 0, (name, count, dtype)
    blocks = count // elements
    key = key_of(name, seed)
    out = byte_stream(key, blocks * size).reshape(blocks, size)
    noise = words(mix(key), blocks).astype("<u8").view(np.uint8).reshape(blocks, 8)
    base = F32(spread / F32(rms))
    if dtype == "mxfp4":
        exponent = (np.array(base).view(np.uint32) >> np.uint32(23)) & np.uint32(255)
        out[:, 0] = exponent + (noise[:, 0] & 1)
    elif dtype == "nvfp4":
        out[:, 0:4] = e4m3_bits(base * jitter(noise[:, 0:4]))
    else:
        scale = base * jitter(noise[:, 0])
        bits = scale.astype("<f2").view(np.uint16)
        if dtype == "iq1_m":  # the half float lies in the top nibbles of four 16-bit words
            for i in range(4):
                high = at + 2 * i + 1
                out[:, high] = (out[:, high] & 15) | (((bits >> (4 * i)) & 15) << 4)
        else:
            out[:, at : at + 2] = bits.view(np.uint8).reshape(blocks, 2)
        if minimum_at is not None:
            out[:, minimum_at : minimum_at + 2] = (scale * F32(minimum)).astype("<f2").view(np.uint8).reshape(blocks, 2)
    return out.tobytes()


def decode(data: bytes, dtype: str, count: int) -> np.ndarray:
    """float32 values by independent decoders: numpy's floats, gguf-py's blocks."""
    if dtype == "f32":
        return np.frombuffer(data, "<f4").copy()
    if dtype == "f16":
        return np.frombuffer(data, "<f2").astype(F32)
    if dtype == "bf16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)).view(F32)
    if dtype == "f8_e4m3":
        import torch

        return torch.frombuffer(bytearray(data), dtype=torch.float8_e4m3fn).to(torch.float32).numpy()
    import gguf

    elements, size = BLOCKS[dtype][:2]
    qtype = gguf.GGMLQuantizationType[dtype.upper()]
    out = gguf.quants.dequantize(np.frombuffer(data, np.uint8).reshape(-1, size), qtype)
    return np.ascontiguousarray(out, F32).reshape(count)
