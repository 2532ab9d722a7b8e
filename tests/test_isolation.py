"""Decoding in processes of its own: the same answers, and what is lost when one of them dies."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from commands import run
from lookalike import Library, Limits, fingerprint, fingerprint_many, isolation
from lookalike.errors import LimitError, NoImageError
from lookalike.fingerprints import fingerprint_rows, turned_fingerprints
from lookalike.isolation import crew, messages
from lookalike.sources import FileName, Item, elsewhere, open_picture

KINDS = ("phash", "crop_resistant:colorhash", "pdq", "colorhash", "crop_resistant")
ISOLATED = Limits(isolate=True)
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@pytest.fixture(autouse=True)
def no_workers() -> Iterator[None]:
    yield
    crew._crew.dismiss()


def encoded(form: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    rng = np.random.default_rng(size[0])
    image = Image.fromarray(rng.integers(0, 256, (*size[::-1], 3), np.uint8)).convert(mode)
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def slow(side: int = 3000) -> bytes:
    """A picture that a decoder in Python works on for two seconds or more: runs of four pixels, each a step of it.

    What a test sends to its worker arrives some tenths of a second late; with runs of 62 it was done by then at times.
    """
    return b"qoif" + struct.pack(">II", side, side) + b"\3\0" + bytes([0xC3]) * (side * side // 4 + 1)


def endless() -> bytes:
    """A picture on which a decoder in C works for a second or more, and reads nothing meanwhile."""
    out = io.BytesIO()
    Image.new("RGB", (4900, 4800), (9, 99, 199)).save(out, "WEBP", method=0)
    return out.getvalue()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Sources of every sort: for the core, for Pillow, broken ones, none."""
    folder = tmp_path_factory.mktemp("files")
    contents = {
        "lossy.webp": encoded("WEBP"),
        "alpha.webp": encoded("WEBP", mode="RGBA"),
        "photo.jpg": encoded("JPEG"),
        "grey.ppm": encoded("PPM", mode="L"),
        "icon.ico": encoded("ICO"),
        "short.ppm": encoded("PPM")[:-100],
        "short.webp": encoded("WEBP")[:-100],
        "text.jpg": b"hello",
        "empty.png": b"",
        "bytes\udcff.tga": encoded("TGA"),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    array = np.zeros((30, 40, 3), np.uint8)
    return [*map(folder.joinpath, contents), folder / "none.jpg", encoded("WEBP"), io.BytesIO(encoded("PCX")), array]


def reopened(files: list[Any]) -> list[Any]:
    return [io.BytesIO(one.getvalue()) if isinstance(one, io.BytesIO) else one for one in files]


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
@pytest.mark.parametrize("digest", [False, True])
def test_rows_are_the_same(files: list[Any], recipe: str, digest: bool) -> None:
    options: dict[str, Any] = {"kinds": KINDS, "recipe": recipe, "digest": digest, "look": True, "workers": 2}
    here = list(fingerprint_rows(reopened(files), **options))
    there = list(fingerprint_rows(reopened(files), isolate=True, **options))
    assert there == here
    assert sum(row["error"] is None for row in here) == 9


def test_keypoints_are_the_same(files: list[Any]) -> None:
    pytest.importorskip("cv2")
    data = encoded("WEBP", (300, 200))
    assert fingerprint(data, keypoints=True, isolate=True) == fingerprint(data, keypoints=True)
    assert turned_fingerprints(data, keypoints=True, isolate=True) == turned_fingerprints(data, keypoints=True)


def test_turned_prints_are_the_same(files: list[Any]) -> None:
    for kinds in (("phash",), KINDS):
        here = turned_fingerprints(files[0], kinds=kinds, look=True)
        assert turned_fingerprints(files[0], kinds=kinds, look=True, isolate=True) == here
        assert len(here) == 8


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA"])
def test_pixels_are_the_same(mode: str) -> None:
    item = Item("a", encoded("WEBP" if mode in ("RGB", "RGBA") else "PCX", mode=mode if mode != "RGBA" else "RGBA"))
    here, there = (open_picture(item, "standard/2", limits) for limits in (Limits(), ISOLATED))
    assert (there.image.mode, there.image.size, there.format) == (here.image.mode, here.image.size, here.format)
    assert there.image.tobytes() == here.image.tobytes()


def test_real_files_have_the_same_rows(shared: Path) -> None:
    bad = sorted(path for path in (shared / "bad").rglob("*") if path.suffix not in (".jpg", ".png", ""))[::40]
    photos = sorted((shared / "photos").rglob("*.*"))[::100]
    names = [str(path) for path in (*bad, *photos)]
    assert list(fingerprint_rows(names, isolate=True)) == list(fingerprint_rows(names))


def test_the_core_needs_no_worker() -> None:
    list(fingerprint_rows([encoded("JPEG"), encoded("PNG"), encoded("GIF")], isolate=True))
    fingerprint(encoded("PNG"), isolate=True)
    assert pids() == []


def pids() -> list[int]:
    crowd = crew._crew
    return [worker.pid for worker in (*crowd._busy, *(worker for _, worker in crowd._idle))]


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    pytest.fail("it did not happen")


def killed_while_decoding(number: int, times: int = 1) -> threading.Thread:
    """Sends a signal to the worker that is decoding, so many times, a fresh one each time."""

    def kill() -> None:
        known: set[int] = set()
        for _ in range(times):
            ready = lambda: {w.pid for w in list(crew._crew._busy) if w.is_ready} - known  # noqa: E731
            pid = wait_for(ready).pop()
            time.sleep(0.2)  # it may be at the end of an earlier picture
            known.add(pid)
            os.kill(pid, number)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@posix
@pytest.mark.parametrize(("number", "word"), [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGKILL, "where memory runs out")])
def test_a_crash_costs_one_row(number: int, word: str) -> None:
    thread = killed_while_decoding(number)
    rows = list(fingerprint_rows([slow(), encoded("WEBP"), encoded("PPM")], workers=1, isolate=True, digest=True))
    thread.join()
    assert [row["error"] is None for row in rows] == [False, True, True]
    assert "the decoder dies: it was ended by signal" in rows[0]["error"]
    assert word in rows[0]["error"]
    assert rows[0]["digest"] is not None


