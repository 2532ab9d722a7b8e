"""What Python takes from strangers: fuzz/entries.py SECONDS feeds it changed bytes, as run.sh does for the core.

The first byte of an input says which entry the others are for. Each may refuse them with an error that the
documentation names; any other exception, a wrong count, or two answers to one question ends the run, and the input is
in fuzz/artifacts.

Atheris finds out which input leads where, if it is installed (`pip install atheris`). Otherwise seeds are changed by
chance, which finds less; the first line says so.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEEDS, CORPUS, ARTIFACTS = HERE / "seeds" / "entries", HERE / "corpus" / "entries", HERE / "artifacts"
MOST_BYTES = 1 << 16
LONGEST = 10
"""Seconds for one input."""

IS_GUIDED = __name__ == "__main__" and importlib.util.find_spec("atheris") is not None

if IS_GUIDED:
    import atheris

    with atheris.instrument_imports(include=["lookalike"]):
        import lookalike
        import lookalike.frames
        import lookalike.hashes
        import lookalike.imagehash.texts
        import lookalike.library.importing
        import lookalike.sources.items
else:
    import lookalike

import pandas as pd  # noqa: E402

from lookalike import Hash, Library, Limits, MultiHash, errors, imagehash  # noqa: E402
from lookalike.fingerprints import fingerprint_rows  # noqa: E402
from lookalike.hamming import HammingIndex  # noqa: E402
from lookalike.hashes import parse_hash  # noqa: E402
from lookalike.keypoint_index import KeypointIndex, match_pairs  # noqa: E402
from lookalike.keypoints import Keypoints  # noqa: E402
from lookalike.looks import Look  # noqa: E402
from lookalike.sources import expand  # noqa: E402

LIMITS = Limits(pixels=1 << 18, bytes=MOST_BYTES)
REFUSALS = (errors.LookalikeError, ValueError, TypeError, OSError)
KINDS = ("phash", "ahash:4", "colorhash", "whash", "crop_resistant", "pdq", "phash_simple", "whash_db4")


def picture(data: bytes) -> None:
    """One row, the same twice; and `fingerprint` raises what the row says."""
    first, again = (list(fingerprint_rows([data], kinds=["phash", "dhash"], limits=LIMITS)) for _ in range(2))
    assert len(first) == 1, first
    assert first == again, (first, again)
    row = first[0]
    assert (row["error"] is None) == (row["phash"] is not None) == (row["width"] is not None), row
    told = None
    with contextlib.suppress(errors.SourceError):
        print = lookalike.fingerprint(data, kinds=["phash", "dhash"], limits=LIMITS)
        told = print.width, str(print["phash"])
    assert told == (None if row["error"] else (row["width"], row["phash"])), (told, row)


def hash_text(data: bytes) -> None:
    """What is read as a hash is written as it was."""
    text = data.decode("utf-8", "surrogateescape")
    for kind in KINDS:
        with contextlib.suppress(ValueError):
            read = parse_hash(text, kind)
            assert str(read) == text.lower(), (kind, text)
            assert isinstance(read, Hash | MultiHash)
            assert read - read == 0
    kind, _, rest = text.partition("\n")
    with contextlib.suppress(ValueError):
        read = parse_hash(rest, kind)
        assert str(parse_hash(str(read), str(read.kind))) == str(read), (kind, rest)
    one, _, other = text.partition(" ")
    with contextlib.suppress(ValueError):
        assert 0 <= lookalike.hex_digit_distance(one, other) <= lookalike.hamming_distance(one, other)


def imagehash_text(data: bytes) -> None:
    """The same for the names that ImageHash has."""
    text = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(ValueError):
        read = imagehash.hex_to_hash(text)
        assert imagehash.hex_to_hash(str(read)) == read
    with contextlib.suppress(ValueError):
        assert str(imagehash.hex_to_multihash(text))
    for size in (1, 3, 8):
        with contextlib.suppress(ValueError):
            assert len(imagehash.hex_to_flathash(text, size)) >= 1
    with contextlib.suppress(ValueError):
        assert len(imagehash.old_hex_to_hash(text, 8)) == 64


def stored(data: bytes) -> None:
    """Looks and keypoints, as a library or a caller hands them in."""
    with contextlib.suppress(ValueError):
        look = Look(data)
        assert bytes(look) == data
        assert look.grey.shape == (32, 32)
        assert look.quality <= 100
        assert look.box is None or len(look.box) == 4
        assert bytes(look.turned(6).turned(8)) == data
    with contextlib.suppress(ValueError):
        points = Keypoints(data)
        assert len(points.codes) == len(points.positions) == len(points.sizes) == len(points.angles) == len(points)
    with contextlib.suppress(ValueError):
        assert len(match_pairs(data, [data, data[1:]])) == 2


def index_file(data: bytes) -> None:
    """Files where an index is expected."""
    with new_file(data) as path:
        with contextlib.suppress(ValueError, OSError):
            index = HammingIndex.open(path)
            assert len(index) >= index.distinct >= 0
            assert index.about is not None
            index.verify()
        with contextlib.suppress(ValueError, OSError):
            KeypointIndex.open(path).verify()


def csv_file(data: bytes) -> None:
    imported(data, ".csv")


def parquet_file(data: bytes) -> None:
    imported(data, ".parquet")


def imported(data: bytes, suffix: str) -> None:
    """What an import tells is in the library, which is whole; and what it exports comes back."""
    with new_file(data, suffix) as path:
        library, copy = (Library(path.with_name(name)) for name in ("one", "other"))
        with library, copy:
            counts = None
            with contextlib.suppress(*REFUSALS):
                counts = library.import_file(path)
            if counts is None and not library.exists:
                return
            assert counts is None or counts.total >= len(library), (counts, len(library))
            found = library.verify()
            assert not found.problems, found.problems
            library.export(path.with_name(f"again{suffix}"))
            copy.import_file(path.with_name(f"again{suffix}"))
            # A row that took the place of another has the next number, and none before it in the copy.
            mine, its = (one.frame().drop(columns="row") for one in (library, copy))
            pd.testing.assert_frame_equal(its, mine)


def sources(data: bytes) -> None:
    """Whatever a list is made of, there is an item for each of its members."""
    with contextlib.suppress(ValueError, RecursionError):
        given = json.loads(data)
        if isinstance(given, list) and not any(leads_out(text) for text in texts(given)):
            for _ in expand(given):
                pass
            rows = list(fingerprint_rows([*given, b""], limits=LIMITS))
            assert [row for row in rows if not row["error"]] == []


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def leads_out(text: str) -> bool:
    """Whether a text could name a folder of this computer other than the empty one, or an address."""
    return text.startswith(("/", "~")) or ".." in text or "://" in text


def frame(data: bytes) -> None:
    """Tables with a column of texts where hashes are expected."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")[:50]
    table = pd.DataFrame(
        {"image": range(len(lines)), "phash": pd.Series([line or None for line in lines], dtype=object)}
    )
    with contextlib.suppress(ValueError):
        found = lookalike.find_duplicates(table, on="phash")
        assert len(found) < len(table)
        assert len(lookalike.find_similar(table, "0" * 16, on="phash")) == table["phash"].notna().sum()
    for suffix in (".csv", ".json", ".parquet"):
        with new_file(data, suffix) as path, contextlib.suppress(ValueError, OSError):
            lookalike.frames.load(path)


