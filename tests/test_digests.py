"""Digests: of a file's bytes on every road, of pixels, and of files that change while they are read."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import Site
from lookalike import fingerprint_many, single
from lookalike._core import Digest
from lookalike.fingerprints import fingerprint, fingerprint_rows, row_names
from lookalike.options import Limits
from lookalike.sources import Item, digested, digests, pixel_digest
from lookalike.sources.files import FileName
from pictures import in_every_mode

LOCAL = Limits(allow_private=True)

pytestmark = pytest.mark.timeout(60)

NOTHING = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
REST = ["phash", "crop_resistant:colorhash"]
"""A kind that the core computes, and one that it leaves to Pillow."""


def picture(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((96, 64), Image.Resampling.BICUBIC)


def content(seed: int, form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    picture(seed).save(file, form)
    return file.getvalue()


def blake3(data: bytes) -> str:
    digest = Digest()
    digest.update(data)
    return digest.hex()


# The core reads JPEG and PNG; PPM, and whatever is wanted under `imagehash`, is Pillow's.
@pytest.mark.parametrize("form", ["JPEG", "PNG", "PPM"])
@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
@pytest.mark.parametrize("kinds", ["phash", REST])
def test_every_road_from_the_same_bytes_has_their_blake3(
    tmp_path: Path, site: Site, form: str, recipe: str, kinds: str | list[str]
) -> None:
    data = content(1, form)
    (tmp_path / "a.jpg").write_bytes(data)
    (site.folder / "a.jpg").write_bytes(data)
    expected = {"digest": blake3(data), "error": None}

    def sources() -> list[object]:
        path = tmp_path / "a.jpg"
        return [path, str(path), data, bytearray(data), io.BytesIO(data), f"{site.url}/a.jpg"]

    options: dict[str, Any] = {"kinds": kinds, "recipe": recipe, "digest": True, "limits": LOCAL}
    rows = list(fingerprint_rows(sources(), workers=2, **options))
    assert [{name: row[name] for name in expected} for row in rows] == [expected] * 6
    assert {tuple(row) for row in rows} == {tuple(row_names(kinds, digest=True))}
    prints = [fingerprint(source, **options) for source in sources()]
    assert [found.digest for found in prints] == [blake3(data)] * 6
    assert prints[0].as_row() == rows[0]


def test_it_is_blake3() -> None:
    """Test vectors of the BLAKE3 team, and what `b3sum` prints for "abc"."""
    empty, letters, zero = fingerprint_rows([b"", b"abc", b"\0"], digest=True)
    assert empty["digest"] == NOTHING
    assert letters["digest"] == "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
    assert zero["digest"] == "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"


def test_the_column_stands_before_the_warning_and_only_if_it_is_asked_for(tmp_path: Path) -> None:
    sources = [content(1), content(1, "PPM"), picture(1), np.asarray(picture(1)), b"no picture", "missing.jpg", None]
    with_it, without = row_names(REST, digest=True), row_names(REST)
    assert with_it[-4:] == ["recipe", "digest", "warning", "error"]
    assert without == [name for name in with_it if name != "digest"]
    assert {tuple(row) for row in fingerprint_rows(sources, kinds=REST, digest=True)} == {tuple(with_it)}
    assert {tuple(row) for row in fingerprint_rows(sources, kinds=REST)} == {tuple(without)}
    assert fingerprint(content(1)).digest is None
    frame = fingerprint_many(sources, kinds=REST, digest=True, to="polars")
    assert frame.columns == with_it
    assert frame["digest"][0] == blake3(content(1))


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
def test_what_is_no_picture_has_a_digest_if_it_could_be_read(tmp_path: Path, site: Site, recipe: str) -> None:
    bad = {"text.jpg": b"no picture", "empty.jpg": b"", "cut.png": content(1, "PNG")[:60], "cut.ppm": b"P6 9 9 255 "}
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    (site.folder / "text.jpg").write_bytes(b"no picture")
    sources: list[object] = [*(tmp_path / name for name in bad), *bad.values(), f"{site.url}/text.jpg"]
    rows = list(fingerprint_rows(sources, recipe=recipe, digest=True, limits=LOCAL))
    assert all(row["error"] for row in rows)
    assert [row["digest"] for row in rows] == [*map(blake3, bad.values())] * 2 + [blake3(b"no picture")]
    assert rows[1]["digest"] == NOTHING


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
def test_what_could_not_be_read_has_none(tmp_path: Path, site: Site, recipe: str) -> None:
    (tmp_path / "long.jpg").write_bytes(content(1))
    sources = ["missing.jpg", tmp_path / "long.jpg", f"{site.url}/missing.jpg", None]
    rows = list(fingerprint_rows(sources, recipe=recipe, digest=True, limits=replace(LOCAL, bytes=100)))
    assert [row["digest"] for row in rows] == [None] * 4
    assert all(row["error"] for row in rows)


def test_errors_are_the_same_with_a_digest(tmp_path: Path) -> None:
    (tmp_path / "a.ppm").write_bytes(b"P6 9 9 255 ")
    (tmp_path / "long.jpg").write_bytes(content(1) * 20)
    sources = [tmp_path / "a.ppm", tmp_path / "long.jpg", "missing.jpg", b"", b"text", None, np.zeros(3)]
    for recipe in ("standard", "imagehash"):
        rows = [
            [row["error"] for row in fingerprint_rows(sources, recipe=recipe, limits=Limits(bytes=9000), digest=digest)]
            for digest in (False, True)
        ]
        assert rows[0] == rows[1]


def test_pixels_have_a_digest_of_their_own_sort() -> None:
    seen = []
    for image in in_every_mode(picture(1)):
        digest = pixel_digest(image)
        assert digest is not None
        assert digest.startswith("pixels:")
        assert len(digest) == len("pixels:") + 64
        assert pixel_digest(image.copy()) == digest, image.mode
        seen.append(digest)
    assert len(set(seen)) == len(seen)
    image = picture(1)
    found = fingerprint(image, digest=True)
    assert found.digest == pixel_digest(image)
    assert fingerprint(np.asarray(image), digest=True).digest == pixel_digest(np.asarray(image))
    assert pixel_digest(np.asarray(image)) != pixel_digest(image)
    assert fingerprint(image).digest is None


def _set_palette(image: Image.Image) -> None:
    image.putpalette([*range(255, -1, -1)] * 3)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.putpixel((95, 63), 3),
        lambda image: image.info.update(transparency=3),
        lambda image: image.getexif().update({0x0112: 6}),
        _set_palette,
    ],
    ids=["pixel", "transparency", "orientation", "palette"],
)
def test_what_changes_the_look_changes_the_digest(change: Callable[[Image.Image], object]) -> None:
    image = picture(1).convert("P")
    before = pixel_digest(image)
    assert pixel_digest(picture(1).convert("P")) == before
    change(image)
    assert pixel_digest(image) != before


def test_arrays_differ_by_shape_type_and_value_not_by_layout() -> None:
    array = np.arange(24 * 36, dtype=np.uint8).reshape(24, 36)
    others = [array.T, array.reshape(36, 24), array.astype(np.int32), array.astype(np.float32), array[:-1], array + 1]
    assert len({pixel_digest(other) for other in (array, *others)}) == 1 + len(others)
    for same in (array.copy(), np.asfortranarray(array), np.repeat(array, 2, axis=1)[:, ::2]):
        assert pixel_digest(same) == pixel_digest(array)


def test_strips_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [*in_every_mode(picture(1)), np.asarray(picture(1)), np.asarray(picture(1)).T]
    whole = [pixel_digest(source) for source in sources]
    monkeypatch.setattr(digests, "_STRIP", 1000)
    assert [pixel_digest(source) for source in sources] == whole


def test_a_long_file_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ppm"
    path.write_bytes(content(1, "PPM"))
    item = Item(str(path), FileName(path))
    short = digested(item, 10**9)
    monkeypatch.setattr(digests, "_HELD", 1000)
    monkeypatch.setattr(digests, "_STRIP", 1000)
    long = digested(item, 10**9)
    assert (type(short.source), type(long.source)) == (bytes, FileName)
    assert short.digest == long.digest == blake3(content(1, "PPM"))
    assert fingerprint(path, digest=True) == fingerprint(path, digest=True, limits=Limits(seconds=1))


def test_by_pillow_the_digest_is_of_what_was_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ppm"
    path.write_bytes(content(1, "PPM"))
    expected = fingerprint(path, digest=True)

    def late(*arguments: Any) -> Any:
        path.write_bytes(content(2, "PPM"))
        return open_picture(*arguments)

    open_picture = single.open_picture
    monkeypatch.setattr(single, "open_picture", late)
    assert fingerprint(path, digest=True) == expected
    assert expected.digest == blake3(content(1, "PPM"))


def test_both_roads_have_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content(2))
    expected = fingerprint(path, kinds=REST, digest=True)
    path.write_bytes(content(1))

    def late(*arguments: Any) -> Any:
        found = print_of(*arguments)
        path.write_bytes(content(2))
        return found

    print_of = single.print_of
    monkeypatch.setattr(single, "print_of", late)
    assert fingerprint(path, kinds=REST, digest=True) == expected
    assert expected.digest == blake3(content(2))


@pytest.mark.parametrize("form", ["JPEG", "PPM"])
def test_files_that_change_have_the_digest_of_their_hashes(tmp_path: Path, form: str) -> None:
    contents = [content(seed, form) for seed in range(2)]
    valid = {(blake3(data), str(fingerprint(data, kinds="phash")["phash"])) for data in contents}
    files = [tmp_path / f"{number}.jpg" for number in range(200)]
    for file in files:
        file.write_bytes(contents[0])
    stop = threading.Event()

    def meddle() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            (tmp_path / "new").write_bytes(contents[turn % 2])
            os.replace(tmp_path / "new", files[turn * 7 % len(files)])  # noqa: PTH105  # the same on every system

    thread = threading.Thread(target=meddle)
    thread.start()
    try:
        rows = [row for _ in range(3) for row in fingerprint_rows(files, kinds="phash", workers=2, digest=True)]
    finally:
        stop.set()
        thread.join()
    assert {(row["digest"], row["phash"]) for row in rows} == valid


def test_real_photographs(shared: Path) -> None:
    paths = sorted((shared / "photos" / "web").iterdir())
    rows = fingerprint_rows(paths, kinds="phash", digest=True)
    assert [row["digest"] for row in rows] == [blake3(path.read_bytes()) for path in paths]
