"""Files made to hurt: bombs, loops, lies about sizes, a million of something; and damaged copies of sound files."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["damaged", "made"]

Made = Iterator[tuple[str, bytes]]

_LARGE = 13_000  # squared, as many pixels as the limit allows
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def made() -> Made:
    """Each file with its name."""
    for family in (_pngs, _jpegs, _gifs, _webps, _tiffs, _icons, _jpeg_2000s, _packed_rows, _headers, _texts):
        yield from family()


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int, height: int, rows: bytes, color: int = 0, depth: int = 8, *, interlaced: bool = False, more: bytes = b""
) -> bytes:
    """A PNG file of packed rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    return _SIGNATURE + chunk(b"IHDR", header) + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """So many zeros, packed, without ever having them all."""
    packer = zlib.compressobj(1)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, packer.compress(bytes(count & 0xFFFFF)), packer.flush()])


def _pngs() -> Made:
    small = zlib.compress(bytes(2))
    yield "tall.png", png(1, 100_000_000, zeros(200_000_000))
    yield "wide.png", png(100_000_000, 1, zeros(100_000_001))
    yield "grey-bomb.png", png(_LARGE, _LARGE, zeros(_LARGE * (_LARGE + 1)))
    yield "interlaced-deep-bomb.png", png(_LARGE, _LARGE, zeros(1 << 24), 6, 16, interlaced=True)
    yield "interlaced-deep.png", png(7000, 7000, zeros(1 << 24), 6, 16, interlaced=True)
    yield "sides-without-end.png", png(2**31 - 1, 2**31 - 1, small)
    text = b"Comment\0\0" + zeros(1 << 26)
    for name in (b"zTXt", b"iCCP"):
        yield f"bomb-{name.decode()}.png", png(1, 1, small, more=chunk(name, text))
    yield "bomb-iTXt.png", png(1, 1, small, more=chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros(1 << 26)))
    million = b"Comment\0\0" + zeros(1 << 20)
    yield "texts-of-a-megabyte.png", png(1, 1, small, more=200 * chunk(b"zTXt", million))
    yield "empty-chunks.png", png(1, 1, small, more=800_000 * chunk(b"teSt", b""))
    yield (
        "empty-chunks-odd.png",
        png(1, 1, small, more=400_000 * chunk(b"gAMA", b"\0\0\xb1\x8f") + chunk(b"sRGB", b"\0\0")),
    )
    yield "frames.png", png(8, 8, zlib.compress(bytes(72)), more=chunk(b"acTL", struct.pack(">II", 10**6, 0)))
    yield "exif-bomb.png", png(1, 1, small, more=chunk(b"eXIf", directory_bomb(1 << 20)) + chunk(b"gAMA", b""))
    yield "exif-bomb-common.png", png(1, 1, small, more=chunk(b"eXIf", directory_bomb(1 << 20)))


def directory_bomb(size: int) -> bytes:
    """A TIFF directory of 65,535 entries, each of which claims the same bytes."""
    entries = b"".join(struct.pack("<HHII", tag, 7, size, 8) for tag in range(1, 65_536) if tag not in range(254, 330))
    count = len(entries) // 12
    return b"II*\0" + struct.pack("<I", 8 + size) + bytes(size) + struct.pack("<H", count) + entries + bytes(4)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(width: int, height: int, scans: int, *, progressive: bool, components: int = 1, start: int = 0) -> bytes:
    """A JPEG file of scans with nothing in them."""
    tables = _segment(0xDB, b"\0" + bytes([1] * 64)) + b"".join(
        _segment(0xC4, bytes([kind]) + bytes([1] + [0] * 15) + b"\0") for kind in (0x00, 0x10)
    )
    parts = b"".join(bytes([n + 1, 0x11, 0]) for n in range(components))
    frame = _segment(
        start or (0xC2 if progressive else 0xC0), struct.pack(">BHHB", 8, height, width, components) + parts
    )
    first = (
        _segment(0xDA, bytes([components]) + b"".join(bytes([n + 1, 0]) for n in range(components)) + b"\0\0\x01")
        + b"\0\0"
    )
    again = _segment(0xDA, b"\1\1\0\1\x3f\0") + b"\0\0" if progressive else _segment(0xDA, b"\1\1\0\0\x3f\0") + b"\0\0"
    return b"\xff\xd8" + tables + frame + (first if progressive else b"") + scans * again + b"\xff\xd9"


