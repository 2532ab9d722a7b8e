"""`lookalike scan`."""

from __future__ import annotations

import csv
import io
import os
import resource
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytest

from commands import COMMAND, listing, noise, picture_folder, run
from lookalike import fingerprints
from lookalike.cli import inputs
from lookalike.cli.progress import Progress
from lookalike.cli.scan import _rescue, _summary
from lookalike.cli.tables import open_table
from lookalike.fingerprints import fingerprint_many
from lookalike.frames import load, rows_of
from lookalike.kinds import Kind

NAMES = ["photos/0.png", "photos/1.png", "photos/2.png", "photos/3.png", "photos/broken.png", "photos/copy-of-0.png"]


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = picture_folder(tmp_path / "photos")
    (folder / "broken.png").write_bytes(b"no picture")
    return Path("photos")


@pytest.mark.parametrize("extension", ["csv", "parquet", "json"])
def test_the_file_has_what_fingerprint_many_gives(photos: Path, extension: str) -> None:
    name = f"frame.{extension}"
    result = run("scan", "photos", "-o", name)
    assert (result.status, result.out) == (1, "")
    assert rows_of(load(name)) == rows_of(fingerprint_many(photos))
    assert [row["image"] for row in rows_of(load(name))] == NAMES
    assert listing() == sorted(["photos", name])


def test_messages(photos: Path) -> None:
    complaint, summary = run("scan", "photos", "-o", "frame.csv").err.splitlines()
    assert complaint.startswith("lookalike: photos/broken.png: ")
    assert summary.startswith("5 images, 1 error, ")
    assert summary.endswith(" images/s: frame.csv")


def test_quiet(photos: Path) -> None:
    assert run("scan", "photos/0.png", "-q", "-o", "frame.csv").err == ""


def test_kinds_and_size(photos: Path) -> None:
    run("scan", "photos/0.png", "--kind", "phash,whash", "--size", 16, "-o", "frame.csv")
    assert list(load("frame.csv").columns[1:3]) == ["phash:16", "whash:16"]


@pytest.mark.parametrize("words", [[], ["-o", "-"]])
def test_standard_output_has_the_file_of_o(photos: Path, words: list[str]) -> None:
    run("scan", "photos", "-o", "frame.csv")
    assert run("scan", "photos", *words).out == Path("frame.csv").read_text()


def test_names_from_standard_input(photos: Path) -> None:
    names = "photos/1.png\n\nphotos/missing.png\r\nphotos/0.png"
    result = run("scan", "-", "-o", "frame.csv", input=names)
    assert result.status == 1
    assert list(load("frame.csv")["image"]) == ["photos/1.png", "photos/missing.png", "photos/0.png"]


