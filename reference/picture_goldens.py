# SPDX-License-Identifier: Apache-2.0
"""Small picture files and what mistral-common 1.13.1 makes of them → tests/golden/picture/.

    python reference/picture_goldens.py [FOLDER]

goldens.json has for each file the size and SHA-256 of the RGB bytes (Pillow, alpha on white) and the size and
SHA-256 of the float32 pixels [3, H, W] of its ImageEncoder. OpenCV runs without IPP, whose cubic differs.
Everything is seeded; files that Pillow cannot write (interlaced, short palettes, 16-bit kinds) are put together here.
"""

import hashlib
import io
import json
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from mistral_common.protocol.instruct.chunk import ImageChunk
from mistral_common.tokens.tokenizers.image import ImageConfig, ImageEncoder, SpecialImageIDs, _convert_to_rgb
from PIL import Image

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "tests/golden/picture")
ENCODER = ImageEncoder(ImageConfig(14, 1540, 2), SpecialImageIDs(10, 12, 13))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples: np.ndarray, depth: int, kind: int, extra: bytes = b"", interlaced: bool = False) -> bytes:
    """A PNG of samples [height, width, channels], each below 2^depth."""
    height, width, _ = samples.shape

    def rows(part: np.ndarray) -> bytes:
        out = b""
        for row in part:
            flat = row.reshape(-1)
            if depth == 16:
                out += b"\0" + flat.astype(">u2").tobytes()
            else:
                bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
                out += b"\0" + np.packbits(bits.reshape(-1)).tobytes()
        return out

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes] if interlaced else [samples]
    raw = b"".join(rows(part) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )


def bmp(
    rows: bytes,
    width: int,
    height: int,
    bits: int,
    *,
    header: int = 40,
    compression: int = 0,
    palette: bytes = b"",
    masks: tuple = (),
) -> bytes:
    """A BMP of ready-made rows; `masks` follow a header of 40 bytes or are part of a larger one."""
    info = struct.pack(
        "<IiiHHIIiiII", header, width, height, 1, bits, compression, len(rows), 0, 0, len(palette) // 4, 0
    )
    info += b"".join(struct.pack("<I", mask) for mask in masks)
    info += bytes(max(0, header - len(info)))
    offset = 14 + len(info) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(rows), 0, 0, offset) + info + palette + rows