@functools.cache
def sound_library() -> dict[str, bytes]:
    """The files of a small library with an index, by their names in it."""
    hashes = [hashlib.sha256(bytes([number])).hexdigest() for number in range(60)]
    rows = [{"image": text[:3], "phash": text[:16], "dhash": text[16:32], "recipe": "standard/2"} for text in hashes]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with Library(path / "library") as library:
            library.add_fingerprints([{**row, "width": 4, "height": 3, "format": "PNG", "error": None} for row in rows])
            library.compact()
        files = [file for file in sorted((path / "library").rglob("*")) if file.is_file()]
        return {file.relative_to(path / "library").as_posix(): file.read_bytes() for file in files}


def catalog(data: bytes) -> None:
    """A library from a stranger, in which some values are other ones: nothing outside of it is changed by its use."""
    with tempfile.TemporaryDirectory() as name:
        folder, beside = Path(name) / "library", Path(name) / "beside"
        for file, content in sound_library().items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        beside.mkdir()
        (beside / "thesis").write_bytes(b"years of work")
        change(folder / "catalog.sqlite", data)
        for index in (None, beside):
            with (
                contextlib.suppress(*(one for one in REFUSALS if one is not TypeError)),
                Library(folder, index=index) as one,
            ):
                used(one)
        assert (beside / "thesis").read_bytes() == b"years of work"
        there = {path.name for path in Path(name).iterdir()}
        assert there == {"library", "beside"}, there