@posix
def test_a_picture_is_not_blamed_for_the_one_before() -> None:
    """A worker that has decoded others may die of what these did to its memory: a fresh one is asked."""
    fingerprint(encoded("WEBP"), isolate=True)
    thread = killed_while_decoding(signal.SIGSEGV)
    assert fingerprint(slow(), isolate=True) == fingerprint(slow())
    thread.join()


@posix
def test_a_picture_that_kills_two_is_given_up() -> None:
    fingerprint(encoded("WEBP"), isolate=True)
    thread = killed_while_decoding(signal.SIGSEGV, times=2)
    with pytest.raises(NoImageError, match="the decoder dies"):
        fingerprint(slow(), isolate=True)
    thread.join()


@pytest.mark.parametrize("make", [slow, endless])
def test_time_is_limited(make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_GRACE", 0.0)
    data = make()
    fingerprint(encoded("QOI" if make is slow else "WEBP"), isolate=True)
    begun = time.monotonic()
    with pytest.raises(LimitError, match=r"raise Limits\.decode_seconds to allow it"):
        fingerprint(data, limits=Limits(decode_seconds=0.2, isolate=True))
    assert time.monotonic() - begun < 5
    assert fingerprint(encoded("PPM"), isolate=True).width == 40


def test_a_larger_picture_may_take_longer() -> None:
    """It is told how large the picture is: more than 25 megapixels here."""
    flat = io.BytesIO()
    Image.new("L", (7000, 5500), 99).save(flat, "JPEG2000")
    limits = Limits(decode_seconds=3.0, isolate=True)
    sizes: list[int] = []
    ask = crew._crew.ask

    def asked(fields: Any, data: bytes, most: int, seconds: Callable[[int], float], **more: Any) -> Any:
        return ask(fields, data, most, lambda size: sizes.append(size) or seconds(size), **more)  # type: ignore[func-returns-value]

    crew._crew.ask = asked  # type: ignore[method-assign]
    try:
        fingerprint(flat.getvalue(), limits=limits)
    finally:
        del crew._crew.ask
    assert sizes == [0, 7000 * 5500]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what is written to")
def test_memory_is_limited() -> None:
    """Texts in a picture of one pixel: what they take nobody can know before."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    texts = b"".join(chunk(b"zTXt", b"%d\0\0" % n + zlib.compress(bytes(1 << 20))) for n in range(60))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(bytes(2))) + chunk(b"IEND", b"")
    data = b"\x89PNG\r\n\x1a\n" + header + texts + end
    assert fingerprint(data, isolate=True, recipe="imagehash").width == 1
    with pytest.raises(LimitError, match=r"Limits\.memory"):
        fingerprint(data, recipe="imagehash", limits=Limits(memory=20_000_000, isolate=True))


def test_nothing_is_left_after_a_batch() -> None:
    rows = fingerprint_rows([encoded("WEBP")] * 4, isolate=True)
    next(rows)
    before = pids()
    assert before
    rows.close()
    assert pids() == []
    assert not any(map(is_alive, before))


def test_nothing_is_left_after_an_error() -> None:
    seen: list[int] = []

    def progress(done: int, _: str) -> None:
        seen.extend(pids())
        raise KeyError(done)

    with pytest.raises(KeyError):
        fingerprint_many([encoded("WEBP")] * 4, isolate=True, progress=progress)
    assert seen
    assert not any(map(is_alive, seen))


def test_one_picture_after_another_is_done_by_one_worker() -> None:
    fingerprint(encoded("WEBP"), isolate=True)
    (first,) = pids()
    fingerprint(encoded("PPM"), isolate=True)
    assert pids() == [first]


def test_an_idle_worker_goes_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_LINGER", 0.1)
    fingerprint(encoded("WEBP"), isolate=True)
    (pid,) = pids()
    wait_for(lambda: not is_alive(pid) and not pids())


SCRIPT = """
import sys, threading, time
from lookalike.fingerprints import fingerprint, fingerprint_many
from lookalike.isolation import crew
def tell():
    while not any(w.is_ready for w in list(crew._crew._busy)): time.sleep(0.01)
    print(*[w.pid for w in list(crew._crew._busy)], flush=True)
threading.Thread(target=tell, daemon=True).start()
fingerprint_many(sys.argv[1:], isolate=True)
print("done", flush=True)
"""


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_us(tmp_path: Path, number: int) -> None:
    """A script without `if __name__ == "__main__"`, ended in the middle of a picture."""
    (tmp_path / "slow.qoi").write_bytes(slow())
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", "slow.qoi", "slow.qoi"]
    env = {**os.environ, "PYTHONPATH": str(Path(isolation.__file__).parents[2])}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=tmp_path, env=env, text=True, **pipes) as process:
        assert process.stdout is not None
        workers = [int(word) for word in process.stdout.readline().split()]
        assert workers
        process.send_signal(number)
        process.wait(20)
    wait_for(lambda: not any(map(is_alive, workers)))


def test_a_folder_cannot_bring_its_own_packages(tmp_path: Path) -> None:
    for name in ("PIL", "lookalike", "json", "struct"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')\n")
    (tmp_path / "a.webp").write_bytes(encoded("WEBP"))
    code = (
        "import sys, os\n"
        "import PIL.Image, lookalike.isolation\n"  # what we load ourselves is found where Python looks
        "from lookalike.fingerprints import fingerprint\n"
        "os.chdir(sys.argv[1]); sys.path.insert(0, '')\n"
        "print(fingerprint('a.webp', isolate=True)['phash'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, cwd=Path.cwd())
    assert done.stdout.strip() == fingerprint(encoded("WEBP"))["phash"].hex, done.stderr  # type: ignore[union-attr]
    assert not (tmp_path / "taken").exists()


def test_settings_of_pillow_come_along(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded("PPM")[:-600]
    with pytest.raises(NoImageError):
        fingerprint(data, isolate=True)
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    assert fingerprint(data, isolate=True) == fingerprint(data)
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 100)
    with pytest.raises(LimitError, match="MAX_IMAGE_PIXELS"):
        fingerprint(encoded("PPM"), isolate=True)


def test_system_errors_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.webp").mkdir()
    item = Item("a", FileName(str(tmp_path / "a.webp")))
    for limits in (Limits(), ISOLATED):
        with pytest.raises(NoImageError, match="got a folder"):
            open_picture(item, "standard/2", limits)
    assert elsewhere._failure({"error": "OSError", "text": "x", "errno": 13}).args[0] == 13


@pytest.mark.parametrize(
    "change",
    [
        {"hashes": ["12"]},
        {"hashes": []},
        {"hashes": ["zz" * 8]},
        {"hashes": [5]},
        {"width": 0},
        {"width": "40"},
        {"height": 1 << 40},
        {"format": "a\x1b[31m"},
        {"format": "x" * 50},
        {"pdq_quality": 101},
        {"look": "AAAA"},
        {"look": "not hex!"},
        {"keypoints": "AAAA"},
    ],
    ids=str,
)
def test_a_false_answer_is_an_error(monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    """Who has taken over a decoder can give other hashes, but nothing that is no fingerprint."""
    sound = {"hashes": ["12" * 8], "width": 4, "height": 4, "format": "WEBP", "pdq_quality": None}
    sound |= {"look": None, "keypoints": None}
    for answer, passes in (({"prints": [sound]}, True), ({"prints": [sound | change]}, False)):
        monkeypatch.setattr(isolation, "ask", lambda *_, answer=answer: (answer, b""))
        if passes:
            assert fingerprint(encoded("WEBP"), kinds="phash", isolate=True)["phash"].hex == "12" * 8  # type: ignore[union-attr]
            continue
        with pytest.raises(NoImageError, match="goes astray"):
            fingerprint(encoded("WEBP"), kinds="phash", isolate=True)


@pytest.mark.parametrize("answer", [{}, {"prints": []}, {"prints": 5}, {"failed": {}}, {"failed": 5}], ids=str)
def test_an_answer_of_another_form_is_an_error(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
    monkeypatch.setattr(isolation, "ask", lambda *_: (answer, b""))
    with pytest.raises(NoImageError, match="goes astray"):
        fingerprint(encoded("WEBP"), isolate=True)


def test_messages_are_checked_before_they_are_read() -> None:
    def sent(fields: dict[str, Any], data: bytes = b"") -> bytes:
        out = io.BytesIO()
        messages.send(out, fields, data)
        return out.getvalue()

    assert messages.receive(io.BytesIO(sent({"a": "é"}, b"xyz")), 3) == ({"a": "é"}, b"xyz")
    with pytest.raises(ValueError, match="at most 2 bytes"):
        messages.receive(io.BytesIO(sent({}, b"xyz")), 2)
    with pytest.raises(ValueError, match="expected a message"):
        messages.receive(io.BytesIO(b"what is this? " * 9), 9)
    with pytest.raises(ValueError, match="of at most"):
        messages.receive(io.BytesIO(struct.pack("<4sIQ", b"LKM1", 1 << 30, 0)), 9)
    with pytest.raises(EOFError):
        messages.receive(io.BytesIO(sent({}, b"xyz")[:-1]), 9)
    with pytest.raises(ValueError, match="an object"):
        messages.receive(io.BytesIO(struct.pack("<4sIQ", b"LKM1", 2, 0) + b"[]"), 9)


@posix
def test_a_fork_leaves_the_workers_to_its_parent() -> None:
    fingerprint(encoded("WEBP"), isolate=True)
    (pid,) = pids()
    child = os.fork()
    if child == 0:
        # Of its own: the parent's would get two questions at once.
        crew._crew.dismiss()
        os._exit(0 if pids() == [] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert is_alive(pid)
    assert fingerprint(encoded("PPM"), isolate=True).width == 40
    assert pids() == [pid]


def test_command_line(tmp_path: Path) -> None:
    for name in ("a.webp", "b.ppm"):
        (tmp_path / name).write_bytes(encoded(name[2:].upper()))
    (tmp_path / "c.webp").write_bytes(encoded("WEBP")[:-100])
    here, there = (run("hash", str(tmp_path), *options) for options in ((), ("--isolate",)))
    assert there == here
    assert here.status == 1


def test_a_library_can_be_filled_so(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(encoded("WEBP"))
    library = Library(tmp_path / "library")
    assert library.add([tmp_path / "a.webp"], isolate=True).added == 1
    found = library.search(tmp_path / "a.webp", limits=ISOLATED)
    assert len(found) == 1


def test_without_a_python_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(RuntimeError, match=r"sys\.executable names none"):
        fingerprint(encoded("WEBP"), isolate=True)


def test_a_batch_that_ends_leaves_the_calls_of_others_alone() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(fingerprint(slow(), isolate=True)))
    thread.start()
    wait_for(lambda: [worker for worker in list(crew._crew._busy) if worker.is_ready])
    rows = list(fingerprint_rows([encoded("WEBP")], isolate=True))
    thread.join()
    assert rows[0]["error"] is None
    assert found == [fingerprint(slow())]


def test_a_batch_that_is_given_up_ends_what_is_in_work() -> None:
    rows = fingerprint_rows([encoded("WEBP"), slow(), slow()], workers=2, isolate=True)
    next(rows)
    wait_for(lambda: [worker for worker in list(crew._crew._busy) if worker.is_ready])
    before = pids()
    begun = time.monotonic()
    rows.close()
    assert time.monotonic() - begun < 1
    assert not any(map(is_alive, before))
    time.sleep(0.1)
    assert pids() == [], "none was started in the place of another"


def test_thumbnails_are_decoded_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.show.thumbnails import thumbnails

    sources = [encoded("WEBP"), encoded("PPM")]
    here = list(thumbnails(sources, 20, Limits()))
    asked: list[Any] = []
    monkeypatch.setattr(crew._crew, "ask", lambda *a, ask=crew._crew.ask, **b: asked.append(a) or ask(*a, **b))
    assert list(thumbnails(sources, 20, ISOLATED)) == here
    assert len(asked) == 2
    assert pids() == []


@posix
def test_a_worker_ends_itself_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked may be gone: two seconds after its time the system ends it, and that is told as what it is."""
    monkeypatch.setattr(crew._crew, "_keep", lambda: None)
    fingerprint(encoded("QOI"), isolate=True)
    (pid,) = pids()
    thread = threading.Thread(target=lambda: (time.sleep(0.2), os.kill(pid, signal.SIGALRM)))
    thread.start()
    with pytest.raises(LimitError, match=r"Limits\.decode_seconds"):
        fingerprint(slow(), isolate=True)
    thread.join()