def padded(rows: np.ndarray) -> bytes:
    """Rows of bytes [height, n], each filled up to a multiple of four."""
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4))).astype(np.uint8).tobytes()


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def scene(width: int, height: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Waves, an edge and some noise: what shows errors of filters, and still compresses."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [127 + 120 * np.sin(x / (5 + 3 * c) + y / (9 - c)) for c in range(channels)]
    out = np.stack(planes, axis=2) + random.normal(0, 6, (height, width, 1))
    out[height // 3 : height // 2, width // 4 : width // 2] = [250, 5, 120, 60][:channels]
    return np.clip(out, 0, 255).astype(np.uint8)


def smooth(width: int, height: int) -> np.ndarray:
    """Bands that compress to almost nothing."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([(x // 97 * 40) % 256, (y // 61 * 50) % 256, ((x // 200 + y // 150) * 90) % 256], axis=2).astype(
        np.uint8
    )


def png_files() -> dict[str, bytes]:
    random = np.random.default_rng(7)
    index = random.integers(0, 6, (19, 23, 1))
    colours = random.integers(0, 256, 18).astype(np.uint8).tobytes()
    grey16 = np.concatenate([np.arange(0, 600, 3), np.arange(0, 65400, 327)]).reshape(20, 20, 1)
    plte = chunk(b"PLTE", colours)
    files = {
        "rgb": saved(Image.fromarray(scene(61, 33)), "PNG"),
        "one": png(np.array([[[200, 30, 90]]]), 8, 2),
        "row": png(np.array([[[0] * 3, [255] * 3] * 3]), 8, 2),
        "rgba": saved(Image.fromarray(scene(30, 41, 4)), "PNG"),
        "grey": png(scene(45, 28, 1), 8, 0),
        "grey_clear": png(scene(45, 28, 1) // 8, 8, 0, chunk(b"tRNS", b"\x01\x05")),
        "grey_alpha": png(scene(29, 29, 2), 8, 4),
        "grey16": png(grey16, 16, 0),
        "grey16_clear": png(grey16, 16, 0, chunk(b"tRNS", b"\x01\x06")),
        "grey16_alpha": png(random.integers(0, 65536, (9, 11, 2)), 16, 4),
        "rgb16": png(random.integers(0, 65536, (13, 10, 3)), 16, 2),
        "rgba16": png(random.integers(0, 65536, (10, 13, 4)), 16, 6),
        "rgb_clear": png(index.repeat(3, 2), 8, 2, chunk(b"tRNS", b"\0\x01\0\x01\0\x01")),
        "palette": png(index, 8, 3, plte),
        "palette_clear": png(index, 8, 3, plte + chunk(b"tRNS", bytes([255, 0, 120, 7]))),
        "palette_short": png(index, 8, 3, chunk(b"PLTE", colours[:9])),
        "palette_interlaced": png(index, 4, 3, plte, interlaced=True),
        "interlaced": png(scene(37, 21), 8, 2, interlaced=True),
        "wide": saved(Image.fromarray(smooth(3001, 101)), "PNG"),
        "tall": saved(Image.fromarray(smooth(300, 1999)), "PNG"),
        "line": png(np.repeat(np.arange(1541) % 7 * 30, 3).reshape(1, 1541, 3), 8, 2),
        "large": saved(Image.fromarray(smooth(1541, 1541)), "PNG", optimize=True),
    }
    for depth in (1, 2, 4):
        grey = random.integers(0, 1 << depth, (11, 19, 1))
        files[f"grey{depth}"] = png(grey, depth, 0)
        files[f"grey{depth}_clear"] = png(grey, depth, 0, chunk(b"tRNS", b"\0\x01"))
        files[f"palette{depth}"] = png(grey % 6, depth, 3, chunk(b"PLTE", colours[: 3 * min(6, 1 << depth)]))
    return {f"{name}.png": data for name, data in files.items()}


def jpeg_files() -> dict[str, bytes]:
    rgb = Image.fromarray(scene(83, 59, seed=3))
    turned = Image.Exif()
    turned[0x0112] = 6  # shown turned by 90°; the reference does not turn it
    files = {
        "plain": saved(rgb, "JPEG", quality=90, subsampling=0),
        "half": saved(rgb, "JPEG", quality=80, subsampling=1),
        "quarter": saved(rgb, "JPEG", quality=75, subsampling=2),
        "progressive": saved(rgb, "JPEG", quality=70, progressive=True),
        "grey": saved(rgb.convert("L"), "JPEG", quality=80),
        "cmyk": saved(rgb.convert("CMYK"), "JPEG", quality=80),
        "turned": saved(rgb, "JPEG", quality=80, exif=turned),
        "one": saved(Image.fromarray(scene(1, 1)), "JPEG"),
        "large": saved(Image.fromarray(smooth(2000, 1300)), "JPEG", quality=30, optimize=True),
    }
    return {f"{name}.jpg": data for name, data in files.items()}


def webp_files() -> dict[str, bytes]:
    rgb, rgba = Image.fromarray(scene(50, 37)), Image.fromarray(scene(31, 40, 4))
    frames = [Image.fromarray(scene(24, 24, 4, seed=n)) for n in range(3)]
    files = {
        "lossless": saved(rgb, "WEBP", lossless=True),
        "lossless_alpha": saved(rgba, "WEBP", lossless=True, exact=True),
        "lossy": saved(rgb, "WEBP", quality=80),
        "lossy_alpha": saved(rgba, "WEBP", quality=70),
        "animated": saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50, lossless=True),
        "large": saved(Image.fromarray(smooth(1700, 300)), "WEBP", lossless=True),
    }
    return {f"{name}.webp": data for name, data in files.items()}


def gif_files() -> dict[str, bytes]:
    frames = [Image.fromarray(scene(33, 26, seed=n)).quantize(16) for n in range(3)]
    indexed = Image.fromarray(scene(20, 15) // 16 * 16).quantize(8)
    plain = saved(indexed, "GIF", interlace=0)
    start = plain.index(b",", 13 + 3 * 8)
    moved = bytearray(plain)
    moved[6:10] = struct.pack("<HH", 40, 9)  # a screen wider and lower than the frame
    moved[start + 1 : start + 5] = struct.pack("<HH", 7, 3)
    files = {
        "plain": plain,
        "interlaced": saved(indexed, "GIF", interlace=1),
        "grey": saved(Image.fromarray(scene(17, 18, 1)[:, :, 0]), "GIF"),
        "clear": saved(indexed, "GIF", transparency=3),
        "moved": bytes(moved),
        "moved_clear": bytes(moved[:start] + b"!\xf9\x04\x01\0\0\x02\0" + moved[start:]),
        "animated": saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50),
    }
    return {f"{name}.gif": data for name, data in files.items()}


def bmp_files() -> dict[str, bytes]:
    random = np.random.default_rng(9)
    rgb = scene(21, 14)
    rgba = random.integers(0, 256, (7, 5, 4)).astype(np.uint8)
    words = np.arange(0, 65536, 131)[:500].reshape(20, 25).astype("<u2")
    rows16 = padded(words.view(np.uint8).reshape(20, 50))
    palette = random.integers(0, 256, (4, 16)).astype(np.uint8).T.tobytes()
    files = {
        "rgb": saved(Image.fromarray(rgb), "BMP"),
        "rgba": bmp(rgba.tobytes(), 5, 7, 32, header=108, compression=3, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        "rgbx": bmp(rgba.tobytes(), 5, 7, 32),
        "grey": saved(Image.fromarray(rgb[:, :, 0]), "BMP"),
        "bit": saved(Image.fromarray(rgb[:, :, 0]).convert("1"), "BMP"),
        "palette8": saved(Image.fromarray(rgb).quantize(200), "BMP"),
        "palette4": bmp(padded(random.integers(0, 256, (9, 6))), 11, 9, 4, palette=palette),
        "top_down": bmp(padded(rgb[:, :, ::-1].reshape(14, 63)), 21, -14, 24),
        "rgb555": bmp(rows16, 25, 20, 16),
        "rgb565": bmp(rows16, 25, 20, 16, compression=3, masks=(0xF800, 0x7E0, 0x1F)),
    }
    return {f"{name}.bmp": data for name, data in files.items()}


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def golden(data: bytes) -> dict:
    image = Image.open(io.BytesIO(data))
    rgb = np.array(_convert_to_rgb(image))
    cv2.ipp.setUseIPP(False)
    pixels = ENCODER(ImageChunk(image=Image.open(io.BytesIO(data)))).image
    cv2.ipp.setUseIPP(True)
    wheel = ENCODER(ImageChunk(image=Image.open(io.BytesIO(data)))).image
    print(
        f"  {image.mode:5} {rgb.shape[1]} x {rgb.shape[0]}, IPP differs by "
        f"{np.abs(pixels - wheel).max() * 0.2757771 * 255:.4f} of 255"
    )
    return {
        "mode": image.mode,
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "rgb": sha256(rgb),
        "target_width": pixels.shape[2],
        "target_height": pixels.shape[1],
        "pixels": sha256(pixels.astype("<f4")),
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    goldens = {}
    for make in (png_files, jpeg_files, webp_files, gif_files, bmp_files):
        for name, data in make().items():
            print(name, len(data))
            (FOLDER / name).write_bytes(data)
            goldens[name] = golden(data)
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in goldens.items())
    (FOLDER / "goldens.json").write_text("{\n" + lines + "\n}\n")


main()