def _jpegs() -> Made:
    yield "sides.jpg", jpeg(65535, 65535, 1, progressive=False)
    yield "large.jpg", jpeg(65500, 2700, 1, progressive=False, components=3)
    for scans in (400, 5000):
        yield f"{scans}-scans.jpg", jpeg(13_000, 13_000, scans, progressive=True)
        yield f"{scans}-scans-colour.jpg", jpeg(65500, 2700, scans, progressive=True, components=3)
        yield f"{scans}-scans-baseline.jpg", jpeg(13_000, 13_000, scans, progressive=False, components=3)
        yield f"{scans}-scans-arithmetic.jpg", jpeg(13_000, 13_000, scans, progressive=True, start=0xCA)
    one = jpeg(8, 8, 1, progressive=False)
    exif = directory_bomb(30_000)[: 30_000 + 8 + 2 + 12 * 2700]
    marked = bytearray(exif)
    marked[8 + 30_000 : 10 + 30_000] = struct.pack("<H", 2700)
    yield "exif-bomb.jpg", one[:2] + _segment(0xE1, b"Exif\0\0" + bytes(marked)) + one[2:]
    yield "comments.jpg", one[:2] + 1_000_000 * _segment(0xFE, b"") + one[2:]
    yield "fill-bytes.jpg", one[:2] + b"\xff" * 20_000_000 + one[2:]
    yield "restart-markers.jpg", one[:-2] + b"\xff\xd0" * 5_000_000 + one[-2:]


def _gifs() -> Made:
    head = b"GIF89a\x08\0\x08\0\x80\0\0\0\0\0\xff\xff\xff"
    frame = b",\0\0\0\0\x08\0\x08\0\0\2\2\x84\x51\0"
    yield "frames.gif", head + 1_000_000 * frame + b";"
    yield "comments.gif", head + 3_000_000 * b"!\xfe\0" + frame + b";"
    yield "extensions.gif", head + 3_000_000 * b"!\xff\0" + frame + b";"
    yield "no-frame.gif", head + 10_000_000 * b"\0" + frame + b";"
    yield "screen.gif", b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff" + frame + b";"
    sides = struct.pack("<HH", _LARGE, _LARGE)
    yield "frame-larger.gif", head + b",\0\0\0\0" + sides + b"\0\2\2\x84\x51\0;"
    yield "blocks.gif", head + b",\0\0\0\0" + sides + b"\0\2" + 5_000_000 * b"\1\0"[:1] + b"\0;"


def _riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) & 1) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _webps() -> Made:
    from PIL import Image

    def still(size: tuple[int, int], *, lossless: bool) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", size, (9, 99, 199)).save(out, "WEBP", lossless=lossless, method=0)
        return out.getvalue()

    for name, lossless in (("lossy", False), ("lossless", True)):
        yield f"large-{name}.webp", still((6000, 5000), lossless=lossless)
        yield f"too-large-{name}.webp", still((12_000, 9000), lossless=lossless)
    tiny = still((8, 8), lossless=True)[12:]
    header = struct.pack("<I", 2) + b"\7\0\0\7\0\0"
    frame = b"\0" * 6 + b"\7\0\0\7\0\0" + b"\1\0\0\0" + tiny
    yield "frames.webp", _riff((b"VP8X", header), (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * 100_000)
    yield (
        "canvas.webp",
        _riff((b"VP8X", struct.pack("<I", 2) + b"\xff\x2f\0\xff\x2f\0"), (b"ANIM", bytes(6)), (b"ANMF", frame)),
    )
    yield "sides.webp", _riff((b"VP8X", struct.pack("<I", 2) + b"\xff" * 6), (b"ANIM", bytes(6)), (b"ANMF", frame))
    lossy = still((8, 8), lossless=False)[12:]
    exif = (b"VP8X", struct.pack("<I", 8) + b"\7\0\0\7\0\0")
    yield "exif-bomb.webp", _riff(exif, (b"VP8 ", lossy[8:]), (b"EXIF", directory_bomb(1 << 20)))
    yield "chunks.webp", _riff(exif, (b"VP8 ", lossy[8:]), *[(b"JUNK", b"")] * 500_000)


def tiff(*entries: tuple[int, int, int, int], data: bytes = b"", following: int = 0) -> bytes:
    """A TIFF file: tag, type, count, value; the data stand at byte 8."""
    parts = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    where = 8 + len(data)
    return (
        b"II*\0"
        + struct.pack("<I", where)
        + data
        + struct.pack("<H", len(entries))
        + parts
        + struct.pack("<I", following)
    )


def _tiffs() -> Made:
    def about(width: int, height: int, packing: int = 1) -> list[tuple[int, int, int, int]]:
        return [
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 1, 8),
            (259, 3, 1, packing),
            (262, 3, 1, 1),
            (277, 3, 1, 1),
        ]

    plain = [(273, 4, 1, 8), (278, 4, 1, 2**32 - 1), (279, 4, 1, 64)]
    yield "loop.tif", tiff(*about(8, 8), *plain, data=bytes(64), following=8 + 64)
    yield "large.tif", tiff(*about(_LARGE, _LARGE), *plain, data=bytes(64))
    yield "directory-bomb.tif", directory_bomb(4 << 20)
    big = zeros(1 << 28)
    tiles = [(322, 4, 1, 50_000), (323, 4, 1, 50_000), (324, 4, 1, 8), (325, 4, 1, len(big))]
    yield "tile-bomb.tif", tiff(*about(8, 8, 8), *tiles, data=big)
    tiles = [(322, 4, 1, 16), (323, 4, 1, 30_000_000), (324, 4, 1, 8), (325, 4, 1, len(big))]
    yield "tall-tile.tif", tiff(*about(16, 8, 8), *tiles, data=big)
    strips = [(273, 4, 1, 8), (278, 4, 1, _LARGE), (279, 4, 1, len(big))]
    for name, packing in (("deflate", 8), ("zstd", 50000), ("lzma", 34925), ("jpeg", 7), ("ccitt", 4), ("lzw", 5)):
        yield f"strip-{name}.tif", tiff(*about(_LARGE, _LARGE, packing), *strips, data=big)
    offsets = struct.pack("<I", 8) * 1_000_000
    many = [(273, 4, 1_000_000, 8), (278, 4, 1, 1), (279, 4, 1_000_000, 8)]
    yield "strips.tif", tiff(*about(8, 1_000_000), *many, data=offsets)
    yield "samples.tif", tiff(*about(1000, 1000)[:-1], (277, 3, 1, 65535), *plain, data=bytes(64))
    yield "inner-loops.tif", tiff(*about(8, 8), *plain, (330, 4, 1, 8 + 64), (34665, 4, 1, 8 + 64), data=bytes(64))


