"""Sources to fingerprints: the same picture gives the same hashes however it came in, and nothing is lost."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image, ImageSequence

from conftest import Site
from lookalike.errors import LimitError, NoFileError, NoImageError
from lookalike.fingerprints import compute, fingerprint, fingerprint_many, fingerprint_rows, row_names
from lookalike.frames import rows_of
from lookalike.hashes import Hash, MultiHash, parse_hash
from lookalike.kinds import ARTICLE_KINDS, NAMES, Kind
from lookalike.options import Limits

LOCAL = Limits(allow_private=True)

EVERY_KIND = [
    *NAMES,
    "ahash:median",
    "whash:db4",
    "whash:keep_ll",
    "phash:16",
    "colorhash:4",
    "crop_resistant:colorhash",
]


@pytest.fixture(scope="module")
def picture(photo: Path) -> Image.Image:
    """The pixels of a photograph, without its file."""
    with Image.open(photo) as image:
        return image.convert("RGB").resize((320, 240))


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def hashes(source: object, *kinds: str) -> dict[str, str]:
    found = fingerprint(source, kinds=kinds or EVERY_KIND).hashes
    return {kind: value.hex for kind, value in found.items()}


def bits_apart(first: object, second: object, kinds: Sequence[str] = ARTICLE_KINDS) -> int:
    a, b = fingerprint(first, kinds=kinds), fingerprint(second, kinds=kinds)
    return max(a[kind] - b[kind] for kind in a.hashes)  # type: ignore[operator, type-var]


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
@pytest.mark.parametrize("folder", ["everyday", "png", "web"])
def test_every_kind_of_source_gives_the_same_fingerprint(shared: Path, site: Site, folder: str, recipe: str) -> None:
    for path in sorted((shared / "photos" / folder).iterdir())[:4]:
        content = path.read_bytes()
        (site.folder / path.name).write_bytes(content)
        image = Image.open(path)
        files = [path, content, io.BytesIO(content), f"{site.url}/{path.name}", [path]]
        pixels = [image, np.asarray(image)]
        groups = [files, pixels] if recipe == "standard" and image.format == "JPEG" else [files + pixels]
        for sources in groups:
            options: dict[str, Any] = {"kinds": EVERY_KIND, "recipe": recipe, "limits": LOCAL}
            expected = fingerprint(sources[0], **options)
            rows = list(fingerprint_rows(sources, **options))
            for source, row in zip(sources, rows, strict=True):
                if isinstance(source, io.BytesIO):
                    source.seek(0)
                found = fingerprint(source, **options)
                assert found.hashes == expected.hashes
                assert {kind: row[kind] for kind in found.hashes} == {k: h.hex for k, h in found.hashes.items()}
                assert (found.width, found.height) == (expected.width, expected.height)


def test_pixels_are_close_to_the_file_that_they_come_from(shared: Path) -> None:
    # A JPEG file is decoded no further than its hashes need, an image is as it is.
    kinds = ["ahash", "phash", "dhash", "whash"]
    files = [path for folder in ("everyday", "web") for path in sorted((shared / "photos" / folder).iterdir())[:8]]
    for path in files:
        assert bits_apart(path, Image.open(path), kinds) <= 4


def test_a_kind_has_the_same_bits_whatever_else_is_asked_for(photo: Path) -> None:
    together = hashes(photo)
    for kind in EVERY_KIND:
        assert hashes(photo, kind)[kind] == together[kind]


def saved_part(image: Image.Image, share: float, **options: Any) -> bytes:
    """A JPEG file that breaks off."""
    content = saved(image, "JPEG", **options)
    return content[: int(len(content) * share)]


@pytest.mark.parametrize("progressive", [False, True])
def test_a_file_that_breaks_off_has_a_warning(picture: Image.Image, tmp_path: Path, progressive: bool) -> None:
    path = tmp_path / "part.jpg"
    path.write_bytes(saved_part(picture, 0.85, progressive=progressive))
    whole = saved(picture, "JPEG", progressive=progressive)
    found = fingerprint(path)
    if not progressive:
        assert found.warning is not None
        assert re.fullmatch(r"the file breaks off: \d+ % of the picture is missing", found.warning)
    assert fingerprint(whole).warning is None
    row, other = fingerprint_rows([path, whole])
    assert (row["warning"], row["error"], other["warning"]) == (found.warning, None, None)
    assert row == found.as_row()
    assert fingerprint(picture).warning is None


def test_a_file_with_less_than_half_of_its_picture_is_an_error(picture: Image.Image) -> None:
    content = saved_part(picture, 0.3)
    with pytest.raises(
        NoImageError, match=r"expected a whole image, got a truncated one: .* of the picture is missing"
    ):
        fingerprint(content)
    (row,) = fingerprint_rows([content])
    assert row["phash"] is None
    assert "truncated" in row["error"]


def test_what_a_fingerprint_holds(photo: Path) -> None:
    found = fingerprint(photo, kinds=["phash", "crop_resistant"])
    with Image.open(photo) as image:
        assert (found.image, found.width, found.height, found.format) == (str(photo), *image.size, "JPEG")
    assert found.recipe == "standard/2"
    assert isinstance(found["phash"], Hash)
    assert isinstance(found["crop_resistant"], MultiHash)
    assert found.as_row() == next(fingerprint_rows(photo, kinds=["phash", "crop_resistant"]))
    with pytest.raises(KeyError, match="expected one of the kinds in this fingerprint, phash, crop_resistant"):
        found["dhash"]


def test_every_hash_reads_back_from_its_text(picture: Image.Image) -> None:
    for kind, value in compute(picture, [Kind.parse(kind) for kind in EVERY_KIND], "standard").items():
        assert parse_hash(value.hex, kind) == value


def test_orientations_one_to_eight_are_one_picture(picture: Image.Image) -> None:
    # How a camera that was held so would have stored it.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    expected = hashes(picture)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = picture.transpose(undo[orientation]) if orientation in undo else picture
        for form in ("PNG", "TIFF"):
            content = saved(stored, form, exif=exif)
            assert hashes(content) == expected
            assert hashes(Image.open(io.BytesIO(content))) == expected
            assert fingerprint(content).width == 320


def test_the_orientation_sets_agree(shared: Path) -> None:
    for name in ("Landscape", "Portrait"):
        files = sorted((shared / "bad" / "exif-orientation").glob(f"{name}_*.jpg"))
        assert len({json.dumps(hashes(file, *ARTICLE_KINDS)) for file in files}) == 1
        # JPEG's colours are interpolated from left to right, so turned pixels differ by a shade.
        kinds = [kind for kind in EVERY_KIND if not kind.startswith("crop") and kind != "pdq"]
        assert max(bits_apart(file, files[0], kinds) for file in files) <= 4
        # Whole and turned by Pillow, too, they are up to 12 bits of 256 apart.
        assert max(bits_apart(file, files[0], ["pdq"]) for file in files) <= 16
        assert len({fingerprint(file, kinds="phash", recipe="imagehash")["phash"] for file in files}) > 1
    # These are drawings of four flat blocks, compressed anew for each orientation.
    drawings = sorted((shared / "bad" / "exif-orientation-rasteiner").glob("*.jpg"))
    assert len(drawings) == 8
    for kind in ("ahash", "dhash", "whash"):
        codes = [fingerprint(drawing, kinds=kind)[kind] for drawing in drawings]
        assert max(code - codes[0] for code in codes) <= 3  # type: ignore[operator]


def test_broken_exif_does_not_spoil_a_picture(picture: Image.Image) -> None:
    assert hashes(saved(picture, "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")) == hashes(picture)


def test_an_opaque_alpha_changes_nothing(picture: Image.Image) -> None:
    expected = hashes(picture)
    assert hashes(picture.convert("RGBA")) == expected
    assert hashes(saved(picture.convert("RGBA"), "PNG")) == expected
    assert hashes(np.dstack([np.asarray(picture), np.full((240, 320), 255, np.uint8)])) == expected
    assert hashes(picture.convert("L").convert("LA")) == hashes(picture.convert("L"))


def test_transparency_is_white(picture: Image.Image) -> None:
    seen = picture.convert("RGBA")
    seen.paste((200, 0, 0, 0), (100, 50, 220, 190))
    flat = picture.copy()
    flat.paste((255, 255, 255), (100, 50, 220, 190))
    for source in (seen, saved(seen, "PNG"), saved(seen, "WEBP", lossless=True), np.asarray(seen)):
        assert hashes(source) == hashes(flat)


def test_sixteen_bits_are_eight(picture: Image.Image) -> None:
    grey = picture.convert("L")
    deep = np.asarray(grey).astype(np.uint16) * 257
    expected = hashes(grey)
    for source in (
        deep,
        Image.fromarray(deep),
        saved(Image.fromarray(deep), "PNG"),
        saved(Image.fromarray(deep), "TIFF"),
    ):
        assert hashes(source) == expected


def test_floats_palettes_and_bits_are_what_they_show(picture: Image.Image) -> None:
    few = picture.quantize(64)
    assert hashes(few) == hashes(saved(few, "PNG")) == hashes(few.convert("RGB"))
    two = picture.convert("1")
    assert hashes(two) == hashes(saved(two, "PNG")) == hashes(two.convert("L")) == hashes(np.asarray(two))
    assert hashes(np.asarray(picture) / 255) == hashes(np.asarray(picture).astype(float)) == hashes(picture)
    grey = picture.convert("L")
    assert hashes(grey) == hashes(grey.convert("RGB")) == hashes(np.asarray(grey)[:, :, None])


def test_other_colour_spaces_are_close(picture: Image.Image) -> None:
    assert hashes(picture.convert("CMYK"), "phash") == hashes(picture, "phash")
    assert bits_apart(saved(picture.convert("CMYK"), "JPEG", quality=95), picture) <= 3
    assert bits_apart(picture.convert("YCbCr"), picture) <= 2
    assert bits_apart(picture.convert("LAB"), picture) <= 4
    assert bits_apart(picture.convert("HSV"), picture) <= 4


def test_the_first_frame_of_a_file_and_the_frame_that_stands_of_an_image(picture: Image.Image) -> None:
    other = picture.rotate(180)
    content = saved(picture.quantize(64), "GIF", save_all=True, append_images=[other.quantize(64)])
    moving = Image.open(io.BytesIO(content))
    assert hashes(content) == hashes(moving)
    frames = fingerprint_many(ImageSequence.Iterator(moving), workers=2)
    assert list(frames["phash"]) == [hashes(content, "phash")["phash"], hashes(other.quantize(64), "phash")["phash"]]


@pytest.mark.parametrize("form", ["HEIF", "AVIF", "WEBP", "JPEG", "JPEG2000"])
def test_lossy_formats_stay_close(picture: Image.Image, form: str) -> None:
    if form == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    content = saved(picture, form, quality=95) if form != "JPEG2000" else saved(picture, form)
    assert bits_apart(content, picture) <= 6


def test_one_source_that_means_several_or_none(tmp_path: Path, picture: Image.Image) -> None:
    for name in ("a.png", "b.png"):
        picture.save(tmp_path / name)
    with pytest.raises(ValueError, match=r"got several .*use fingerprint_many"):
        fingerprint(tmp_path)
    with pytest.raises(NoFileError, match=r"no such file or folder: 'missing\.jpg'"):
        fingerprint("missing.jpg")
    with pytest.raises(ValueError, match="got an empty list"):
        fingerprint([])
    with pytest.raises(TypeError, match="got a missing value"):
        fingerprint(None)
    (tmp_path / "c.png").write_bytes(b"text")
    with pytest.raises(NoImageError, match=r"c\.png: expected an image, got 4 bytes"):
        fingerprint(tmp_path / "c.png")


def bad_inputs(folder: Path, photo: Path, url: str) -> list[Any]:
    (folder / "void").mkdir()
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("no image")
    (folder / "half.jpg").write_bytes(photo.read_bytes()[:5000])
    names = ["missing.jpg", "void", "empty.jpg", "text.jpg", "half.jpg", "*.gif"]
    return [*(str(folder / name) for name in names), f"{url}/none", f"{url}/page", f"{url}/empty", None, b"", 5]


def test_each_bad_input_is_a_row_in_its_place(tmp_path: Path, photo: Path, site: Site) -> None:
    bad = bad_inputs(tmp_path, photo, site.url)
    mixed = [source for one in bad for source in (one, photo)]
    rows = list(fingerprint_rows(mixed, kinds="phash", workers=3, limits=LOCAL))
    assert len(rows) == len(mixed)
    assert all(row["error"] is None and row["phash"] for row in rows[1::2])
    for row, source in zip(rows[::2], bad, strict=True):
        assert row["error"]
        assert (row["phash"], row["width"], row["format"]) == (None, None, None)
        assert isinstance(source, str) is (row["image"] == source)
    for kind in ("pandas", "polars", "arrow"):
        frame = fingerprint_many(mixed, kinds="phash", limits=LOCAL, to=kind)  # type: ignore[arg-type]
        assert rows_of(frame) == rows


def test_a_table_of_one_thing_that_is_none_is_an_error(tmp_path: Path) -> None:
    for source, error in (
        ("missing", NoFileError),
        (tmp_path, NoFileError),
        ("*.none", NoFileError),
        (None, TypeError),
    ):
        with pytest.raises(error):
            fingerprint_many(source)
    assert len(fingerprint_many([])) == 0
    assert len(fingerprint_many(["missing"])) == 1


@pytest.mark.filterwarnings("ignore")  # Pillow's, about the files
def test_every_bad_file_gives_one_row_in_order(shared: Path) -> None:
    files = sorted(path for path in (shared / "bad").rglob("*") if path.is_file())
    assert len(files) > 6000
    rows = list(fingerprint_rows(files, workers=2))
    assert [row["image"] for row in rows] == [str(path) for path in files]
    assert all((row["error"] is None) == (row["phash"] is not None) for row in rows)
    assert sum(row["error"] is None for row in rows) > 2000


def test_arguments_are_checked_before_any_work() -> None:
    def never() -> Iterator[bytes]:
        pytest.fail("a source was asked for")
        yield b""

    for options, kind, text in (
        ({"kinds": "nohash"}, ValueError, "unknown hash kind"),
        ({"kinds": []}, ValueError, "at least one hash kind"),
        ({"kinds": [5]}, TypeError, "expected a hash kind"),
        ({"recipe": "mine"}, ValueError, "unknown recipe"),
        ({"recipe": "standard/1"}, ValueError, "of another release: this one computes standard/2, whose bits differ"),
        ({"workers": 0}, ValueError, "at least 1 worker"),
        ({"workers": True}, TypeError, "whole number of workers"),
        ({"workers": 1.5}, TypeError, "whole number of workers"),
        ({"to": "excel"}, ValueError, "unknown kind of table"),
    ):
        with pytest.raises(kind, match=text):
            fingerprint_many(never(), **options)  # type: ignore[arg-type]


def test_kinds_are_columns_once_each_in_order() -> None:
    assert row_names(["phash:16", "ahash", "ahash:8"]) == [
        "image",
        "phash:16",
        "ahash",
        "width",
        "height",
        "format",
        "recipe",
        "warning",
        "error",
    ]
    assert row_names("phash")[1] == "phash"


def test_tables_of_each_kind(picture: Image.Image) -> None:
    assert isinstance(fingerprint_many([picture], to="polars"), pl.DataFrame)
    assert isinstance(fingerprint_many([picture], to="arrow"), pa.Table)
    assert fingerprint_many([picture])["image"].tolist() == ["image 0"]


def test_progress_is_told_in_order(picture: Image.Image, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[int, str]] = []
    fingerprint_many([picture] * 5, kinds="ahash", progress=lambda done, image: told.append((done, image)))
    assert told == [(number + 1, f"image {number}") for number in range(5)]
    fingerprint_many([picture] * 5, kinds="ahash", progress=True)
    assert "5/5" in capsys.readouterr().err


def test_rows_come_lazily_and_closing_stops(picture: Image.Image) -> None:
    taken = []

    def endless() -> Iterator[Image.Image]:
        while True:
            taken.append(1)
            yield picture

    before = threading.active_count()
    rows = fingerprint_rows(endless(), kinds="ahash", workers=2)
    assert next(rows)["image"] == "image 0"
    assert len(taken) <= 4
    rows.close()
    assert threading.active_count() == before


def test_an_error_of_the_caller_s_iterator_passes_through(picture: Image.Image) -> None:
    def failing() -> Iterator[Image.Image]:
        yield picture
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fingerprint_many(failing())


def test_the_number_of_workers_changes_nothing(shared: Path) -> None:
    folder = shared / "photos" / "web"
    assert list(fingerprint_rows(folder, workers=1)) == list(fingerprint_rows(folder, workers=4))


def test_limits_apply_to_every_source(picture: Image.Image, photo: Path) -> None:
    small = Limits(pixels=100)
    for source in (picture, np.asarray(picture), photo, saved(picture, "PNG")):
        with pytest.raises(LimitError, match="at most 100 pixels"):
            fingerprint(source, limits=small)
    with pytest.raises(LimitError, match="bytes"):
        fingerprint(io.BytesIO(bytes(2000)), limits=Limits(bytes=1000))


def test_one_lazy_image_in_many_rows(photo: Path) -> None:
    rows = list(fingerprint_rows([Image.open(photo)] * 8, kinds="phash", workers=4))
    assert {row["phash"] for row in rows} == {str(fingerprint(Image.open(photo))["phash"])}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of memory from /proc")
def test_memory_is_held_to_a_few_pictures(shared: Path) -> None:
    code = """
import sys
from lookalike.fingerprints import fingerprint_rows
assert all(row["error"] is None for row in fingerprint_rows(sys.argv[1:], workers=2))
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""
    files = [path for name in ("large-baseline", "large-progressive") for path in (shared / "photos" / name).iterdir()]
    done = subprocess.run([sys.executable, "-c", code, *map(str, files)], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 300_000_000


def test_an_interrupted_process_ends_at_once(site: Site) -> None:
    code = """
import signal, sys, threading
from lookalike import Limits, fingerprint_many
threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
try:
    fingerprint_many([sys.argv[1]] * 4, workers=2, limits=Limits(allow_private=True))
except KeyboardInterrupt:
    print("stopped")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, f"{site.url}/slow"], capture_output=True, text=True, timeout=2.5, check=True
    )
    assert done.stdout == "stopped\n"
    assert os.linesep not in done.stderr
