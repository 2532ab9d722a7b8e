"""What a user gives, taken apart: paths, folders, patterns, objects, columns, and what can be wrong with them."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

from lookalike.errors import LimitError, NoFileError, NoImageError
from lookalike.fingerprints import fingerprint_rows
from lookalike.options import DEFAULT_LIMITS
from lookalike.sources import FileName, Item, expand, files, open_picture, opening
from lookalike.sources.files import EXTENSIONS, open_file
from lookalike.sources.items import count, settle

STANDARD = "standard/2"
TREE = ("b/2.PNG", "b/10.jpg", "b/deep/er/x.webp", "a.jpg", "c.jpg")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree of files, as the working folder."""
    for name in [
        "b/2.PNG",
        "b/10.jpg",
        "b/deep/er/x.webp",
        "a.jpg",
        "c.jpg",
        "notes.txt",
        ".hidden.jpg",
        ".git/y.jpg",
        "b/z.dat",
    ]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"something")
    (tmp_path / "empty").mkdir()
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(sources: object) -> list[str]:
    items = list(expand(sources))
    assert [item.image for item in items if item.error] == []
    return [item.image for item in items]


def error_of(source: object) -> Exception:
    (item,) = expand(source)
    assert item.error is not None
    return item.error


def test_a_folder_gives_its_pictures_sorted_in_depth(tree: Path) -> None:
    inside = ["b/10.jpg", "b/2.PNG", "b/deep/er/x.webp"]
    assert names("b") == names(Path("b")) == inside
    assert names("b/") == inside
    assert names(".") == ["./a.jpg", *(f"./{name}" for name in inside), "./c.jpg"]
    assert names(str(tree)) == [f"{tree}/{name}" for name in ("a.jpg", *inside, "c.jpg")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a.jpg", "c.jpg"]),
        ("[ab].jpg", ["a.jpg"]),
        ("?.jpg", ["a.jpg", "c.jpg"]),
        ("*", ["a.jpg", "c.jpg"]),
        ("b/*", ["b/10.jpg", "b/2.PNG"]),
        ("*/*.PNG", ["b/2.PNG"]),
        ("**/*.jpg", ["a.jpg", "b/10.jpg", "c.jpg"]),
        ("b/**", ["b/10.jpg", "b/2.PNG", "b/deep/er/x.webp"]),
        ("**/er/*", ["b/deep/er/x.webp"]),
        ("./b/**/**/x.*", ["./b/deep/er/x.webp"]),
        ("*.txt", ["notes.txt"]),
        ("**/*.dat", ["b/z.dat"]),
    ],
)
def test_a_pattern_gives_what_it_matches(tree: Path, pattern: str, expected: list[str]) -> None:
    assert names(pattern) == expected


def test_a_pattern_from_the_root(tree: Path) -> None:
    assert names(f"{tree}/b/*.jpg") == [f"{tree}/b/10.jpg"]


def test_a_file_with_wildcards_in_its_name_is_a_file(tree: Path) -> None:
    (tree / "a[1].jpg").touch()
    assert names("a[1].jpg") == ["a[1].jpg"]


def test_a_file_is_taken_whatever_its_name(tree: Path) -> None:
    assert names(["notes.txt", ".hidden.jpg"]) == ["notes.txt", ".hidden.jpg"]


def test_a_tree_deeper_than_python_can_recurse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depth = sys.getrecursionlimit() + 200
    monkeypatch.chdir(tmp_path)
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    Path("x.jpg").touch()
    assert names(str(tmp_path))[0].endswith("/d/d/x.jpg")
    Path("x.jpg").unlink()
    for _ in range(depth):
        os.chdir("..")
        Path("d").rmdir()


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        ("missing.jpg", NoFileError, "no such file or folder: 'missing.jpg'"),
        (Path("missing"), NoFileError, "no such file or folder: 'missing'"),
        ("empty", NoFileError, "no pictures in the folder: 'empty'"),
        ("*.gif", NoFileError, "no file matches the pattern: '*.gif'"),
        ("nowhere/*.jpg", NoFileError, "no file matches the pattern: 'nowhere/*.jpg'"),
        ("a\0b", NoFileError, "no such file or folder: 'a\\x00b'"),
        ("x" * 5000, NoFileError, "no such file or folder"),
        ("", ValueError, "got an empty text"),
        ("ftp://host/a.jpg", ValueError, "begins with http:// or https://, got ftp://"),
        ("sftp://host/a.jpg", ValueError, "got sftp://"),
        (None, TypeError, "expected a path, folder, pattern, http(s) address, bytes"),
        (float("nan"), TypeError, "got a missing value"),
        (7, TypeError, "got int"),
        ({"a": 1}, TypeError, "list(sources.values())"),
        (pd.DataFrame({"image": ["a.jpg"]}), TypeError, "frame['image']"),
        (pl.DataFrame({"image": ["a.jpg"]}), TypeError, "frame['image']"),
        (pa.table({"image": ["a.jpg"]}), TypeError, "frame['image']"),
    ],
)
def test_what_is_wrong_is_an_item_that_says_so(tree: Path, source: object, kind: type[Exception], text: str) -> None:
    error = error_of(source)
    assert isinstance(error, kind)
    assert text in str(error)