def _icons() -> Made:
    bomb = png(15_000, 11_000, zeros(1 << 24), 6)
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(bomb), 22)
    yield "png-inside.ico", b"\0\0\1\0\1\0" + entry + bomb
    yield "entries.ico", b"\0\0\1\0\xff\xff" + 65_535 * entry
    bitmap = struct.pack("<IiiHHIIIIII", 40, 12_000, 24_000, 1, 32, 0, 0, 0, 0, 0, 0)
    yield "bitmap-inside.ico", b"\0\0\1\0\1\0" + entry + bitmap
    yield "sound-entry.cur", b"\0\0\2\0\1\0" + entry + bitmap
    yield (
        "png-inside.icns",
        b"icns" + struct.pack(">I", len(bomb) + 16) + b"ic10" + struct.pack(">I", len(bomb) + 8) + bomb,
    )
    stream = _codestream(15_000, 11_000)
    yield (
        "jpeg-2000-inside.icns",
        b"icns" + struct.pack(">I", len(stream) + 16) + b"ic10" + struct.pack(">I", len(stream) + 8) + stream,
    )
    blocks = 1_000_000 * (b"junk" + struct.pack(">I", 8))
    yield "blocks.icns", b"icns" + struct.pack(">I", len(blocks) + 8) + blocks
    yield "long-block.icns", b"icns\xff\xff\xff\xff" + b"ic10\xff\xff\xff\xf0"


def _codestream(width: int, height: int, tile: tuple[int, int] | None = None, components: int = 3) -> bytes:
    across, down = tile or (width, height)
    size = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, across, down, 0, 0, components) + b"\7\1\1" * components
    coding = b"\0\0\0\1\1\5\4\4\0\0"
    quant = b"\x40" + b"\x40" * 16
    begin = b"\xff\x4f" + _segment(0x51, size) + _segment(0x52, coding) + _segment(0x5C, quant)
    return begin + b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14, 0, 1) + b"\xff\x93" + b"\xff\xd9"


def _jpeg_2000s() -> Made:
    yield "large.j2k", _codestream(13_000, 13_000)
    yield "within-limits.j2k", _codestream(4400, 4400)
    yield "tiles.j2k", _codestream(60_000, 1, (1, 1))
    yield "tiles-without-end.j2k", _codestream(65_535, 2700, (1, 1))
    yield "components.j2k", _codestream(1000, 1000, None, 16_384)
    yield "boxes.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + 1_000_000 * b"\0\0\0\x08free"
    yield (
        "deep-boxes.jp2",
        b"\0\0\0\x0cjP  \r\n\x87\n" + b"".join(struct.pack(">I4s", 8 * n, b"jp2h") for n in range(200_000, 0, -1)),
    )
    boxes = b"".join(struct.pack(">I4s", 8 * n, b"meta") for n in range(100_000, 0, -1))
    yield "deep-boxes.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + boxes
    yield "deep-boxes.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + boxes