def test_names_from_standard_input_are_taken_as_they_come(photos: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "scan", "-", "--workers", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("photos/0.png\nphotos/1.png\nphotos/2.png\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith("image,")
    assert process.stdout.readline().startswith("photos/0.png,")
    process.communicate(timeout=30)


def test_an_older_file_is_replaced_and_keeps_its_permissions(photos: Path) -> None:
    Path("frame.csv").write_text("old")
    Path("frame.csv").chmod(0o640)
    assert run("scan", "photos/0.png", "-o", "frame.csv").status == 0
    assert len(load("frame.csv")) == 1
    assert Path("frame.csv").stat().st_mode & 0o777 == 0o640


def test_a_new_file_gets_the_usual_permissions(photos: Path) -> None:
    run("scan", "photos/0.png", "-o", "frame.csv", umask=0o027)
    assert Path("frame.csv").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_its_target_is_replaced(photos: Path) -> None:
    Path("real.csv").write_text("old")
    Path("frame.csv").symlink_to("real.csv")
    run("scan", "photos/0.png", "-o", "frame.csv")
    assert Path("frame.csv").is_symlink()
    assert len(load("real.csv")) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["pipe.csv", "pipe.json", "pipe"])
def test_a_pipe_stays_and_is_written_into(photos: Path, name: str) -> None:
    os.mkfifo(name)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(Path(name).read_text()), daemon=True)
    reader.start()
    assert run("scan", "photos/0.png", "-o", name).status == 0
    reader.join(10)
    assert Path(name).is_fifo()
    assert listing() == ["photos", name]
    run("scan", "photos/0.png", "-o", "frame.json" if name.endswith("json") else "frame.csv")
    assert found == [Path("frame.json" if name.endswith("json") else "frame.csv").read_text()]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_rows_for_a_pipe_without_a_reader_are_not_waited_for(photos: Path) -> None:
    os.mkfifo("pipe.csv")
    table = open_table("pipe.csv", ["image"])
    table.write({"image": "a"})
    with pytest.raises(OSError, match="nobody reads from it"):
        _rescue(table, 1)
    assert listing() == ["photos", "pipe.csv"]


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no /dev/null here")
def test_devices_stay_what_they_are(photos: Path) -> None:
    for name in ("null.csv", "null.parquet", "null.html"):
        Path(name).symlink_to("/dev/null")
        words = ["gallery" if name.endswith("html") else "scan", "photos/0.png", "-o"]
        assert run(*words, name).status == run(*words, "/dev/null").status == 0
        assert Path(name).is_symlink()
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout here")
def test_standard_output_by_its_name(photos: Path) -> None:
    assert run("scan", "photos/0.png", "-o", "/dev/stdout").out == run("scan", "photos/0.png").out
    page = run("gallery", "photos/0.png", "-o", "/dev/stdout").out
    assert page.startswith("<!")
    Path("log").write_text("before\n")
    with Path("log").open("a") as log:
        run("gallery", "photos/0.png", "-o", "/dev/stdout", stdout=log)
    assert Path("log").read_text() == f"before\n{page}"
    assert run("gallery", "photos/0.png", "-q", "-o", "/dev/stderr").err == page


class _Impatient:
    """A table whose user presses Ctrl-C again while it is put away."""

    def write(self, row: object) -> None:
        raise AssertionError

    def keep(self) -> str:
        raise AssertionError

    def discard(self) -> None:
        raise AssertionError

    def keep_partial(self) -> str:
        signal.raise_signal(signal.SIGINT)
        return "frame.csv"


def test_a_second_interrupt_does_not_lose_the_rows() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert _rescue(_Impatient(), 3) == "; the 3 rows done so far are in frame.csv"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("name", ["frame.csv", "frame.json"])
def test_an_interrupt_after_the_end_loses_nothing(photos: Path, name: str) -> None:
    table = open_table(name, ["image"])
    table.write({"image": "a"})
    table.keep()
    assert _rescue(table, 1) == f"; the 1 rows done so far are in {name}"
    assert listing() == sorted([name, "photos"])
    assert len(load(name)) == 1


def test_interrupted_scans_replace_no_rows_of_earlier_ones(photos: Path) -> None:
    Path("frame.csv").write_text("old")
    Path("link.csv").symlink_to("frame.csv")
    kept = ["frame.partial.csv", "frame.partial.2.csv", "frame.partial.3.csv"]
    for rows, name in enumerate(kept, 1):
        table = open_table("frame.csv", ["image"])
        for _ in range(rows):
            table.write({"image": "a"})
        assert _rescue(table, rows).endswith(f" are in {name}")
    table = open_table("link.csv", ["image"])
    assert table.keep_partial() == str(Path("frame.partial.4.csv").resolve())
    assert [len(load(name)) for name in kept] == [1, 2, 3]
    assert Path("frame.csv").read_text() == "old"
    assert listing() == sorted(["frame.csv", "frame.partial.4.csv", "link.csv", "photos", *kept])


