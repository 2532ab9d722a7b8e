"""Limits that hold before memory is asked for, and while time passes: in the core, and around Pillow."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lookalike import Limits, fingerprint
from lookalike.errors import LimitError, NoImageError
from lookalike.fingerprints import fingerprint_rows
from lookalike.sources import Item, open_picture
from lookalike.sources.costs import check_inside, check_memory
from lookalike.sources.pillow import opened
from lookalike.sources.watched import Watched, seconds_for
from made_files import chunk

PHOTOS = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "photos"

FULL = "crop_resistant"  # a kind that has all scans of a JPEG decoded


def encoded(form: str, size: tuple[int, int] = (200, 100), mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(out, form, **options)
    return out.getvalue()


def png(
    width: int, height: int, color: int = 0, *, depth: int = 8, interlaced: bool = False, more: bytes = b""
) -> bytes:
    """The head of a PNG file, with no more than a few pixels behind it."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    parts = [chunk(b"IHDR", header), more, chunk(b"IDAT", zlib.compress(bytes(64))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def scans(count: int, side: int = 64) -> bytes:
    """A progressive JPEG file with so many scans."""
    codes = b"".join(segment(0xC4, bytes([kind, 1, *[0] * 15, 0])) for kind in (0x00, 0x10))
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    first = segment(0xDA, b"\1\1\0\0\0\0") + bytes(side * side // 512)
    again = segment(0xDA, b"\1\1\0\1\x3f\0") + bytes(8)
    return b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + codes + frame + first + (count - 1) * again + b"\xff\xd9"


def refused(data: bytes, name: str, **limits: Any) -> str:
    """The error of a picture that meets a limit, which names the limit and is the same when isolated."""
    kinds = limits.pop("kinds", "phash")
    with pytest.raises(LimitError, match=rf"raise Limits\.{name} to allow it") as raised:
        fingerprint(data, kinds=kinds, limits=Limits(**limits))
    return str(raised.value)


@pytest.mark.parametrize(
    ("data", "memory", "kinds"),
    [
        (encoded("PNG"), 39_999, "phash"),
        (encoded("PNG"), 79_999, "pdq"),
        (png(200, 100, 2), 99_999, "phash"),
        (png(200, 100, 6, depth=16), 199_999, "phash"),
        (encoded("GIF", mode="P"), 59_999, "phash"),
        (encoded("BMP"), 39_999, "phash"),
        (encoded("TIFF"), 39_999, "phash"),
        (encoded("WEBP", lossless=True), 119_999, "phash"),
        (encoded("JPEG", progressive=True), 150_000, FULL),
    ],
    ids=["png", "png-pdq", "interlaced", "interlaced-deep", "gif", "bmp", "tiff", "webp", "jpeg"],
)
def test_memory_in_the_core(data: bytes, memory: int, kinds: str) -> None:
    refused(data, "memory", memory=memory, kinds=kinds)
    (row,) = fingerprint_rows([data], kinds=kinds, limits=Limits(memory=10 * memory))
    assert "limit" not in str(row["error"]).lower()  # some have not enough pixels behind their heads


@pytest.mark.parametrize(
    ("data", "memory"),
    [
        (encoded("WEBP"), 17 * 20_000),
        (encoded("AVIF"), 14 * 20_000),
        (encoded("JPEG2000"), 22 * 20_000),
        (encoded("PPM"), 6 * 20_000),
        (encoded("PPM", mode="L"), 2 * 20_000),
        (encoded("TIFF", mode="CMYK"), 10 * 20_000),
        (encoded("TIFF", mode="F"), 17 * 20_000),
    ],
    ids=["webp", "avif", "jpeg2000", "rgb", "grey", "cmyk", "floats"],
)
def test_memory_around_pillow(data: bytes, memory: int) -> None:
    assert "of 200 x 100" in refused(data, "memory", memory=memory)
    assert fingerprint(data, limits=Limits(memory=memory + 24 * 100)).width == 200


def test_rows_take_memory_of_their_own() -> None:
    """Pillow keeps a pointer to each row: of pictures one pixel wide these are all."""
    assert "of 1 x 100,000" in refused(encoded("PPM", (1, 50_000)), "memory", memory=1_200_000).replace(
        "50000", "100,000"
    )


def test_lossy_webp_of_many_pixels_is_decoded_where_it_takes_less() -> None:
    """Pillow would need 476 MB for these 28 megapixels, which is more than the limit."""
    out = io.BytesIO()
    Image.new("RGB", (5600, 5000), (9, 99, 199)).save(out, "WEBP", method=0)
    assert fingerprint(out.getvalue()).width == 5600
    with pytest.raises(LimitError, match="WEBP of 5600 x 5000"):
        fingerprint(out.getvalue(), recipe="imagehash")


@pytest.mark.parametrize("data", [encoded("PNG"), encoded("JPEG"), encoded("PPM"), encoded("WEBP")])
def test_sides_are_limited(data: bytes) -> None:
    assert "200 x 100" in refused(data, "side", side=199)
    assert fingerprint(data, limits=Limits(side=200)).width == 200


def test_sides_of_images_and_arrays_are_limited() -> None:
    with pytest.raises(LimitError, match=r"raise Limits\.side"):
        fingerprint(Image.new("L", (300, 2)), limits=Limits(side=299))


def test_scans_are_limited_in_the_core() -> None:
    refused(scans(12), "scans", scans=11, kinds=FULL)
    assert fingerprint(scans(12), kinds=FULL, limits=Limits(scans=12)).width == 64
    assert fingerprint(scans(600, 1024)).width == 1024, "what is not decoded does not count"
    assert "at most 500 scans" in refused(scans(501), "scans", kinds=FULL)


def test_scans_are_limited_around_pillow() -> None:
    with pytest.raises(LimitError, match=r"at most 500 scans, got one of 501; raise Limits\.scans"):
        open_picture(Item("a", scans(501)), "standard/2", Limits())


def test_time_is_limited_in_the_core() -> None:
    refused(encoded("PNG", (2000, 2000)), "decode_seconds", decode_seconds=0.0)


def test_time_is_limited_where_a_decoder_reads() -> None:
    """This one is written in Python and reads each byte by itself."""
    data = b"qoif" + struct.pack(">II", 2000, 2000) + b"\3\0" + b"\xfd" * 65_000
    refused(data, "decode_seconds", decode_seconds=0.01)


def test_a_larger_picture_may_take_longer() -> None:
    seconds = [seconds_for(pixels, Limits(decode_seconds=2)) for pixels in (0, 25_000_000, 25_000_001, 178_000_000)]
    assert seconds == [2, 2, 4, 16]


def test_waiting_for_others_is_not_its_own_time() -> None:
    file = Watched(io.BytesIO(bytes(10)), Limits(decode_seconds=0.2))
    wait = file.patient(lambda _: time.sleep(0.3))
    assert wait is not None
    wait(1)
    assert file.read() == bytes(10)
    time.sleep(0.25)
    with pytest.raises(LimitError):
        file.read(1)


def directory(size: int, entries: int) -> bytes:
    """EXIF data whose entries all claim the same bytes."""
    listed = b"".join(struct.pack("<HHII", tag, 7, size, 8) for tag in range(1000, 1000 + entries))
    return b"II*\0" + struct.pack("<I", 8 + size) + bytes(size) + struct.pack("<H", entries) + listed + bytes(4)


@pytest.mark.parametrize("wrap", [bytes, lambda data: png(1, 1, more=chunk(b"eXIf", data))], ids=["tiff", "png"])
def test_metadata_are_limited(wrap: Any) -> None:
    """Each entry would be a copy: 64 MB from 65 kB. What is sound stays."""
    file = io.BytesIO(wrap(directory(30_000, 3_000)))
    with pytest.raises(LimitError, match="directory whose values would take 90,000,000"):
        check_inside(file, file.getvalue()[:512], Limits())
    check_inside(io.BytesIO(wrap(directory(30_000, 30))), b"", Limits())


@pytest.mark.parametrize("before", [0, 7, (1 << 20) - 30])
def test_only_directories_that_are_read_are_limited(before: int) -> None:
    """Notes of a camera may end with the head of a directory, and pixels may hold one."""
    data = directory(30_000, 3_000)
    check_inside(io.BytesIO(b"\xff\xd8" + bytes(before) + data), b"\xff\xd8", Limits())
    with pytest.raises(LimitError, match="directory"):
        check_inside(io.BytesIO(b"\xff\xd8" + bytes(before) + b"Exif\0\0" + data), b"\xff\xd8", Limits())


@pytest.mark.parametrize("before", [0, 5, (1 << 20) - 3, (1 << 20) - 1, 1 << 20])
def test_scans_are_counted_once(before: int) -> None:
    file = io.BytesIO(b"\xff\xd8" + bytes(before) + b"\xff\xda" * 3 + bytes(1 << 20))
    check_inside(file, b"\xff\xd8", Limits(scans=3))
    with pytest.raises(LimitError, match="at most 2 scans, got one of 3"):
        check_inside(file, b"\xff\xd8", Limits(scans=2))


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="needs the shared photographs")
def test_every_photo_is_within_the_limits() -> None:
    """With the road that decodes them in full, too."""
    large = [path for name in ("large-baseline", "large-progressive") for path in sorted((PHOTOS / name).iterdir())]
    assert len(large) == 39
    for path in large:
        with path.open("rb") as file:
            check_inside(file, file.read(512), Limits())