def _packed_rows() -> Made:
    """Formats whose runs make much of little."""
    side = struct.pack("<HH", 65_535, 2700)
    yield "runs.tga", b"\0\0\x0a\0\0\0\0\0\0\0\0\0" + side + b"\x18\0" + 1_500_000 * b"\xff\0\0\0"
    yield (
        "runs.pcx",
        struct.pack("<BBBBHHHH", 10, 5, 1, 8, 0, 0, 65_534, 2699)
        + bytes(54)
        + b"\1"
        + struct.pack("<H", 65_535)
        + bytes(59)
        + 3_000_000 * b"\xff\0",
    )
    runs = 2_900_000 * b"\xfd"
    yield "runs.qoi", b"qoif" + struct.pack(">II", _LARGE, _LARGE) + b"\3\0" + runs
    yield "runs-small.qoi", b"qoif" + struct.pack(">II", 4900, 4900) + b"\3\0" + runs
    yield (
        "rle.bmp",
        b"BM"
        + struct.pack("<IHHIIiiHHIIIIII", 0, 0, 0, 1078, 40, _LARGE, _LARGE, 1, 8, 1, 0, 0, 0, 256, 0)
        + bytes(1024)
        + 700_000 * b"\xff\1",
    )
    yield "plain.bmp", b"BM" + struct.pack("<IHHIIiiHHIIIIII", 0, 0, 0, 54, 40, 30_000, 5900, 1, 24, 0, 0, 0, 0, 0, 0)
    packed = struct.pack(">H", 2) * 5900 + b"\xff\0" * 5900
    yield (
        "runs.psd",
        b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 5900, 30_000, 8, 3) + bytes(12) + b"\0\1" + packed,
    )
    yield (
        "channels.psd",
        b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 56, 5900, 30_000, 8, 3) + bytes(12) + b"\0\1" + packed,
    )
    yield "runs.sgi", struct.pack(">HBBHHHH", 474, 1, 1, 3, 65_535, 2700, 3) + bytes(500) + bytes(2700 * 3 * 8)
    yield "deep.sgi", struct.pack(">HBBHHHH", 474, 0, 2, 3, 8000, 8000, 3) + bytes(500)
    yield "runs.ras", struct.pack(">8I", 0x59A66A95, 65_535, 2700, 24, 0, 2, 0, 0) + 1_000_000 * b"\x80\xff\0"
    cards = [b"SIMPLE  =                    T", b"BITPIX  =                    8", b"NAXIS   =                    0"]
    table = [b"XTENSION= 'BINTABLE'", b"ZBITPIX =                    8", b"ZNAXIS  =                    2"]
    table += [
        b"ZNAXIS1 =                 4000",
        b"ZNAXIS2 =                 4000",
        b"ZCMPTYPE= 'GZIP_1  '",
        b"NAXIS   =   2",
        b"NAXIS1  =    8",
        b"NAXIS2  =    8",
    ]

    def block(lines: list[bytes]) -> bytes:
        return b"".join(line.ljust(80) for line in [*lines, b"END"]).ljust(2880)

    yield "gzip.fits", block(cards) + block(table) + bytes(64) + gzip.compress(bytes(1 << 26), 1)