def test_a_row_with_hashes_and_an_error_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"image": "a", "phash": "00", "dhash": None, "error": "no dhash"}
    monkeypatch.setattr(fingerprints, "fingerprint_rows", lambda *_, **__: iter([row, row]))
    counts = inputs.Counts()
    kinds = [Kind.parse("phash"), Kind.parse("dhash")]
    args = Namespace(recipe=None, workers=1, allow_private=False, allow_host=[], isolate=False)
    rows = list(inputs.scanned(["a", "a"], kinds, args, counts, Progress(show=False)))
    assert (counts.rows, counts.images, counts.errors, counts.status) == (len(rows), 2, 2, 1)
    assert _summary(counts, 0.5, "x") == "2 images, 2 errors, 0.5 s, 4.0 images/s: x"


def test_an_older_file_stays_when_not_one_image_can_be_read(photos: Path) -> None:
    Path("frame.csv").write_text("old")
    result = run("scan", "photos/broken.png", "missing", "-o", "frame.csv")
    assert result.status == 2
    assert "nothing written" in result.err
    assert Path("frame.csv").read_text() == "old"
    assert listing() == ["frame.csv", "photos"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nowhere/frame.csv", "nowhere/frame.csv: cannot write: there is no folder"),
        ("folder.csv", "folder.csv: cannot write: it is a folder"),
        ("photos/0.png/frame.csv", "photos/0.png/frame.csv: cannot write: "),
        ("loop.csv", "loop.csv: cannot write: "),
    ],
)
def test_a_place_that_cannot_be_written_to(photos: Path, output: str, message: str) -> None:
    Path("folder.csv").mkdir()
    Path("loop.csv").symlink_to("loop.csv")
    result = run("scan", "photos", "-o", output)
    assert result.status == 2
    # Found out before the work: not a word about the broken picture.
    assert result.err.startswith(f"lookalike: {message}")
    assert len(result.err.splitlines()) == 1


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission(photos: Path) -> None:
    Path("locked").mkdir(mode=0o500)
    result = run("scan", "photos", "-o", "locked/frame.csv")
    assert (result.status, result.err) == (2, "lookalike: locked/frame.csv: cannot write: Permission denied\n")


@pytest.mark.parametrize("extension", ["csv", "parquet", "json"])
def test_a_full_disk(photos: Path, extension: str) -> None:
    # A limit on the size of files stands in for the disk: both fail in the same calls.
    Path(f"frame.{extension}").write_text("old")
    result = run(
        "scan",
        "photos",
        "-o",
        f"frame.{extension}",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    assert result.status == 2
    assert f"frame.{extension}: cannot write: " in result.err
    assert Path(f"frame.{extension}").read_text() == "old"
    assert listing() == sorted([f"frame.{extension}", "photos"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output_on_a_full_disk(photos: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = run("scan", "photos", stdout=full)
    assert result.status == 2
    assert "lookalike: standard output: No space left on device" in result.err


def test_formulas_in_names_are_paths_in_the_file(tmp_path: Path) -> None:
    picture_folder(tmp_path / "photos")
    noise(7).save(tmp_path / "=1+1.png")
    run("scan", "=1+1.png", "-o", "frame.csv", cwd=tmp_path)
    assert list(pd.read_csv(tmp_path / "frame.csv")["image"]) == ["./=1+1.png"]


def test_odd_names_come_back(tmp_path: Path) -> None:
    names = ['quo"te.png', "com,ma.png", "new\nline.png", "return\r.png", "Größe.png", " space.png"]
    for name in names:
        noise(7).save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(tmp_path / name)
    run("scan", *names, "-o", "frame.csv", cwd=tmp_path)
    assert [
        row["image"] for row in csv.DictReader(io.StringIO((tmp_path / "frame.csv").read_bytes().decode(), newline=""))
    ] == names
    assert list(load(tmp_path / "frame.csv")["image"]) == names


@pytest.mark.parametrize("words", [["scan", "photos", "-o", "frame.parquet"], ["duplicates", "other.parquet"]])
def test_parquet_without_its_package(photos: Path, words: list[str]) -> None:
    Path("other.parquet").write_bytes(b"PAR1")
    code = "import sys; sys.modules['pyarrow'] = None; from lookalike.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("lookalike: ")
    assert "pip install 'lookalike[arrow]'" in done.stderr
    assert listing() == ["other.parquet", "photos"]