def change(path: Path, data: bytes) -> None:
    """Other values in a catalog: table, column and row by a byte each, the value's type and length by two more."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        while len(data) > 4:
            number, column, row, kind, length = data[:5]
            content, data = data[5 : 5 + length], data[5 + length :]
            text = content.decode("utf-8", "replace")
            value = (text, content, int.from_bytes(content[:8], "little", signed=True), None)[kind % 4]
            table = tables[number % len(tables)]
            columns = [one[1] for one in connection.execute(f"PRAGMA table_info({table})")]
            where = f"rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET {row % 8})"
            with contextlib.suppress(sqlite3.Error):
                connection.execute(f"UPDATE {table} SET {columns[column % len(columns)]} = ? WHERE {where}", (value,))
        connection.commit()


def used(library: Library) -> None:
    """What a user may do with it: each may be refused."""
    row = {"image": "new", "phash": "0" * 16, "dhash": "1" * 16, "recipe": "standard/2", "error": None}
    full = {**row, "width": 1, "height": 1, "format": "PNG"}
    for act in (
        lambda: list(library.rows()),
        lambda: library.search("0" * 16, kinds="phash", k=3),
        lambda: library.verify(),
        lambda: library.add_fingerprints([full]),
        lambda: library.verify(repair=True),
        lambda: library.compact(),
        lambda: library.pairs(radius=2),
        lambda: library.stats(),
    ):
        with contextlib.suppress(errors.LookalikeError, ValueError, OSError):
            act()


ENTRIES: tuple[Callable[[bytes], None], ...] = (
    *(picture, hash_text, imagehash_text, stored, index_file, csv_file, parquet_file, sources, frame, catalog),
)


def one_input(data: bytes) -> None:
    """What both kinds of fuzzing, and the tests, call."""
    if data:
        ENTRIES[data[0] % len(ENTRIES)](data[1:])


@contextlib.contextmanager
def new_file(data: bytes, suffix: str = "") -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        path.write_bytes(data)
        yield path


def changed(dice: random.Random, seeds: list[bytes]) -> bytes:
    """A seed with some of its bytes changed, left out, or taken from elsewhere."""
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        at = dice.randrange(1, len(data) + 1)
        length = min(dice.choice((1, 1, 2, 4, 32)), len(data) - at)
        other = dice.choice(seeds)
        start = dice.randrange(len(other) + 1)
        what = (
            dice.randbytes(length),
            b"",
            other[start : start + 32],
            b"\xff" * length,
            bytes(data[at : at + length]) * 2,
        )
        data[at : at + length] = dice.choice(what)
    return bytes(data[:MOST_BYTES])


def by_chance(seconds: float, seeds: list[bytes], seed: int) -> int:
    """Changes seeds until the time is up; how often."""
    dice, end, done = random.Random(seed or None), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = changed(dice, seeds)
        began = time.monotonic()
        try:
            one_input(data)
            assert time.monotonic() - began < LONGEST, "a hang"
        except BaseException:
            traceback.print_exc()
            path = ARTIFACTS / f"entries-crash-{hashlib.sha1(data).hexdigest()}"
            path.write_bytes(data)
            sys.exit(f"fuzz: entries failed on {path}\nfuzz: to see it again: {sys.executable} {__file__} {path}")
        done += 1
    return done


def guided(seconds: int, seed: int) -> None:
    options = [f"-seed={seed}", f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", f"-timeout={LONGEST}"]
    options += ["-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={ARTIFACTS}/entries-"]
    atheris.Setup([sys.argv[0], str(CORPUS), str(SEEDS), *options], one_input)
    atheris.Fuzz()


def main(argument: str) -> None:
    warnings.simplefilter("ignore")
    os.environ["TQDM_DISABLE"] = "1"
    if Path(argument).is_file():
        one_input(Path(argument).read_bytes())
        return
    from seeds import main as make

    make("entries")
    for folder in (CORPUS, ARTIFACTS):
        folder.mkdir(parents=True, exist_ok=True)
    seed = int(os.environ.get("FUZZ_SEED", "0"))
    # Texts that are taken for names of files are looked for here.
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        if IS_GUIDED:
            guided(int(argument), seed)
        print("fuzz: atheris is not installed: seeds of entries are changed by chance")
        done = by_chance(float(argument), [path.read_bytes() for path in sorted(SEEDS.iterdir())], seed)
        print(f"fuzz: entries: {done} inputs in {argument} seconds")


if __name__ == "__main__":
    main(sys.argv[1])
