"""Pictures in a cloud's store: with stores in memory, for there is no cloud here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from lookalike.errors import FetchError, LimitError, MissingExtraError
from lookalike.fingerprints import fingerprint, fingerprint_many
from lookalike.options import DEFAULT_LIMITS, Limits
from lookalike.sources.web import fetch


@pytest.fixture(params=["s3", "gs", "az"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any]]:
    """The start of an address, and its store."""
    registry = pytest.importorskip("fsspec.registry")
    from fsspec.implementations.memory import MemoryFileSystem

    class Store(MemoryFileSystem):
        protocol = request.param
        store: dict[str, Any] = {}  # noqa: RUF012
        pseudo_dirs = [""]  # noqa: RUF012
        cachable = False

    Store.store.clear()
    monkeypatch.setitem(registry._registry, request.param, Store)
    return request.param + "://", Store()


def put(store: Any, path: str, data: bytes) -> None:
    with store.open(path, "wb") as file:
        file.write(data)


def test_an_object_arrives_whole(store: tuple[str, Any]) -> None:
    start, inside = store
    put(inside, "bucket/folder/a b.jpg", b"content" * 1000)
    assert fetch(f"{start}bucket/folder/a b.jpg", DEFAULT_LIMITS) == b"content" * 1000
    assert fetch(f"{start.upper()}bucket/folder/a b.jpg", DEFAULT_LIMITS) == b"content" * 1000


def test_each_has_its_row(store: tuple[str, Any]) -> None:
    from io import BytesIO

    from PIL import Image

    start, inside = store
    picture = BytesIO()
    Image.linear_gradient("L").save(picture, "PNG")
    put(inside, "bucket/a.png", picture.getvalue())
    put(inside, "bucket/empty.png", b"")
    names = [f"{start}bucket/{name}" for name in ("a.png", "none.png", "empty.png")]
    frame = fingerprint_many(names)
    assert list(frame["image"]) == names
    assert frame["error"].isna().tolist() == [True, False, False]
    assert frame["phash"][0] == str(fingerprint(picture.getvalue())["phash"])
    assert "nothing is there" in frame["error"][1]
    assert "(0 bytes)" in frame["error"][2]


def test_it_is_counted(store: tuple[str, Any]) -> None:
    start, inside = store
    put(inside, "bucket/long", bytes(3_000_000))
    with pytest.raises(LimitError, match="at most 2,000,000 bytes"):
        fetch(f"{start}bucket/long", Limits(bytes=2_000_000))


def test_one_address_is_no_chain_of_others(store: tuple[str, Any], tmp_path: Any) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(FetchError, match="nothing is there"):
        fetch(f"{store[0]}x::file://{tmp_path}/secret", DEFAULT_LIMITS)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lookalike\[cloud\]'"):
        fingerprint("s3://bucket/a.jpg")
    frame = fingerprint_many(["gs://bucket/a.jpg"])
    assert "lookalike[cloud]" in frame["error"][0]
