"""`lookalike library`, and the commands that take a library in the place of a folder or a frame."""

from __future__ import annotations

import itertools
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageOps

from commands import noise, picture_folder, run, start
from lookalike import Library
from lookalike.cli import stream
from lookalike.cli.library.places import is_library, shown
from lookalike.frames import load, rows_of


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`0.png` to `2.png`, `copy-of-0.png`, and `broken.png`."""
    monkeypatch.chdir(tmp_path)
    folder = picture_folder(tmp_path / "photos", 3)
    (folder / "broken.png").write_bytes(b"no picture")
    return Path("photos")


@pytest.fixture
def shop(photos: Path) -> str:
    """A library of the photos."""
    with Library("shop.library") as library:
        library.add(str(photos), owner="007", listing="12", time="2024-05-01", price=3)
    return "shop.library"


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def names(library: str) -> list[str]:
    with Library(library) as opened:
        return [row["image"] for row in opened.rows()]


# Adding.


def test_add_tells_what_became_of_the_images(photos: Path) -> None:
    first = run("library", "add", "new.library", "photos")
    assert (first.status, first.out) == (1, "5 images: 4 added, 1 failed\n")
    [complaint] = first.err.splitlines()
    assert complaint.startswith("lookalike: photos/broken.png: ")
    (photos / "2.png").unlink()
    noise(9).save(photos / "1.png")
    noise(8).save(photos / "3.png")
    again = run("library", "add", "new.library", "photos")
    assert (again.status, again.out) == (1, "5 images: 1 added, 1 changed, 2 unchanged, 1 failed\n")
    (photos / "broken.png").unlink()
    assert run("library", "add", "new.library", "photos", "-q").out == ""


def test_add_line_by_line(photos: Path) -> None:
    result = run("library", "add", "new.library", "photos", "--json")
    rows = objects(result.out)
    assert [row["status"] for row in rows] == ["added"] * 3 + ["failed", "added"]
    assert list(rows[3]) == ["image", "status", "row", "error", "warning"]
    assert rows[3]["error"]
    assert result.err.endswith("5 images: 4 added, 1 failed\n")
    lines = run("library", "add", "new.library", "photos", "--csv").lines
    assert lines[0] == "image,status,row,error,warning"
    assert lines[1] == "photos/0.png,unchanged,1,,"


def test_add_keeps_what_is_known_of_the_images(photos: Path) -> None:
    told = ["--owner", "007", "--listing", "1e10", "--time", "2024-05-01T10:00+02:00"]
    facts = ["--fact", "price=012", "--fact", 'by:={"name": [1, "=x"]}']
    assert run("library", "add", "new.library", "photos/0.png", *told, *facts).status == 0
    with Library("new.library") as library:
        [row] = library.rows()
    assert (row["owner"], row["listing"], row["time"]) == ("007", "1e10", "2024-05-01T08:00:00+00:00")
    assert (row["price"], row["by"]) == ("012", {"name": [1, "=x"]})


def test_add_a_table(photos: Path) -> None:
    Path("t.csv").write_text(
        "file,seller,when,price,more\nphotos/0.png,007,2024-05-01,012,x\nphotos/0.png,8,2024-05-02,,x\nmissing,8,,1,x\n"
    )
    columns = ["--source-column", "file", "--owner-column", "seller", "--time-column", "when", "--fact-column", "price"]
    result = run("library", "add", "new.library", "--table", "t.csv", *columns, "--listing", "9")
    assert (result.status, result.out) == (1, "3 images: 2 added, 1 failed\n")
    with Library("new.library") as library:
        rows = list(library.rows())
    assert [(row["owner"], row["listing"], row["time"]) for row in rows] == [
        ("007", "9", "2024-05-01T00:00:00+00:00"),
        ("8", "9", "2024-05-02T00:00:00+00:00"),
        ("8", "9", None),
    ]
    assert [row.get("price") for row in rows] == ["012", None, "1"]
    assert "more" not in rows[0]


def test_add_a_table_with_columns_of_the_usual_names(photos: Path) -> None:
    Path("t.json").write_text('[{"image": "photos/0.png", "owner": "a"}, {"image": "photos/1.png", "owner": "b"}]')
    assert run("library", "add", "new.library", "--table", "t.json").status == 0
    with Library("new.library") as library:
        assert [row["owner"] for row in library.rows()] == ["a", "b"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected either sources or --table"),
        (["photos", "--table", "t.csv"], "expected either sources or --table"),
        (["--table", "t.csv", "--owner", "a"], "owner is given twice"),
        (["--table", "t.csv", "--fact-column", "nix"], "expected a column 'nix'"),
        (["--table", "none.csv"], "no such file: 'none.csv'"),
        (["photos", "--fact", "price"], "expected KEY=VALUE or KEY:=JSON, got 'price'"),
        (["photos", "--fact", "a:={"], "expected JSON after ':='"),
        (["photos", "--fact", "a:=[1]"], "got a list"),
        (["photos", "--fact", "row=1"], "a fact cannot be named 'row'"),
        (["photos", "--fact", "sources=1"], "a fact cannot be named 'sources'"),
        (["photos", "--time", "soon"], "expected a time as in 2024-05-01"),
        (["photos", "--kind", "crop_resistant"], "expected kinds whose codes have a fixed length"),
    ],
)
def test_add_refuses(photos: Path, words: list[str], message: str) -> None:
    Path("t.csv").write_text("image,owner\nphotos/0.png,b\n")
    result = run("library", "add", "new.library", *words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert not Path("new.library").exists()


def test_add_to_a_library_of_other_kinds(shop: str) -> None:
    result = run("library", "add", shop, "photos", "--kind", "ahash")
    assert result.status == 2
    assert "expected the kinds of the library, phash, dhash, got ahash: leave --kind out" in result.err


def test_add_names_from_standard_input(photos: Path) -> None:
    result = run("library", "add", "new.library", "-", input="photos/1.png\n\nmissing\n")
    assert (result.status, result.out) == (1, "2 images: 1 added, 1 failed\n")


def test_places_for_no_library(photos: Path) -> None:
    for place, message in [("photos", "expected an empty or a new directory"), ("photos/0.png", "got the file")]:
        result = run("library", "add", place, "photos")
        assert result.status == 2
        assert message in result.err
    Path("empty").mkdir()
    result = run("library", "add", "new.library", "empty")
    assert (result.status, result.out) == (2, "1 image: 1 failed\n")
    assert "empty: no pictures in the folder" in result.err


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_is_read_only(photos: Path) -> None:
    Path("locked").mkdir(mode=0o500)
    result = run("library", "add", "locked/new.library", "photos")
    assert result.status == 2
    assert "Permission denied" in result.err


def test_a_disk_that_is_full(photos: Path) -> None:
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731
    result = run("library", "add", "new.library", "photos", preexec_fn=limit)
    assert result.status == 2
    assert "new.library" in result.err
    assert run("library", "add", "new.library", "photos").out == "5 images: 4 added, 1 failed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_interrupted_add_goes_on(photos: Path) -> None:
    words = ["library", "add", "new.library"]
    process = start(*words, "-", "--json", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    end = time.monotonic() + 20
    for number in itertools.count():
        process.stdin.write(f"photos/{number % 3}.png\n")
        process.stdin.flush()
        if select.select([process.stdout], [], [], 0.1)[0]:
            break
        assert time.monotonic() < end, "waited in vain"
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, message = process.communicate(timeout=20)
    assert time.monotonic() - began < 2
    assert process.returncode == 130
    kept = len(names("new.library"))
    images = "1 image is" if kept == 1 else f"{kept} images are"
    assert kept
    assert message == f"lookalike: interrupted; {images} safe in new.library: the same command goes on from there\n"
    assert run(*words, "photos").out == f"5 images: {4 - kept} added, {kept} unchanged, 1 failed\n"
    assert run("library", "verify", "new.library", "--files").status == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_interrupted_before_the_first_image(photos: Path) -> None:
    process = start("library", "add", "new.library", "-", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 20
    while not Path("new.library/lock").exists() and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=20)
    assert process.returncode == 130
    assert message.startswith("lookalike: interrupted")
    assert "0 images are safe" in message or "there is no library yet" in message


def test_a_second_writer_is_told_who_writes(shop: str) -> None:
    with Library(shop) as library:
        rows = library.add_rows(["photos/0.png", "photos/1.png"])
        next(rows)
        result = run("library", "add", shop, "photos")
        assert result.status == 2
        assert f"is being written by process {os.getpid()}" in result.err
        assert "pass --wait SECONDS" in result.err
        assert run("library", "search", shop, "photos/0.png").status == 0
        list(rows)


def test_what_is_left_to_finish_is_finished() -> None:
    """The rows of another thread come to an end when they are told to stop, and are closed."""
    ended = []

    def rows() -> Any:
        try:
            for number in range(10_000):
                yield number
                time.sleep(0.001)
        finally:
            ended.append(True)

    heard = stream.interruptible(rows(), patience=5.0)
    assert next(heard) == 0
    heard.close()
    assert ended == [True]
    assert not stream.abandoned()


# Asking.


def test_search(shop: str) -> None:
    result = run("library", "search", shop, "photos/copy-of-0.png")
    known = "(007, listing 12, 2024-05-01)"
    assert result.status == 0
    names = ("photos/0.png", "photos/copy-of-0.png")
    assert result.lines == [f"1.00  same bytes        {name}  {known}" for name in names]
    assert result.err == "2 images found\n"
    [row, _] = objects(run("library", "search", shop, "photos/0.png", "--json").out)
    expected = {"query": "photos/0.png", "image": "photos/0.png", "level": 0, "owner": "007", "price": 3, "error": None}
    assert {name: row[name] for name in expected} == expected


def test_search_for_several(shop: str) -> None:
    result = run("library", "search", shop, "photos", "missing", "-k", 1)
    assert result.status == 1
    heads = [line for line in result.lines if line.endswith(":")]
    assert heads == ["photos/0.png:", "photos/1.png:", "photos/2.png:", "photos/copy-of-0.png:"]
    assert "lookalike: missing: no such file" in result.err
    rows = objects(run("library", "search", shop, "missing", "photos/1.png", "--json").out)
    assert [row["query"] for row in rows] == ["missing", "photos/1.png"]
    assert run("library", "search", shop, "missing").status == 2


def test_search_for_standard_input_and_for_a_hash(shop: str) -> None:
    with Library(shop) as library:
        text = next(library.rows())["phash"]
    assert run("library", "search", shop, "-", "-k", 1, input=Path("photos/0.png").read_bytes()).lines
    assert (
        run("library", "search", shop, text, "--kind", "phash", "--radius", 0)
        .lines[0]
        .startswith(" 0  phash  photos/0")
    )
    result = run("library", "search", shop, text)
    assert result.status == 2
    assert "as in --kind 'phash'" in result.err


@pytest.mark.parametrize("command", ["search", "reuse", "stats"])
def test_where_there_is_no_library(photos: Path, command: str) -> None:
    result = run("library", command, "none", *(["photos/0.png"] if command == "search" else []))
    assert result.status == 2
    assert result.err == "lookalike: no library at 'none': make one with 'lookalike library add none FOLDER'\n"


def test_pairs_groups_and_duplicates(shop: str) -> None:
    known = "  (007, listing 12, 2024-05-01)"
    pair = run("library", "pairs", shop)
    assert pair.lines == [f" 0  phash  photos/0.png{known}", f"           photos/copy-of-0.png{known}"]
    assert pair.err == "1 pair\n"
    groups = run("library", "groups", shop, "--kind", "dhash", "--radius", 0)
    assert groups.lines == [f" 0  photos/0.png{known}", f" 0  photos/copy-of-0.png{known}"]
    assert groups.err == "2 images in 1 group\n"
    for words in ([], ["--on", "phash"]):
        assert run("library", "duplicates", shop, *words).lines == [
            f"photos/0.png{known}",
            f"photos/copy-of-0.png{known}",
        ]
    [row] = objects(run("library", "pairs", shop, "--json").out)
    assert (row["image_a"], row["image_b"], row["price_a"]) == ("photos/0.png", "photos/copy-of-0.png", 3)


@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_answers_in_a_file(shop: str, form: str) -> None:
    result = run("library", "groups", shop, "-o", f"groups.{form}")
    assert (result.status, result.out) == (0, "")
    assert [row["image"] for row in rows_of(load(f"groups.{form}"))] == ["photos/0.png", "photos/copy-of-0.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "x.txt"], "expected a name that ends in .csv, .parquet or .json, got 'x.txt'"),
        (["-o", "no/x.csv"], "no/x.csv: cannot write: there is no folder"),
        (["-o", "x.csv", "--json"], "not together with --json"),
        (["--radius", "2.5"], "2.5"),
        (["--radius", "99"], "99"),
        (["--kind", "whash"], "expected kinds among those of the library"),
    ],
)
def test_answers_that_cannot_be_given(shop: str, words: list[str], message: str) -> None:
    result = run("library", "groups", shop, *words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err


def test_failures(shop: str) -> None:
    result = run("library", "failures", shop)
    assert (result.status, result.err) == (0, "1 image could not be read\n")
    [line] = result.lines
    assert line.startswith("photos/broken.png: ")
    [row] = objects(run("library", "failures", shop, "--json").out)
    assert row["error"] in line


def test_stats_and_verify_and_compact(shop: str) -> None:
    lines = dict(line.split("  ", 1) for line in run("library", "stats", shop).lines)
    assert (lines["images"].strip(), lines["failed"].strip(), lines["kinds"].strip()) == ("5", "1", "phash, dhash")
    [stats] = objects(run("library", "stats", shop, "--json").out)
    assert (stats["images"], stats["kinds"]) == (5, ["phash", "dhash"])
    assert run("library", "compact", shop).status == 0
    Path("photos/1.png").unlink()
    result = run("library", "verify", shop, "--files")
    assert (result.status, result.lines[-1]) == (0, "5 files: 1 gone, 0 changed")
    segment = next(Path(shop, "index").glob("phash*.seg"))
    segment.write_bytes(segment.read_bytes()[:-9])
    found = run("library", "search", shop, "photos/0.png")
    assert found.status == 0
    assert f"index file '{segment.name}' cannot be used" in found.err
    [told] = objects((broken := run("library", "verify", shop, "--json")).out)
    assert (broken.status, told["ok"]) == (1, False)
    assert "'lookalike library verify --repair' makes it anew" in told["problems"][0]
    assert run("library", "verify", shop, "--repair").status == 0


def test_remove(shop: str) -> None:
    result = run("library", "remove", shop, "photos/1.png", "nix")
    assert (result.status, result.lines) == (1, ["photos/1.png  (007, listing 12, 2024-05-01)"])
    assert result.err == "lookalike: nix: not in the library\n1 image would be removed: add --yes to do it\n"
    assert len(names(shop)) == 5
    assert run("library", "remove", shop, Path("photos/1.png").absolute(), "--yes").err == "1 image removed\n"
    Path("photos/0.png").unlink()
    assert run("library", "remove", shop, "--missing", "--row", "3", "--yes").err == "2 images removed\n"
    assert names(shop) == ["photos/broken.png", "photos/copy-of-0.png"]
    assert run("library", "remove", shop, "photos/1.png").status == 2
    assert "expected images to remove" in run("library", "remove", shop).err


def test_export_and_import(shop: str) -> None:
    assert run("library", "export", shop, "x.csv").err == "5 rows: x.csv\n"
    result = run("library", "import", "copy.library", "x.csv")
    assert (result.status, result.out) == (0, "5 images: 4 added, 1 failed\n")
    assert run("library", "export", "copy.library", "-").out == Path("x.csv").read_text()
    assert run("library", "export", "copy.library", "y.parquet").status == 0
    assert run("library", "import", "copy.library", "y.parquet").out == "5 images: 4 unchanged, 1 failed\n"
    Path("x.csv").write_bytes(Path("x.csv").read_bytes()[:-60])
    result = run("library", "import", "third.library", "x.csv")
    assert result.status == 2
    assert "lookalike: x.csv: line 6" in result.err
    for words in (["export", shop, "x.txt"], ["import", "third.library", "x.txt"]):
        assert "expected a name that ends in .csv or .parquet" in run("library", *words).err
    assert "no such file" in run("library", "import", "third.library", "none.csv").err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_export_into_a_pipe(shop: str) -> None:
    os.mkfifo("pipe.csv")
    process = start("library", "export", shop, "pipe.csv", stderr=subprocess.PIPE)
    handle = os.open("pipe.csv", os.O_RDONLY | os.O_NONBLOCK)  # waits for no writer
    assert process.communicate(timeout=20)[1] == "5 rows: pipe.csv\n"
    assert os.read(handle, 12) == b"image,place,"
    os.close(handle)
    assert Path("pipe.csv").is_fifo()


def test_export_on_a_full_disk(shop: str) -> None:
    with Library(shop) as library:
        library.add_fingerprints([{**row, "note": "n" * 5_000} for row in library.rows()])
        library.add(["photos/0.png"], owner="x", note="n" * 99_000)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # noqa: E731
    Path("x.csv").write_text("old")
    result = run("library", "export", shop, "x.csv", preexec_fn=limit)
    assert (result.status, result.err) == (2, "lookalike: x.csv: cannot write: File too large\n")
    assert Path("x.csv").read_text() == "old"
    assert not list(Path().glob(".x.*"))


def test_a_reader_that_had_enough(shop: str) -> None:
    with Library(shop) as library:
        library.add_fingerprints([{"image": f"{n}", "phash": f"{n:016x}", "dhash": f"{n:016x}"} for n in range(5_000)])
    process = start("library", "export", shop, "-", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


# Reuse.


@pytest.fixture
def market(photos: Path) -> str:
    """Ann's photo at Bob's, mirrored, and at Cid's; and one of his own."""
    with Library("market.library") as library:
        library.add("photos/0.png", owner="ann", listing="1", time="2024-01-01")
        ImageOps.mirror(noise(0)).save("mirrored.png")
        library.add("mirrored.png", owner="bob", listing="2", time="2024-02-01")
        library.add(["photos/copy-of-0.png", "photos/1.png"], owner="cid", listing="3", time="2024-03-01")
    return "market.library"


