"""Small picture files of every layout that the core's readers take, made by hand where Pillow writes no such."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 37, 23
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def every_file() -> Iterator[tuple[str, bytes]]:
    """Each file with its name."""
    yield from _pngs()
    yield from _webps()
    yield from _gifs()
    yield from _tiffs()
    yield from _bmps()


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(depth: int, color: int, *, interlaced: bool = False, before: bytes = b"", after: bytes = b"") -> bytes:
    """A PNG file of noise, with further chunks before and behind its pixels."""
    rng = np.random.default_rng(depth * 10 + color)
    top = 5 if color == 3 and depth == 8 else 2**depth
    samples = rng.integers(0, top, (HEIGHT, WIDTH, _SAMPLES[color]))
    samples[:4, :9] = [5, 300, 77, 200][: _SAMPLES[color]] if depth > 8 else 1
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(_packed(samples[y::dy, x::dx], depth) for x, y, dx, dy in passes)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(range(15))) if color == 3 else b""
    parts = [chunk(b"IHDR", header), palette, before, chunk(b"IDAT", zlib.compress(rows)), after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _packed(samples: np.ndarray, depth: int) -> bytes:
    if not samples.size:
        return b""
    if depth == 16:
        return b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    bits = np.unpackbits(samples.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
    return b"".join(b"\0" + np.packbits(row.reshape(-1)).tobytes() for row in bits)


def exif(orientation: int, prefix: bytes = b"") -> bytes:
    """An EXIF block with nothing but the orientation."""
    return prefix + b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HHI", orientation, 0, 0)


def xmp(orientation: int) -> bytes:
    """XMP data with nothing but the orientation."""
    return b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


def _pngs() -> Iterator[tuple[str, bytes]]:
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    for color, of_color in depths.items():
        for depth in of_color:
            for interlaced in (False, True):
                yield f"png {color} {depth} {interlaced}", png(depth, color, interlaced=interlaced)
    for depth, color, key in [
        *((depth, 0, (key,)) for depth in (1, 2, 4, 8, 16) for key in (0, 1, 85, 256, 257, 300)),
        *((depth, 2, key) for depth in (8, 16) for key in ((1, 1, 1), (5, 300, 77), (0, 1, 0), (256, 256, 511))),
    ]:
        data = struct.pack(f">{len(key)}H", *key)
        yield f"png {color} {depth} key {key}", png(depth, color, before=chunk(b"tRNS", data))
    for alpha in (b"", b"\0", b"\xff\0", b"\xff\xff\xff", b"\x80\0\xff\x01\x7f", b"\xff\0\n"):
        yield f"png alpha {alpha!r}", png(8, 3, before=chunk(b"tRNS", alpha))
    for value in range(10):
        yield f"png eXIf {value}", png(8, 2, before=chunk(b"eXIf", exif(value)))
        yield f"png eXIf behind {value}", png(8, 2, after=chunk(b"eXIf", exif(value)))
        text = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(value)
        yield f"png XMP {value}", png(8, 0, before=chunk(b"iTXt", text))
        yield f"png XMP and eXIf {value}", png(8, 0, before=chunk(b"iTXt", text) + chunk(b"eXIf", exif(6)))
    for name, before in {
        "text": chunk(b"tEXt", b"Title\0nothing"),
        "a text that is a setting": chunk(b"tEXt", b"transparency\0x"),
        "interlace as a text": chunk(b"tEXt", b"interlace\x001"),
        "a large text": chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(2_000_000))),
        "a large profile": chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(2_000_000))),
        "a broken profile": chunk(b"iCCP", b"p\0\0" + bytes(2000)),
        "a profile of another method": chunk(b"iCCP", b"p\0\x01"),
        "two exif blocks": chunk(b"eXIf", exif(3)) + chunk(b"eXIf", exif(6)),
        "a bad sum": chunk(b"tEXt", b"Title\0x")[:-1] + b"!",
        "an unknown chunk": chunk(b"quOt", b"x"),
    }.items():
        yield f"png with {name}", png(8, 2, before=before)
    yield "png without end", png(8, 2)[:-12]
    yield "png with a late key", png(8, 2, after=chunk(b"tRNS", bytes(6)))


def picture(mode: str) -> Image.Image:
    """A picture with smooth and with noisy parts."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH))
    planes = [x * 6, y * 11, np.where(x > y, noise, 90), np.where(y > 12, 255, noise)]
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8), "RGBA").convert(mode)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _webps() -> Iterator[tuple[str, bytes]]:
    for mode in ("RGB", "RGBA"):
        kinds: dict[str, dict[str, Any]] = {
            "lossless": {"lossless": True},
            "poor": {"quality": 5},
            "good": {"quality": 95},
            "lossless alpha": {"quality": 50, "alpha_quality": 100},
            "coarse alpha": {"quality": 50, "alpha_quality": 20, "method": 6},
            "exact": {"lossless": True, "exact": True},
        }
        for name, options in kinds.items():
            yield f"webp {mode} {name}", saved(picture(mode), "WEBP", **options)
    turned = picture("RGB").transpose(Image.Transpose.ROTATE_90)
    for value in range(10):
        yield f"webp EXIF {value}", saved(picture("RGB"), "WEBP", exif=exif(value, b"Exif\0\0"))
        yield f"webp XMP {value}", saved(picture("RGBA"), "WEBP", xmp=xmp(value))
        yield f"webp both {value}", saved(turned, "WEBP", xmp=xmp(6), exif=exif(value), lossless=True)
    for mode in ("RGB", "RGBA"):
        for lossless in (False, True):
            frames = {"save_all": True, "append_images": [picture(mode).rotate(180)], "lossless": lossless}
            yield f"webp frames {mode} {lossless}", saved(picture(mode), "WEBP", **frames)