def test_what_lies_outside_of_the_file_counts_for_nothing() -> None:
    listed = b"".join(struct.pack("<HHII", tag, 7, 2**31, 8) for tag in range(20))
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", 20) + listed + bytes(4)
    check_inside(io.BytesIO(data), data, Limits())


def test_reading_the_same_again_and_again_is_limited() -> None:
    file = Watched(io.BytesIO(bytes(1 << 20)), Limits())
    for _ in range(68):
        file.seek(0)
        file.read()
    file.seek(0)
    with pytest.raises(LimitError, match="reads at most 4 times its 1,048,576 bytes"):
        file.read()
    assert isinstance(file.error, LimitError)


def test_reading_in_tiny_pieces_is_limited() -> None:
    data = png(1, 1, more=120_000 * chunk(b"gAMA", b"\0\0\xb1\x8f") + chunk(b"sRGB", b"\0\0"))
    with pytest.raises(LimitError, match="at most 300,000 pieces"):
        fingerprint(data)


def test_no_memory_is_asked_for_what_is_not_there() -> None:
    """A file object of the system's asks for all that it is told to read."""

    class Asked(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1) -> bytes:
            self.most = max(self.most, size or 0)
            return super().read(size)

    asked = Asked(bytes(200_000))
    assert len(Watched(asked, Limits()).read(1 << 40)) == 200_000
    assert asked.most == 200_000


