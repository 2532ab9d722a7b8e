"""Zip and tar archives as sources: every picture in them a row, whatever they say of themselves."""

from __future__ import annotations

import io
import lzma
import os
import re
import struct
import tarfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands import noise, run
from lookalike.errors import LimitError, NoFileError, SourceError
from lookalike.fingerprints import fingerprint, fingerprint_many, fingerprint_rows
from lookalike.frames import load, rows_of
from lookalike.library import Library
from lookalike.options import Limits
from lookalike.show import gallery
from lookalike.sources import archives, expand
from lookalike.sources.archives import members
from lookalike.sources.unpacking import Unpacked

LIMITS = Limits(bytes=200_000)
TARS = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


def png(seed: int, size: int = 64) -> bytes:
    data = io.BytesIO()
    noise(seed, size).save(data, "PNG")
    return data.getvalue()


PICTURES = {f"in/{number}.png": png(number) for number in range(4)}


def zipped(files: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(data, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in files:
            archive.writestr(name, content)
    return data.getvalue()


def tarred(files: Sequence[tuple[str, bytes]], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


MAKERS: dict[str, Callable[[Sequence[tuple[str, bytes]]], bytes]] = {
    "a.zip": zipped,
    "a.cbz": lambda files: zipped(files, zipfile.ZIP_STORED),
    "b.zip": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "a.tar": tarred,
    "gnu.tar": lambda files: tarred(files, "w", tarfile.GNU_FORMAT),
    "a.tar.gz": lambda files: tarred(files, "w:gz"),
    "a.TGZ": lambda files: tarred(files, "w:gz"),
    "a.tar.bz2": lambda files: tarred(files, "w:bz2"),
    "a.tar.xz": lambda files: tarred(files, "w:xz"),
}


def found(path: Path, content: bytes, limits: Limits = LIMITS) -> dict[str, bytes | str]:
    """What is in an archive, by the names in it; texts are errors."""
    path.write_bytes(content)
    result: dict[str, bytes | str] = {}
    for name, data in members(str(path), limits):
        assert name not in result
        assert isinstance(data, bytes | SourceError | OSError), repr(data)
        result[name.removeprefix(f"{path}/")] = data if isinstance(data, bytes) else str(data)
    return result


@pytest.mark.parametrize("name", MAKERS)
def test_every_picture_is_a_row(tmp_path: Path, name: str) -> None:
    long = f"{'folder/' * 40}long.png"
    files = [
        *PICTURES.items(),
        ("notes.txt", b"text"),
        ("__MACOSX/._0.png", b"x"),
        (long, png(9)),
        ("\xe9\u4e2d.png", b""),
    ]
    path = tmp_path / name
    path.write_bytes(MAKERS[name](files))
    rows = list(fingerprint_rows(path, kinds="phash", digest=True))
    assert [row["image"] for row in rows] == [f"{path}/{name}" for name in (*PICTURES, long, "\xe9\u4e2d.png")]
    for row, content in zip(rows, PICTURES.values(), strict=False):
        alone = fingerprint(content, kinds="phash", digest=True)
        assert (row["phash"], row["digest"]) == (str(alone["phash"]), alone.digest)
    assert rows[-1]["error"] == "expected an image, got an empty file (0 bytes)"


def test_names_lead_nowhere(tmp_path: Path) -> None:
    hostile = [
        "../../up.png",
        "/etc/abs.png",
        "a/../../b.png",
        "./c.png",
        "a//d.png",
        "..\\..\\w.png",
        "x\0y.png",
        "C:\\d.png",
    ]
    expected = [
        *(r"\x2e\x2e/\x2e\x2e/up.png", "etc/abs.png", r"a/\x2e\x2e/\x2e\x2e/b.png", "c.png", "a/d.png"),
        *(r"\x2e\x2e/\x2e\x2e/w.png", r"x\x00y.png", "C:/d.png"),
    ]
    data = zipped([(name.replace("\0", "@"), PICTURES["in/0.png"]) for name in hostile]).replace(b"x@y", b"x\0y")
    result = found(tmp_path / "a.zip", data)
    assert list(result) == expected
    assert set(result.values()) == {PICTURES["in/0.png"]}
    library = Library(tmp_path / "lib")
    (tmp_path / "up.png").write_bytes(png(7))
    library.add([tmp_path / "up.png", f"{tmp_path}/a.zip/"])
    assert len(library) == 1 + len(hostile)
    assert all(str(row["place"]).startswith(f"{tmp_path}/") for row in library.rows())


def test_the_same_name_twice(tmp_path: Path) -> None:
    result = found(tmp_path / "a.zip", zipped([("a.png", b"1"), ("a.png", b"2"), ("./a.png", b"3")]))
    assert result == {"a.png": b"1", "a.png#2": b"2", "a.png#3": b"3"}
    for name, content in result.items():
        assert [item.source for item in expand(tmp_path / "a.zip" / name)] == [content]


def test_what_is_no_file_in_a_tar(tmp_path: Path) -> None:
    data = io.BytesIO()
    kinds = {
        "link.png": (tarfile.SYMTYPE, "a symbolic link"),
        "hard.png": (tarfile.LNKTYPE, "a hard link"),
        "device.png": (tarfile.CHRTYPE, "a device"),
        "disk.png": (tarfile.BLKTYPE, "a device"),
        "pipe.png": (tarfile.FIFOTYPE, "a named pipe"),
    }
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, (kind, _) in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("folder.png")
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
        info = tarfile.TarInfo("last.png")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    expected = {name: f"expected a file, got {what}" for name, (_, what) in kinds.items()}
    assert found(tmp_path / "a.tar", data.getvalue()) == expected | {"last.png": b"x"}


def test_a_link_and_a_locked_member_in_a_zip(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo("link.png")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("locked.png", b"secret")
        archive.writestr("odd.png", b"packed")
    content = bytearray(data.getvalue())
    for at in _places(content, b"PK\1\2"):
        name = content[at + 46 : at + 56]
        if name.startswith(b"locked"):
            content[at + 8] |= 1
        if name.startswith(b"odd"):
            content[at + 10 : at + 12] = struct.pack("<H", 93)
    assert found(tmp_path / "a.zip", bytes(content)) == {
        "link.png": "expected a file, got a symbolic link",
        "locked.png": "it is encrypted",
        "odd.png": "it is packed by a method that is not supported (93)",
    }


def _places(content: bytes | bytearray, mark: bytes) -> list[int]:
    return [at for at in range(len(content)) if content[at : at + len(mark)] == mark]


def test_archives_in_archives_are_not_opened(tmp_path: Path) -> None:
    inner = zipped([("a.png", b"1")], zipfile.ZIP_STORED)
    text = "an archive in an archive, which is not opened"
    assert found(tmp_path / "a.zip", zipped([("in.zip", inner), ("in.tar.gz", b"")], 0)) == {
        "in.zip": text,
        "in.tar.gz": text,
    }
    # Cut off, the list of the inner one is the last thing in it, and is not taken for that of the outer.
    cut = zipped([("a.png", b"0"), ("in.zip", inner)], 0)
    cut = cut[: cut.rindex(b"PK\5\6", 0, cut.rindex(b"PK\1\2")) + 22]
    result = found(tmp_path / "b.zip", cut)
    assert result["a.png"] == b"0"
    assert result["in.zip"] == text


# Bombs.


@pytest.mark.parametrize("name", ["a.zip", "b.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_what_unpacks_to_too_much_is_stopped(tmp_path: Path, name: str) -> None:
    begun = time.monotonic()
    files = [(f"{number}.png", bytes(1_000_000)) for number in range(3)]
    result = found(tmp_path / name, MAKERS[name]([*files, ("good.png", PICTURES["in/0.png"])]), LIMITS)
    assert time.monotonic() - begun < 5
    assert result["0.png"] == "expected at most 200,000 bytes, got a member with more; raise Limits.bytes"
    whole = f"{tmp_path / name}"
    assert "good.png" in result or "it may be a trap" in str(result[whole])


def test_all_members_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each within the limit, and one that is not even a picture."""
    monkeypatch.setattr(archives, "_LEAST", 1_000_000)
    monkeypatch.setattr(archives, "_RATIO", 1)
    for name in ("a.zip", "a.tar.xz"):
        path = tmp_path / name
        files = [(f"{number}.png", bytes(150_000)) for number in range(20)]
        if name.endswith("xz"):
            files.insert(1, ("notes.txt", bytes(2_000_000)))
        result = found(path, MAKERS[name](files))
        assert "expected at most 1,000,000 bytes in the archive, got more: it may be a trap" in str(result[str(path)])
        assert list(result)[-1] == str(path)
        assert len(result) == (2 if name.endswith("xz") else 7)


def test_one_member_may_not_be_longer_than_it_says_it_is(tmp_path: Path) -> None:
    content = bytearray(zipped([("a.png", bytes(1_000_000))]))
    for at in _places(content, b"PK\1\2"):
        content[at + 24 : at + 28] = struct.pack("<I", 10)
    result = found(tmp_path / "a.zip", bytes(content), Limits(bytes=100_000))
    assert result["a.png"] == "expected at most 100,000 bytes, got a member with more; raise Limits.bytes"


def test_members_on_top_of_each_other(tmp_path: Path) -> None:
    """As in the bomb of 42 kB: a thousand members that are one."""
    kernel = zlib.compressobj(9, wbits=-15)
    data = bytes(150_000)
    packed = kernel.compress(data) + kernel.flush()
    head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, zlib.crc32(data), len(packed), len(data), 5, 0)
    body = head + b"0.png" + packed
    listed = b""
    for number in range(1000):
        name = b"%d.png" % number
        fields = (b"PK\1\2", 20, 20, 0, 8, 0, 0, zlib.crc32(data), len(packed), len(data), len(name), 0, 0, 0, 0, 0, 0)
        listed += struct.pack("<4s6H3I5H2I", *fields) + name
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1000, 1000, len(listed), len(body), 0)
    path = tmp_path / "a.zip"
    result = found(path, body + listed + end)
    assert "it may be a trap" in str(result[str(path)])
    assert result["0.png"] == data
    assert len(result) < 600


def test_more_members_than_allowed(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.tar.gz"):
        content = MAKERS[name]([(f"{number}.png", b"") for number in range(30)])
        result = found(tmp_path / name, content, Limits(members=10))
        assert "expected at most 10 members in the archive, got more; raise Limits.members" in list(result.values())[-1]
        assert len(result) == 11


def test_headers_of_a_tar_are_limited(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    path = tmp_path / "a.tar"
    assert "expected a header of at most 1,048,576 bytes" in str(found(path, info.tobuf(tarfile.GNU_FORMAT))[str(path)])
    # Python's own goes one call deeper for each.
    info.size = 0
    chain = info.tobuf() * 5000 + tarred([("a.png", b"1")])
    assert found(path, chain) == {"a.png": b"1"}
    info.type, info.size = b"0", 1 << 60
    info.name = "huge.png"
    for ending in ("tar", "tar.gz"):
        path = tmp_path / f"b.{ending}"
        content = info.tobuf(tarfile.GNU_FORMAT) + b"x" * 100
        result = found(path, zlib.compress(content, wbits=31) if ending == "tar.gz" else content)
        assert result["huge.png"] == "the archive's member cannot be read: it breaks off"
        assert "it breaks off" in str(result[str(path)])


def test_a_file_of_holes_is_not_filled(tmp_path: Path) -> None:
    records = b"".join(b"%d %s\n" % (len(text) + 4, text) for text in (b"GNU.sparse.major=1", b"GNU.sparse.minor=0"))
    assert records.startswith(b"22 GNU")
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, len(records)
    old = tarfile.TarInfo("old.png")
    old.type = tarfile.GNUTYPE_SPARSE
    content = head.tobuf() + records.ljust(512, b"\0") + tarred([("new.png", b"1")])[:1024] + old.tobuf()
    result = found(tmp_path / "a.tar", content + tarred([("good.png", b"2")]))
    assert result == {
        "new.png": "expected a file, got a file with holes",
        "old.png": "expected a file, got a file with holes",
        "good.png": b"2",
    }


def test_xz_may_not_take_any_memory() -> None:
    data = bytearray(lzma.compress(b"x" * 1000))
    # The length of the block's header, flags, the filter's number, the length of its settings: that of a dictionary.
    assert data[12:16] == b"\x02\0\x21\1"
    data[16] = 40  # 4 GB
    data[20:24] = struct.pack("<I", zlib.crc32(data[12:20]))
    pieces = iter([bytes(data), b""])
    with pytest.raises(SourceError, match=r"[Mm]emory"):
        Unpacked(lambda: next(pieces), "xz", lambda _: None).exactly(1000)


# Breaks.


@pytest.mark.parametrize("name", MAKERS)
def test_members_before_a_break_are_rows(tmp_path: Path, name: str) -> None:
    files = [*PICTURES.items(), ("large.png", os.urandom(2_000_000)), ("last.png", b"x")]
    whole = MAKERS[name](files)
    path = tmp_path / name
    wide = Limits(bytes=3_000_000)
    cut = found(path, whole[: len(whole) // 2], wide)
    assert [cut[name] for name in PICTURES] == list(PICTURES.values())
    assert list(cut)[-1] == str(path)
    assert "it breaks off" in str(cut[str(path)])
    assert "last.png" not in cut
    for length in (0, 3, 511, 5000):
        for content in found(path, whole[:length], wide).values():
            assert isinstance(content, str) or content in dict(files).values()


def test_a_zip_of_a_stream_that_breaks_off(tmp_path: Path) -> None:
    """Its members tell their lengths only behind themselves."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = io.BytesIO()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            return self.written.write(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in PICTURES.items():
            archive.writestr(name, content)
        with archive.open("wide.png", "w", force_zip64=True) as file:
            file.write(PICTURES["in/0.png"])
        archive.writestr("last.png", b"x" * 50)
    whole = pipe.written.getvalue()
    path = tmp_path / "a.zip"
    assert found(path, whole) == {**PICTURES, "wide.png": PICTURES["in/0.png"], "last.png": b"x" * 50}
    cut = found(path, whole[: whole.index(b"PK\1\2")])
    assert (
        cut.pop(str(path)) == "the archive cannot be read to its end: it breaks off: its list of members is not there"
    )
    assert cut == {**PICTURES, "wide.png": PICTURES["in/0.png"], "last.png": b"x" * 50}


def test_a_damaged_member_costs_one_row(tmp_path: Path) -> None:
    content = bytearray(zipped(list(PICTURES.items()), zipfile.ZIP_STORED))
    content[content.index(b"in/1.png") + 100] ^= 1
    result = found(tmp_path / "a.zip", bytes(content))
    assert result.pop("in/1.png") == "the archive's member cannot be read: it is damaged: its checksum is another"
    assert result == {name: data for name, data in PICTURES.items() if name != "in/1.png"}


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_told_and_nothing_else_happens(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = bytearray(MAKERS[name]([("a.png", b"1" * 700), ("b.png", PICTURES["in/0.png"][:300]), ("c.txt", b"")]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    begun = time.monotonic()
    result = found(tmp_path / name, bytes(content))
    assert result
    assert time.monotonic() - begun < 5


def test_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    assert found(path, b"hello") == {str(path): "expected a zip or tar archive, got text that begins 'hello'"}
    assert "empty" in str(found(path, b"")[str(path)])
    assert found(path, zipped([("a.txt", b"")])) == {str(path): f"no pictures in the archive: {str(path)!r}"}
    # By its contents, whatever its name is.
    assert found(path, tarred([("a.png", b"1")])) == {"a.png": b"1"}
    path.unlink()
    os.mkfifo(path)
    ((_, error),) = members(str(path), LIMITS)
    assert str(error) == "expected a file, got a named pipe"


# Where they are taken.


def test_an_archive_in_a_folder_waits_to_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.png").write_bytes(PICTURES["in/0.png"])
    Path("b.zip").write_bytes(zipped(list(PICTURES.items())))
    assert [item.image for item in expand(".")] == ["./a.png"]
    inside = [f"b.zip/{name}" for name in PICTURES]
    for source in ("b.zip", Path("b.zip"), "b.zip/", ["b.zip/"], "*.zip", ["*.zip"], iter(["b.zip/"])):
        assert [item.image for item in expand(source)] == inside
    assert [item.image for item in expand(["a.png", "b.zip/in/2.png"])] == ["a.png", "b.zip/in/2.png"]
    # A list and its rows are paired by many.
    (row,) = fingerprint_rows(["b.zip"])
    assert row["image"] == "b.zip"
    assert "a zip archive" in row["error"]
    assert [item.image for item in expand(pa.array(["b.zip"]))] == ["b.zip"]
    (item,) = expand("b.zip/in/9.png")
    assert str(item.error) == "no such file in the archive"
    with pytest.raises(NoFileError):
        fingerprint("b.zip/in/9.png")
    assert (
        fingerprint("b.zip/in/2.png", kinds="phash")["phash"]
        == fingerprint(PICTURES["in/2.png"], kinds="phash")["phash"]
    )
    with pytest.raises(ValueError, match="got several"):
        fingerprint("b.zip")
    assert len(gallery(fingerprint_many("b.zip")).fragment.split("data:image/jpeg")) == 1 + len(PICTURES)


def test_members_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(list(PICTURES.items())))
    read = []
    real = archives._content

    def content(found: archives._Found, limits: Limits) -> bytes | Exception:
        read.append(found.name)
        return real(found, limits)

    monkeypatch.setattr(archives, "_content", content)
    items = expand(path)
    next(items)
    assert read == ["in/0.png"]


def test_an_archive_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tarred(list(PICTURES.items())))
    found = members(str(path), LIMITS)
    next(found)
    with path.open("ab") as file:
        file.write(b"more")
    *_, (name, error) = found
    assert (name, str(error)) == (str(path), "the archive cannot be read to its end: it has changed while it was read")


def test_limits_hold_for_members(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(list(PICTURES.items())))
    errors = [row["error"] for row in fingerprint_rows(path, limits=Limits(pixels=100))]
    assert len(errors) == 4
    assert all("expected at most 100 pixels" in error for error in errors)
    (item, *_) = expand(path, Limits(bytes=10))
    assert isinstance(item.error, LimitError)


def test_a_library_knows_members_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.zip").write_bytes(zipped([*PICTURES.items(), ("in/0.png", PICTURES["in/3.png"]), ("no.png", b"no")]))
    library = Library("lib")
    assert str(library.add("a.zip")) == "6 images: 5 added, 1 failed"
    assert str(library.add("a.zip")) == "6 images: 5 unchanged, 1 failed"
    monkeypatch.chdir("/")
    assert str(Library(tmp_path / "lib").add(tmp_path / "a.zip")) == "6 images: 5 unchanged, 1 failed"
    library = Library(tmp_path / "lib")
    library.remove(missing=True)
    assert len(library) == 6
    assert library.search(PICTURES["in/1.png"])["image"].tolist()[0].endswith("a.zip/in/1.png")


@pytest.mark.filterwarnings("ignore")
def test_the_same_rows_from_files_and_archives(shared: Path, tmp_path: Path) -> None:
    root = shared / "bad"
    files = [item.image for item in expand(root)][::60]
    inside = [(os.path.relpath(file, root), Path(file).read_bytes()) for file in files]
    expected = _without_root(files, str(root))
    assert len(expected) == len(files) > 50
    for name in ("a.zip", "a.tar.gz"):
        path = tmp_path / name
        path.write_bytes(MAKERS[name](inside))
        assert _without_root(path, str(path)) == expected


def _without_root(source: object, root: str) -> dict[str, dict[str, object]]:
    rows = fingerprint_rows(source, kinds=["phash", "dhash"], digest=True)
    return {str(row.pop("image")).removeprefix(f"{root}/"): row for row in rows}


@pytest.mark.parametrize("place", range(34))
def test_zips_of_the_bad_files_are_those_of_python(shared: Path, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old and odd ones, by many programs; where Python can read a member, so can we, and it is the same."""
    files = sorted((shared / "bad" / "corkami-pocs").glob("*zip*.zip"))
    if place >= len(files):
        pytest.skip("no further file")
    monkeypatch.setattr(archives, "is_picture_name", lambda _: True)
    ours = {name.removeprefix(f"{files[place]}/"): data for name, data in members(str(files[place]), Limits())}
    with zipfile.ZipFile(files[place]) as archive:
        theirs = [info for info in archive.infolist() if not info.is_dir()]
        assert len(theirs) == len(ours) or not theirs
        for info, data in zip(theirs, ours.values(), strict=False):
            if isinstance(data, bytes):
                with suppress(zipfile.BadZipFile):  # a member with two names is none to Python
                    assert archive.read(info) == data
            elif not re.search("not opened|not supported", str(data)):
                with pytest.raises((RuntimeError, zipfile.BadZipFile)):  # encrypted, a wrong sum
                    archive.read(info)


def test_the_commands_take_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.zip").write_bytes(zipped([*PICTURES.items(), ("in/4.png", PICTURES["in/0.png"])]))
    assert _images("a.zip") == [f"a.zip/in/{number}.png" for number in range(5)]
    assert _images("-", input="a.zip\na.zip/in/1.png\n") == ["a.zip", "a.zip/in/1.png"]
    assert run("library", "add", "lib", "a.zip").out == "5 images: 5 added\n"


def _images(name: str, **options: str) -> list[object]:
    assert run("scan", name, "-o", "frame.csv", **options).status in (0, 1)  # type: ignore[arg-type]
    return [row["image"] for row in rows_of(load("frame.csv"))]