def test_a_folder_that_cannot_be_read_is_an_item_among_the_others(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: str) -> object:
        if path.endswith("deep"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    real = os.scandir
    monkeypatch.setattr(files.os, "scandir", scandir)
    items = list(expand("b"))
    assert [item.image for item in items] == ["b/10.jpg", "b/2.PNG", "b/deep"]
    assert isinstance(items[-1].error, PermissionError)


def test_a_name_that_is_no_text_can_still_be_written(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(odd)).write_bytes(b"x")
    (item,) = expand(tmp_path)
    assert item.image == f"{tmp_path}/caf\\xe9.jpg"
    assert isinstance(item.source, FileName)
    assert Path(item.source).read_bytes() == b"x"


def test_ids_of_things_without_a_path(tree: Path) -> None:
    image = Image.new("L", (2, 2))
    image.save("named.png")
    with Path("a.jpg").open("rb") as file, Image.open("named.png") as opened:
        things = [
            image,
            b"123",
            np.zeros((2, 2)),
            io.BytesIO(b"x"),
            file,
            opened,
            "https://h/a.jpg",
            bytearray(b"1"),
            None,
        ]
        found = [item.image for item in expand(things)]
    assert found == [
        "image 0",
        "bytes 1",
        "array 2",
        "file 3",
        "a.jpg",
        "named.png",
        "https://h/a.jpg",
        "bytes 7",
        "source 8",
    ]


@pytest.mark.parametrize(
    "column",
    [
        ["a.jpg", "c.jpg"],
        ("a.jpg", Path("c.jpg")),
        [["a.jpg"], [["c.jpg"]]],
        pd.Series(["a.jpg", "c.jpg"], index=[9, 9]),
        pd.Series([Path("a.jpg"), Path("c.jpg")]),
        pl.Series(["a.jpg", "c.jpg"]),
        pa.array(["a.jpg", "c.jpg"]),
        pa.chunked_array([["a.jpg"], ["c.jpg"]]),
        np.array(["a.jpg", "c.jpg"]),
        np.array([Path("a.jpg"), Path("c.jpg")], dtype=object),
        {"a.jpg": 1, "c.jpg": 2}.keys(),
    ],
)
def test_columns_and_lists_give_their_members(tree: Path, column: object) -> None:
    assert names(column) == ["a.jpg", "c.jpg"]


def test_missing_values_of_a_column_keep_their_place(tree: Path) -> None:
    for column in (pd.Series(["a.jpg", None]), pl.Series(["a.jpg", None]), pa.array(["a.jpg", None])):
        first, second = expand(column)
        assert (first.error, second.image) == (None, "source 1")
        assert "got a missing value" in str(second.error)


def test_a_generator_is_asked_one_by_one() -> None:
    taken = []

    def numbers() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"%d" % number

    items = expand(numbers())
    next(items)
    next(items)
    assert taken == [0, 1]


def test_counting_uses_nothing_up(tree: Path) -> None:
    assert count("b") == 3
    assert count(["a.jpg", "b", b"x", io.BytesIO()]) == 6
    assert count(iter(["a.jpg"])) is None
    assert count([iter(["a.jpg"])]) is None


def test_what_an_iterator_hands_out_is_kept_as_it_was(tmp_path: Path) -> None:
    Image.new("L", (4, 4), 50).save(tmp_path / "grey.png")
    buffer = np.full((4, 4), 50, np.uint8)

    def sources() -> Iterator[object]:
        with (tmp_path / "grey.png").open("rb") as file:
            yield file
        with Image.open(tmp_path / "grey.png") as image:
            yield image
        yield buffer
        buffer[:] = 200

    settled = [settle(item, 10_000) for item in expand(sources())]
    for item in settled:
        assert open_picture(item, STANDARD, DEFAULT_LIMITS).image.tobytes() == bytes([50]) * 16


def test_a_file_object_is_read_from_where_it_stands_and_left_open() -> None:
    file = io.BytesIO()
    Image.new("L", (3, 2)).save(file, "PNG")
    with pytest.raises(NoImageError, match=r"nothing left to read.*seek\(0\) first"):
        open_picture(next(expand(file)), STANDARD, DEFAULT_LIMITS)
    file.seek(0)
    picture = open_picture(next(expand(file)), STANDARD, DEFAULT_LIMITS)
    assert (picture.width, picture.height, picture.format) == (3, 2, "PNG")
    assert not file.closed


def test_a_file_in_text_mode_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("text")
    with (tmp_path / "a.jpg").open(encoding="utf-8") as file, pytest.raises(TypeError, match="binary mode"):
        open_picture(next(expand(file)), STANDARD, DEFAULT_LIMITS)


def open_path(path: Path) -> object:
    return open_picture(Item(str(path), FileName(path)), STANDARD, DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "got an empty file (0 bytes)"),
        (b"<!doctype html><p>", "got 18 bytes: an HTML page"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"hello world", "text that begins 'hello world'"),
        (b"<svg xmlns='x'/>", "an SVG drawing, which is not supported"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript, which is a program and is not run"),
        (b"\x00\x01\x02", "bytes that begin with 00 01 02"),
        (b"\xff\xd8\xff\xe0\0\x04ab\0\0", "a JPEG file that is broken"),
        (b"\x89PNG\r\n\x1a\n", "a PNG file that is broken"),
    ],
)
def test_bytes_that_are_no_picture_are_named(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(NoImageError) as caught:
        open_path(path)
    assert text in str(caught.value)


def test_a_truncated_picture(photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.jpg"
    path.write_bytes(photo.read_bytes()[: photo.stat().st_size // 2])
    with pytest.raises(NoImageError, match="expected a whole image, got a truncated one"):
        open_path(path)


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(NoImageError, match="expected a file, got a named pipe"):
        open_path(tmp_path / "pipe.jpg")
    with pytest.raises(NoImageError, match="got a device"):
        open_path(Path("/dev/zero"))
    # Found in a folder it has a row, and is opened no more than there.
    (item,) = expand(tmp_path)
    assert item.image == f"{tmp_path}/pipe.jpg"
    with pytest.raises(NoImageError, match="expected a file, got a named pipe"):
        open_picture(item, STANDARD, DEFAULT_LIMITS)


def test_limits_are_checked_before_the_work(photo: Path) -> None:
    item = next(expand(photo))
    with pytest.raises(LimitError, match="at most 1,000 pixels, got"):
        open_picture(item, STANDARD, replace(DEFAULT_LIMITS, pixels=1000))
    with pytest.raises(LimitError, match="at most 1,000 bytes, got a file of"):
        open_picture(item, STANDARD, replace(DEFAULT_LIMITS, bytes=1000))


def test_pillow_s_own_limit_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("1", (100, 100)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(LimitError, match=r"Pillow refuses it: .* Raise PIL\.Image\.MAX_IMAGE_PIXELS"):
        open_path(tmp_path / "bomb.png")
    # Between once and twice its limit Pillow warns, here as an error.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 6000)
    with pytest.raises(LimitError, match="exceeds limit of 6000 pixels"):
        open_path(tmp_path / "bomb.png")


def test_our_limit_is_the_first_to_be_met() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert DEFAULT_LIMITS.pixels <= 2 * Image.MAX_IMAGE_PIXELS


def test_heic_without_its_package_says_what_to_install(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.sources import pillow

    heic = next(path for path in sorted((shared / "bad" / "pillow_heif").iterdir()) if path.suffix == ".heic")
    monkeypatch.setattr(pillow, "_register_heif", lambda: None)
    monkeypatch.setattr(Image, "ID", [form for form in Image.ID if form != "HEIF"])
    with pytest.raises(NoImageError, match=r"pip install 'lookalike\[heic\]'"):
        open_path(shutil.copy(heic, tmp_path / "a.heic"))


def test_heif_files_say_the_same_each_time(shared: Path) -> None:
    """Of several damaged tiles in several threads, another one came first each time."""
    paths = sorted(path for path in (shared / "bad").rglob("*") if path.suffix.lower() == ".hif")
    data = next(path.read_bytes() for path in paths if 200 < path.stat().st_size < 60_000)
    for at in (2300, 2582):
        broken = data[:at] + data[at : at + 512] * 64 + data[at:]
        rows = [next(iter(fingerprint_rows([broken], kinds="phash"))) for _ in range(8)]
        assert all(row == rows[0] for row in rows)
    pillow_heif = pytest.importorskip("pillow_heif")
    assert pillow_heif.options.DECODE_THREADS == 1


def test_extensions_are_those_that_decode() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    Image.init()
    named_only = {"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"}
    known = {
        ext for ext, form in Image.registered_extensions().items() if form in Image.OPEN and form not in named_only
    }
    assert known == EXTENSIONS


def test_a_file_is_closed_whatever_happens(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files_opened = []

    def remembered(path: Path, max_bytes: int) -> BinaryIO:
        files_opened.append(open_file(path, max_bytes))
        return files_opened[-1]

    monkeypatch.setattr(opening, "open_file", remembered)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:3000])
    open_path(photo)
    with pytest.raises(NoImageError):
        open_path(broken)
    assert [file.closed for file in files_opened] == [True, True]