def test_a_limit_that_a_decoder_swallows_is_told_all_the_same() -> None:
    file = Watched(io.BytesIO(encoded("PPM")), Limits())

    def decode() -> None:
        with opened(file, Limits()):
            file.error = LimitError("swallowed")
            raise ValueError("something else")

    with pytest.raises(LimitError, match="swallowed"):
        decode()


def icon(inner: bytes) -> bytes:
    return b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(inner), 22) + inner


def mac_icon(inner: bytes) -> bytes:
    return b"icns" + struct.pack(">I", len(inner) + 16) + b"ic10" + struct.pack(">I", len(inner) + 8) + inner


def codestream(width: int, height: int, tile: int = 1 << 30) -> bytes:
    size = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, tile, tile, 0, 0, 3) + b"\7\1\1" * 3
    return b"\xff\x4f" + segment(0x51, size)


BITMAP = struct.pack("<IiiHHIIIIII", 40, 20_000, 40_000, 1, 32, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (icon(png(20_000, 20_000, 6)), "pixels"),
        (icon(png(10_000, 10_000, 6)), "memory"),
        (icon(BITMAP), "pixels"),
        (mac_icon(png(20_000, 20_000, 6)), "pixels"),
        (mac_icon(codestream(20_000, 20_000)), "pixels"),
        (mac_icon(b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x16ihdr" + struct.pack(">II", 20_000, 20_000)), "pixels"),
    ],
    ids=["png", "png-memory", "bitmap", "mac-png", "mac-stream", "mac-jpeg2000"],
)
def test_pictures_in_icons_are_limited(data: bytes, name: str) -> None:
    assert "icon" in refused(data, name)


def test_sound_icons_are_opened() -> None:
    for form in ("ICO", "ICNS"):
        assert fingerprint(encoded(form, (64, 64), "RGBA")).format == form


def test_blocks_of_icons_are_limited() -> None:
    blocks = 20_000 * (b"junk" + struct.pack(">I", 8))
    with pytest.raises(LimitError, match="at most 10,000 blocks"):
        fingerprint(b"icns" + struct.pack(">I", len(blocks) + 8) + blocks)


def test_tiles_of_jpeg_2000_are_limited() -> None:
    assert "in 60,000 tiles" in refused(codestream(60_000, 1, 1), "memory")


def test_tiles_of_tiff_are_limited() -> None:
    """A picture of 8 x 8 pixels in a tile of four gigabytes, which Pillow would unpack."""
    entries = [(256, 8), (257, 8), (258, 8), (259, 8), (262, 1), (277, 1), (322, 1 << 16), (323, 1 << 16)]
    listed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in [*entries, (324, 8), (325, 64)])
    data = b"II*\0" + struct.pack("<I", 72) + bytes(64) + struct.pack("<H", 10) + listed + bytes(4)
    assert "TIFF of 8 x 8" in refused(data, "memory")


def test_a_blp_file_has_no_more_bytes_than_pixels() -> None:
    head = (
        b"BLP2"
        + struct.pack("<IBBBBII", 1, 1, 8, 0, 0, 8, 8)
        + struct.pack("<32I", 1172, *[0] * 15, 1 << 22, *[0] * 15)
    )
    with pytest.raises(LimitError, match="of 8 x 8 pixels, got one with 4,194,304 bytes for them"):
        fingerprint(head + bytes((1 << 22) + 1024))


def test_no_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise MemoryError

    data = encoded("PPM")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(LimitError, match="needs more than there is"):
        fingerprint(data)


def test_a_palette_that_is_missing_is_grey() -> None:
    """Pillow opens it so."""
    rows = zlib.compress(b"".join(b"\0" + bytes(range(n, n + 8)) for n in range(0, 64, 8)))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 3, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with Image.open(io.BytesIO(data)) as image:
        assert fingerprint(data)["dhash"] == fingerprint(image.convert("RGB"))["dhash"]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_defaults_let_common_large_pictures_in() -> None:
    """A phone's 48 megapixels as HEIC; a scan of 178 megapixels as PNG."""

    class Opened:
        format, mode, info, width, height = "HEIF", "RGB", {}, 8064, 6048

    check_memory(Opened(), Limits())  # type: ignore[arg-type]
    with pytest.raises(NoImageError, match="truncated"):
        fingerprint(png(13_300, 13_300))  # there are no pixels in it, but it is let in
