"""Files that the core decodes without Pillow: the same grey plane and colour counts as through Pillow, or a refusal."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike._core import decode_other
from lookalike.errors import SourceError
from lookalike.options import Limits
from lookalike.sources import pillow, pixels
from made_files import chunk, every_file, exif, picture, png, saved, xmp

PIXELS = 20_000_000
LIMITS = Limits(pixels=PIXELS)
SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"RIFF": "WEBP",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
}
# Of the files that Pillow reads, how many the core must read too. Among the odd files of the test suites of other
# decoders are many BMP with run lengths and TIFF with fax, JPEG, CMYK and floats, which are left to Pillow.
LEAST_COVERED = {"PNG": 0.98, "WEBP": 0.97, "GIF": 0.97, "BMP": 0.8, "TIFF": 0.4}

Outcome = tuple[bytes, int, int, list[int] | None, str | None]


def through_pillow(data: bytes) -> Outcome | None:
    """What the Python road makes of a file; `None` if it refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with pillow.opened(io.BytesIO(data), LIMITS) as image:
                form = image.format
                flat = pillow.normalise(image, "standard")
            planes = pixels.planes(flat, True)
        except (SourceError, OSError, MemoryError):
            return None
    return planes.grey(), flat.width, flat.height, planes.color_counts(), form


def through_core(data: bytes) -> Outcome | None:
    """What the core makes of a file; `None` if it refuses it."""
    try:
        return decode_other(data, PIXELS, True)
    except (NotImplementedError, ValueError):
        return None


def judge(data: bytes) -> str:
    ours = through_core(data)
    if ours is None:
        return "left to Pillow"
    expected = through_pillow(data)
    if expected is None:
        return "only ours"
    return "same" if ours == expected else "different"


def form_of(data: bytes) -> str | None:
    return next((form for signature, form in SIGNATURES.items() if data.startswith(signature)), None)


def real_files(shared: Path) -> Iterator[tuple[Path, str, bytes]]:
    folders = [shared / "photos" / "png", shared / "neardup", shared / "bad"]
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        form = form_of(data)
        if form is not None:
            yield path, form, data


def test_every_layout_is_as_through_pillow() -> None:
    judged = {name: judge(data) for name, data in every_file()}
    assert not {name: result for name, result in judged.items() if result not in ("same", "left to Pillow")}
    left = {name for name, result in judged.items() if result == "left to Pillow"}
    odd = ("png with", "png without", "png alpha b'\\xff\\x00\\n'", "tiff XMP", "tiff LA packbits", "bmp ")
    assert not {name for name in left if not name.startswith(odd)}


def test_real_files_are_as_through_pillow(shared: Path) -> None:
    wrong, covered, readable = [], Counter[str](), Counter[str]()
    for path, form, data in real_files(shared):
        ours, expected = through_core(data), through_pillow(data)
        if ours is not None and ours != expected:
            wrong.append(path.name)
        readable[form] += expected is not None
        covered[form] += ours is not None
    assert not wrong
    shares = {form: covered[form] / readable[form] for form in readable}
    assert all(shares[form] >= least for form, least in LEAST_COVERED.items()), shares


def test_photos_are_all_covered(shared: Path) -> None:
    for folder in ("photos", "neardup"):
        for path in sorted((shared / folder).rglob("*.png")):
            assert through_core(path.read_bytes()) is not None, path


# WebP has no checksums. Most changed bits leave a stream that still decodes, with absurd numbers that libwebp cuts to
# 16 bits where the crate does not, or that ends a few bytes too early: noise on either road, but not the same.
def test_damaged_files_are_as_through_pillow() -> None:
    rng = random.Random(3)
    wrong: set[tuple[str, int, bytes]] = set()
    for name, data in every_file():
        if rng.random() > 0.25:
            continue
        for cut in range(1, 10):
            if judge(data[: len(data) * cut // 10]) not in ("same", "left to Pillow"):
                wrong.add((name, cut, b""))
        for _ in range(6):
            changed = bytearray(data)
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            if judge(bytes(changed)) not in ("same", "left to Pillow") and not name.startswith("webp"):
                wrong.add((name, 0, bytes(changed)))
    assert not wrong


def test_odd_exif_data_turn_as_through_pillow() -> None:
    rng = random.Random(5)
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(3))
    wrong = []
    for _ in range(1500):
        block = bytearray(exif(rng.randrange(10), rng.choice((b"", b"Exif\0\0"))))
        if rng.random() < 0.3:  # the other byte order
            block = bytearray(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0\0\0\0\0")
        for _ in range(rng.randrange(4)):
            block[rng.randrange(len(block))] = rng.choice((0, 1, 2, 4, 5, 8, 9, 42, 43, 255, rng.randrange(256)))
        data = png(8, 0, before=chunk(b"eXIf", bytes(block[: rng.choice((99, rng.randrange(40)))])) + text)
        if judge(data) != "same":
            wrong.append(bytes(block))
    assert not wrong


def huge(form: str) -> bytes:
    """A tiny file that declares as many pixels as its format can."""
    if form == "PNG":
        file = bytearray(png(16, 6))
        file[16:24] = b"\x7f\xff\xff\xff" * 2
        return bytes(file[:8]) + chunk(b"IHDR", bytes(file[16:29])) + bytes(file[33:])
    data = bytearray(saved(picture("RGB"), form, **({"lossless": True} if form == "WEBP" else {})))
    if form == "WEBP":
        data[21:24] = b"\xff\xff\xff"
    elif form == "GIF":
        data[6:10] = b"\xff\xff\xff\xff"
    elif form == "BMP":
        data[18:26] = b"\xff\xff\xff\x7f" * 2
    else:
        data[data.index(b"\x00\x01\x04\x00\x01\x00\x00\x00") + 8 :][:4] = b"\xff\xff\xff\xff"
        at = data.index(b"\x00\x01\x04\x00\x01\x00\x00\x00") + 8
        data[at : at + 4] = data[at + 12 : at + 16] = b"\xff\xff\xff\x7f"
    return bytes(data)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_giant_is_refused_before_any_memory_is_asked_for(form: str, tmp_path: Path) -> None:
    path = tmp_path / "giant"
    path.write_bytes(huge(form))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom lookalike._core import decode_other\n"
        "data = Path(sys.argv[1]).read_bytes()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    decode_other(data, int(sys.argv[2]))\nexcept (ValueError, NotImplementedError):\n    pass\n"
        "else:\n    raise SystemExit('decoded')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    for limit in (PIXELS, 1 << 28):
        done = subprocess.run([sys.executable, "-c", code, path, str(limit)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
        assert int(done.stdout) < 32 * 1024, f"{form} took {done.stdout} KiB"


def test_the_limit_names_itself() -> None:
    data = png(8, 2)
    with pytest.raises(ValueError, match="expected at most 850 pixels, got 37 x 23"):
        decode_other(data, 850)
    assert decode_other(data, 851)[1:] == (37, 23, None, "PNG")


def test_other_formats_are_left_to_pillow(photo: Path) -> None:
    for data in (photo.read_bytes(), b"", b"BM", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"II*\0", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(NotImplementedError):
            decode_other(data, PIXELS)