def _headers() -> Made:
    """Large sides, and next to nothing behind them."""
    yield "tall.blp", b"BLP2" + struct.pack("<IBBBBII", 1, 2, 1, 7, 16, 1, 67_108_880) + bytes(2000)
    yield (
        "paletted.blp",
        b"BLP2"
        + struct.pack("<IBBBBII", 1, 1, 8, 0, 0, 8, 8)
        + struct.pack("<32I", 1172, *[0] * 15, 1 << 25, *[0] * 15)
        + bytes((1 << 25) + 1024),
    )
    yield (
        "tall.dds",
        b"DDS "
        + struct.pack("<7I", 124, 0x100F, 170_000_000, 1, 0, 0, 0)
        + bytes(44)
        + struct.pack("<8I", 32, 0x40, 0, 24, 255, 255, 255, 0)
        + bytes(20),
    )
    yield (
        "wide.fli",
        struct.pack("<IHHHHHH", 128, 0xAF11, 2, 65_535, 2700, 8, 0)
        + bytes(112)
        + struct.pack("<IHH", 6, 0xF1FA, 0)
        + bytes(200),
    )
    yield (
        "large.im",
        b"Image type: RGB image\r\nImage size (x*y): 13000*13000\r\nFile size (no of images): 1000000\r\n".ljust(
            511, b"\0"
        )
        + b"\x1a",
    )
    yield "large.msp", struct.pack("<4sHH", b"LinS", 65_535, 2700) + bytes(24 + 5400)
    yield "large.gbr", struct.pack(">7I", 28, 2, 13_000, 13_000, 4, 0x47494D50, 10)
    yield "large.ftc", b"FTEX" + struct.pack("<IIIIIIII", 0, 13_000, 13_000, 1, 1, 0, 32, 0)
    yield (
        "large.spi",
        struct.pack(
            ">27f",
            *[1, 13_000, 0, 0, 1, 0, 0, 0, 0, 0, 0, 13_000, 1, 0, 0, 0, 0, 0, 0, 0, 0, 52_000, 52_000, 0, 0, 0, 0],
        )
        + bytes(300),
    )
    yield "large.mpg", b"\0\0\1\xb3\xff\xff\xff"
    yield "large.pxr", b"\200\350\0\0".ljust(416, b"\0") + struct.pack("<HH", 13_000, 13_000) + bytes(600)
    yield "large.pcd", bytes(2048) + b"PCD_" + bytes(6000)
    yield "large.wmf", b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<hhhhH", 0, 0, 32_767, 32_767, 1) + bytes(26)


def _texts() -> Made:
    yield "plain.ppm", b"P3 13000 13000 255\n" + 5_000_000 * b"0 "
    yield "grey.pgm", b"P2 4000 4000 255\n" + 10_000_000 * b"1 "
    yield "comments.ppm", b"P6\n" + 500_000 * b"#\n" + b"8 8 255\n" + bytes(192)
    yield "digits.ppm", b"P6 " + 1_000_000 * b"9" + b" 8 255\n"
    yield "floats.pfm", b"Pf\n13000 13000\n-1.0\n" + bytes(1000)
    yield (
        "large.xbm",
        b"#define a_width 13000\n#define a_height 13000\nstatic char a_bits[] = {\n" + 1_000_000 * b"0xff,",
    )
    yield "colours.xpm", b'/* XPM */\nstatic char *a[] = {\n"8 8 900000000 1",\n' + 200_000 * b'"a c #000000",\n'
    yield "line.xpm", b"/* XPM */\n" + 20_000_000 * b" "
    yield "script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9999 9999\n{} loop\n"
    yield "headers.imt", 1_000_000 * b"*\n" + b"width 99999\nheight 99999\n\x0c"
    yield "empty.jpg", b""
    yield "signs.jpg", b"=cmd|' /C calc'!A0"


def damaged(files: list[Path], seed: int = 7) -> Made:
    """Each file with damage done to it in each of several ways."""
    rng = random.Random(seed)
    whole = [file.read_bytes() for file in files]
    for n, (file, data) in enumerate(zip(files, whole, strict=True)):
        name = f"{n:03}-{file.suffix.lstrip('.') or 'none'}"
        for way, damage in _WAYS.items():
            for turn in range(3):
                yield f"{name}-{way}-{turn}{file.suffix}", damage(data, rng)
        yield f"{name}-joined{file.suffix}", data + rng.choice(whole)
        yield f"{name}-misnamed{rng.choice(('.jpg', '.png', '.tif', '.webp', '.gif'))}", data


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _cut_early(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(min(200, len(data)) + 1)]


def _flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(4):
        if out:
            out[rng.randrange(min(len(out), 400))] = rng.randrange(256)
    return bytes(out)


def _inflate(data: bytes, rng: random.Random) -> bytes:
    """A number in the head becomes a large one."""
    at = rng.randrange(max(1, min(len(data), 200) - 4))
    return (
        data[:at]
        + rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\1\0\0", b"\0\0\x40\0", b"\x40\0"))
        + data[at + 4 :]
    )


def _scramble(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(max(1, len(data)))
    return data[:at] + rng.randbytes(min(64, len(data) - at)) + data[at + 64 :]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(max(1, len(data)))
    return data[:at] + data[at : at + 512] * 64 + data[at:]


_WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": _cut,
    "cut-early": _cut_early,
    "flipped": _flip,
    "inflated": _inflate,
    "scrambled": _scramble,
    "repeated": _repeat,
}