def test_reuse(market: str) -> None:
    result = run("library", "reuse", market, "--gallery", "r.html", "--features", "f.csv")
    assert result.lines == [
        "first           photos/0.png  (ann, listing 1, 2024-01-01)",
        "copy    1 1.00  mirrored.png  (bob, listing 2, 2024-02-01)  mirrored",
        "copy    0 1.00  photos/copy-of-0.png  (cid, listing 3, 2024-03-01)",
    ]
    assert result.err.startswith("4 photos of 3 owners: ")
    assert Path("r.html").read_text().startswith("<!")
    assert [row["listing"] for row in rows_of(load("f.csv"))] == ["1", "2", "3"]
    pairs = objects(run("library", "reuse", market, "--show", "pairs", "--no-mirrored", "--json").out)
    assert [(row["original_image"], row["copy_image"]) for row in pairs] == [("photos/0.png", "photos/copy-of-0.png")]
    assert run("library", "reuse", market, "--show", "owners").lines[0].startswith("owner  photos")


def test_matches_by_another_column(market: str) -> None:
    result = run("library", "matches", market, "--by", "listing", "--no-mirrored")
    assert result.lines == [
        "   0 1.00  photos/0.png  (1, 2024-01-01)",
        "   0 1.00  photos/copy-of-0.png  (3, 2024-03-01)",
    ]
    assert "expected --by as one of" in run("library", "matches", market, "--by", "nix").err