def _gifs() -> Iterator[tuple[str, bytes]]:
    colors = picture("RGB").quantize(30)
    yield "gif colours", saved(colors, "GIF")
    yield "gif grey", saved(picture("L"), "GIF")
    yield "gif two", saved(picture("1"), "GIF")
    yield "gif not interlaced", saved(colors, "GIF", interlace=0)
    yield "gif transparent", saved(colors, "GIF", transparency=3)
    yield "gif grey transparent", saved(picture("L"), "GIF", transparency=90)
    yield "gif comment", saved(colors, "GIF", comment=b"c" * 700, loop=0)
    frames = {"save_all": True, "append_images": [colors.rotate(180)], "disposal": 2, "loop": 0}
    yield "gif frames", saved(colors, "GIF", **frames)
    for screen in ((60, 50), (10, 10), (37, 50)):
        for place in ((0, 0), (5, 7)):
            for flags in (0, 1):
                yield f"gif {screen} {place} {flags}", _moved_gif(saved(colors, "GIF"), screen, place, flags)


def _moved_gif(file: bytes, screen: tuple[int, int], place: tuple[int, int], flags: int) -> bytes:
    """The same frame at another place of a screen of another size, with a transparent colour if `flags` is 1."""
    at = 13 + (6 << (file[10] & 7))
    start = file.index(b",", at)
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, 0, 2, 0)
    head = file[:6] + struct.pack("<HH", *screen) + file[10:at]
    return head + control + b"," + struct.pack("<HH", *place) + file[start + 5 :]


def _tiffs() -> Iterator[tuple[str, bytes]]:
    modes = {mode: picture(mode) for mode in ("L", "RGB", "RGBA", "LA", "1")}
    modes["P"] = picture("RGB").quantize(200)
    modes["I;16"] = Image.fromarray(np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 77)
    for mode, image in modes.items():
        for packing in (None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"):
            yield f"tiff {mode} {packing}", saved(image, "TIFF", compression=packing)
            yield f"tiff {mode} {packing} strips", saved(image, "TIFF", compression=packing, tiffinfo={278: 5})
            if packing in ("tiff_lzw", "tiff_adobe_deflate") and mode != "1":
                yield f"tiff {mode} {packing} differences", saved(image, "TIFF", compression=packing, tiffinfo={317: 2})
    for value in range(1, 9):
        yield f"tiff turned {value}", saved(picture("RGB"), "TIFF", tiffinfo={274: value})
        yield f"tiff XMP {value}", saved(picture("RGB"), "TIFF", tiffinfo={700: xmp(value)})


def _bmps() -> Iterator[tuple[str, bytes]]:
    for mode in ("1", "L", "RGB", "RGBA"):
        yield f"bmp {mode}", saved(picture(mode), "BMP")
    for count in (2, 3, 16, 17, 200, 256):
        yield f"bmp {count} colours", saved(picture("RGB").quantize(count), "BMP")