@pytest.mark.parametrize("text", ["-1", "0", "2.5", "many"])
def test_popular_is_a_number_a_share_or_a_word(market: str, text: str) -> None:
    result = run("library", "reuse", market, f"--popular={text}")
    assert result.status == 2
    assert "expected a whole number from 1, a share below 1, auto or none" in result.err


def test_allow(market: str) -> None:
    assert run("library", "allow", market, "photos/0.png", "--reason", "stock").err == "1 picture is new on the list\n"
    assert run("library", "allow", market).out == "photos/0.png  (stock)\n"
    assert run("library", "reuse", market, "--no-mirrored").out == ""
    assert run("library", "allow", market, "photos/0.png", "--remove").err == "1 picture is taken from the list\n"
    assert run("library", "allow", market, "--json").out == ""
    assert "expected pictures to take from the list" in run("library", "allow", market, "--remove").err
    assert "no such file" in run("library", "allow", market, "nix").err


# The other commands.


def test_scan_into_a_library(photos: Path) -> None:
    result = run("scan", "photos", "--library", "new.library")
    assert (result.status, result.out) == (1, "5 images: 4 added, 1 failed\n")
    with Library("new.library") as library:
        assert library.kinds == ("phash", "dhash")
    assert "not together with --output" in run("scan", "photos", "--library", "new.library", "-o", "x.csv").err


def test_duplicates_of_a_library(shop: str) -> None:
    assert run("duplicates", shop).lines == run("duplicates", "photos").lines
    assert run("duplicates", shop).err == "4 images, 2 of them in 1 group with the same phash\n"
    assert "expected --on phash or dhash, as the library has; got ahash" in run("duplicates", shop, "--on", "ahash").err
    assert "expected one library, or things to scan" in run("duplicates", shop, "photos").err
    result = run("duplicates", shop, "--recipe", "imagehash")
    assert "expected the recipe of the library, standard/2" in result.err


def test_similar_in_a_library(shop: str, tmp_path: Path) -> None:
    words = ["similar", "photos/1.png"]
    assert run(*words, shop).lines == run(*words, "photos").lines
    assert run(*words, shop, "--radius", 0).lines == [" 0  photos/1.png"]
    [row] = objects(run(*words, shop, "-k", 1, "--json").out)
    assert (row["image"], row["owner"], row["hamming_distance"]) == ("photos/1.png", "007", 0)
    # The pictures are found from another folder too.
    (tmp_path / "elsewhere").mkdir()
    arguments = ["similar", tmp_path / "photos/1.png", tmp_path / shop, "-k", 1, "--gallery", "g.html"]
    assert run(*arguments, cwd=tmp_path / "elsewhere").status == 0
    page = (tmp_path / "elsewhere" / "g.html").read_text()
    assert page.count("<img") == 2


# Names.


def test_the_command_without_a_command(photos: Path) -> None:
    result = run("library")
    assert (result.status, result.out) == (2, "")
    assert "commands:" in result.err
    result = run("library", "nix", "x")
    assert result.status == 2
    assert "unknown command 'nix': expected one of add, search" in result.err
    assert "lookalike library add --help" in run("library", "add").err


def test_names_that_begin_with_a_dash(photos: Path) -> None:
    Path("photos/0.png").rename("-x.png")
    assert run("library", "add", "new.library", "--", "-x.png").out == "1 image: 1 added\n"


def test_addresses() -> None:
    assert is_library("postgresql://me:secret@host/name")
    assert shown("postgresql://me:secret@host/name?x=1") == "postgresql://me@host/name?x=1"
    assert shown("postgresql://host/name") == "postgresql://host/name"
    assert shown("photos.library") == "photos.library"
