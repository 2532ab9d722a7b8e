"""The gallery: what it shows, that it is light, and that no text in it can do harm."""

from __future__ import annotations

import base64
import io
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lookalike.errors import ColumnError
from lookalike.fingerprints import fingerprint, fingerprint_rows, row_names
from lookalike.frames import to_frame
from lookalike.hashes import Hash
from lookalike.matching import find_duplicates, find_similar
from lookalike.options import Limits
from lookalike.show import Gallery, gallery
from lookalike.show.page import visible
from pages import policy_of

KINDS = ["ahash", "phash:16"]


class Page(HTMLParser):
    """Tags, attributes and texts of a page, as a browser sees them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def pictures(self) -> list[Image.Image]:
        uris = [attributes["src"] or "" for tag, attributes in self.tags if tag == "img"]
        assert all(uri.startswith("data:image/jpeg;base64,") for uri in uris)
        return [Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) for uri in uris]


def assert_harmless(result: Gallery) -> None:
    """Nothing that runs, nothing that is fetched, no attribute that came out of a text."""
    source = result.html()
    found = Page(source)
    allowed = {
        *("html", "head", "meta", "title", "style", "body", "main", "div", "section", "figure", "figcaption"),
        *("h1", "p", "b", "bdi", "span", "img", "dl", "dt", "dd"),
    }
    assert {tag for tag, _ in found.tags} <= allowed
    attributes = {name for _, named in found.tags for name in named}
    known = {"lang", "charset", "http-equiv", "content", "name", "class", "src", "width", "height", "alt"}
    assert attributes <= known | {"title", "decoding", "aria-hidden"}
    assert "url(" not in source
    assert "@import" not in source
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", source)
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": policy_of(source)}) in found.tags
    assert ("meta", {"name": "referrer", "content": "no-referrer"}) in found.tags
    source.encode("utf-8")


def noise(seed: int, size: tuple[int, int] = (60, 40)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def frame_of(sources: Any, to: str = "pandas") -> Any:
    return to_frame(fingerprint_rows(sources, kinds=KINDS), row_names(KINDS), to)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        noise(number).save(tmp_path / f"photo-{number}.png")
    noise(1).save(tmp_path / "photo-9.png")
    (tmp_path / "broken.jpg").write_bytes(b"hello")
    return tmp_path


def test_every_row_is_a_card_with_picture_name_size_and_hashes(folder: Path) -> None:
    frame = frame_of(folder)
    result = gallery(frame)
    found = Page(result.html())
    assert found.count("figure") == len(frame) == 6
    assert len(found.pictures()) == 5
    assert_harmless(result)
    for row in frame.to_dict("records"):
        assert Path(row["image"]).name in found.text
        if isinstance(row["ahash"], str):
            assert f"{row['width']} x {row['height']} · PNG" in found.text
            assert all(row[kind] in found.text for kind in KINDS)
        else:
            assert row["error"] in found.text
    assert "6 images · 1 without a picture" in found.text


def test_a_query_comes_first_and_matches_carry_their_distance(folder: Path) -> None:
    path = folder / "photo-1.png"
    frame = find_similar(frame_of(folder), path, on="phash:16")
    found = Page(gallery(frame, query=path).html())
    assert "Similar images" in found.text
    assert "5 images, nearest first" in found.text
    assert found.text.count("same hash") == 2
    for distance in frame["hamming_distance"][2:]:
        assert f"{distance} bits" in found.text
    assert found.count("figure") == 5
    assert found.pictures()[0].size == (60, 40)


def test_one_bit_is_not_one_bits() -> None:
    frame = pd.DataFrame({"image": ["a.jpg"], "ahash": ["0" * 15 + "1"]})
    text = Page(gallery(find_similar(frame, "0" * 16)).html()).text
    assert "1 bit" in text
    assert "1 bits" not in text


@pytest.mark.parametrize("form", ["path", "bytes", "file", "image", "array", "hash", "hex", "fingerprint", "missing"])
def test_a_query_has_many_forms(folder: Path, form: str) -> None:
    path = folder / "photo-1.png"
    picture = Image.open(path)
    query = {
        "path": str(path),
        "bytes": path.read_bytes(),
        "file": io.BytesIO(path.read_bytes()),
        "image": picture,
        "array": np.asarray(picture),
        "hash": Hash.from_hex("0123456789abcdef", "ahash"),
        "hex": "0123456789abcdef",
        "fingerprint": fingerprint(path, kinds=KINDS),
        "missing": "nowhere.jpg",
    }[form]
    result = gallery(frame_of([folder / "photo-2.png"]), query=query)
    found = Page(result.html())
    assert_harmless(result)
    assert len(found.pictures()) == (1 if form in ("hash", "hex", "missing") else 2)
    if form in ("hash", "hex"):
        assert "0123456789abcdef" in found.text
    if form == "missing":
        assert "no such file" in found.text


def test_duplicates_stand_beside_what_they_repeat(folder: Path) -> None:
    noise(1).save(folder / "photo-8.png")
    noise(3).save(folder / "photo-7.png")
    result = gallery(find_duplicates(frame_of(folder)))
    found = Page(result.html())
    assert_harmless(result)
    assert "3 copies of 2 images" in found.text
    assert "2 copies of" in found.text
    assert "1 copy of" in found.text
    assert found.count("section") == 2
    assert len(found.pictures()) == found.count("figure") == 5


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_every_kind_of_table_is_shown(folder: Path, to: str) -> None:
    pytest.importorskip({"arrow": "pyarrow"}.get(to, to))
    found = Page(gallery(frame_of(folder, to)).html())
    assert found.count("figure") == 6


def test_an_empty_frame_is_an_empty_page(folder: Path) -> None:
    result = gallery(frame_of(folder).iloc[:0])
    assert_harmless(result)
    assert "0 images" in Page(result.html()).text


def test_a_limit_says_how_many_are_left_out(folder: Path) -> None:
    frame = frame_of(folder)
    found = Page(gallery(frame, limit=2).html())
    assert found.count("figure") == 2
    assert "and 4 more, not shown (limit=2)" in found.text
    assert "more, not shown" not in Page(gallery(frame, limit=6).html()).text
    assert Page(gallery(frame, limit=None).html()).count("figure") == 6


def test_only_the_hashes_that_are_asked_for(folder: Path) -> None:
    frame = frame_of(folder).assign(mine="facade")
    assert Page(gallery(frame, hashes=["ahash"]).html()).text.count("phash:16") == 0
    assert Page(gallery(frame, hashes=[]).html()).count("dl") == 0
    assert "facade" in Page(gallery(frame, hashes=["mine"]).html()).text
    with pytest.raises(ColumnError, match="'dhash'"):
        gallery(frame, hashes=["dhash"])
    with pytest.raises(ColumnError, match="'image'"):
        gallery(frame.drop(columns="image"))


def test_pictures_from_memory_come_by_position_or_by_name() -> None:
    pictures = [noise(number) for number in range(4)]
    frame = frame_of(pictures)
    assert "pass sources=" in Page(gallery(frame).html()).text
    assert len(Page(gallery(frame, sources=pictures).html()).pictures()) == 4
    ranked = find_similar(frame, pictures[2], on="phash:16", k=2)
    by_name = dict(zip(frame["image"], pictures, strict=True))
    shown = Page(gallery(ranked, sources=by_name).html()).pictures()
    assert [near(shown[0], pictures[2]), near(shown[0], pictures[1])] == [True, False]
    with pytest.raises(ValueError, match="as many sources as the frame has rows, 2, got 4"):
        gallery(ranked, sources=pictures)


def near(a: Image.Image, b: Image.Image) -> bool:
    difference = np.asarray(a.convert("RGB"), np.int16) - np.asarray(b.convert("RGB"), np.int16)
    return bool(np.abs(difference).mean() < 12)


def test_thumbnails_are_small_upright_on_white_and_without_metadata(tmp_path: Path) -> None:
    large = noise(5, (1600, 1200))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a secret place"
    large.save(tmp_path / "turned.jpg", exif=exif, comment=b"a secret comment")
    clear = Image.new("RGBA", (300, 150), (255, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    noise(6, (20, 10)).save(tmp_path / "tiny.png")
    noise(6, (4000, 2)).save(tmp_path / "wide.png")
    result = gallery(frame_of(sorted(tmp_path.iterdir())), thumbnail=100)
    clear_shown, tiny, turned, wide = Page(result.html()).pictures()
    assert (clear_shown.size, tiny.size, turned.size, wide.size) == ((100, 50), (20, 10), (75, 100), (100, 1))
    assert np.asarray(clear_shown).min() > 250
    assert near(turned, large.transpose(Image.Transpose.ROTATE_270).resize((75, 100)))
    for picture in (clear_shown, tiny, turned, wide):
        assert not picture.getexif()
        assert "comment" not in picture.info
    assert "secret" not in result.html()


def test_the_user_s_own_picture_is_not_changed() -> None:
    picture = noise(1, (900, 600))
    picture.info["comment"] = "mine"
    gallery(frame_of([picture]), sources=[picture], query=picture)
    assert (picture.size, picture.info["comment"]) == ((900, 600), "mine")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></div><iframe src=//example.org>",
    "javascript:alert(1)",
    "a\x00b\x07c\x1b[31m",
    "invoice\u202egpj.exe",
    "line\u2028break",
    "\udcff\udc80 not utf-8",
    "&lt;not a tag&gt;",
    "x" * 5000,
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_only_texts(text: str) -> None:
    frame = pd.DataFrame(
        {
            "image": [text, "b"],
            "ahash": [text, "0" * 16],
            "format": [text, None],
            "error": [None, text],
            "duplicate_of": [text, text],
            "recipe": [text, text],
        },
        dtype=object,
    )
    for shown in (frame, frame.drop(columns="duplicate_of")):
        assert_harmless(gallery(shown, title=text, query=Hash.from_hex("0" * 16, "ahash")))


@given(st.text())
def test_any_text_at_all_is_only_text(text: str) -> None:
    frame = pd.DataFrame({"image": ["bytes 1"], "error": [text], "ahash": [text]}, dtype=object)
    assert_harmless(gallery(frame, title=text))


def test_signs_that_do_not_show_are_written_out() -> None:
    assert visible("a\x07b\u202ec\udcff") == "a\\x07b\\u202ec\\udcff"
    assert visible("Grüße, 日本語, שלום, 👩‍🌾") == "Grüße, 日本語, שלום, 👩‍🌾"


def test_a_hostile_file_name_is_shown_and_saved(tmp_path: Path) -> None:
    noise(1).save(tmp_path / "<b>&\x07'.png")
    result = gallery(frame_of(tmp_path))
    assert_harmless(result)
    found = Page(result.html())
    assert len(found.pictures()) == 1
    assert "<b>&\\x07'.png" in found.text


def test_long_names_keep_their_end() -> None:
    name = "a" * 60 + "-0042.jpg"
    found = Page(gallery(pd.DataFrame({"image": [f"very/{'long/' * 20}road/{name}"]})).html())
    assert "aaa…" in found.text
    assert "-0042.jpg" in found.text
    assert "…/long/long/long/long/road" in found.text


def test_a_page_is_saved_whole(folder: Path) -> None:
    result = gallery(frame_of(folder), title="Mine & yours")
    path = result.save(str(folder / "page.html"))
    assert path == folder / "page.html"
    assert path.read_text(encoding="utf-8") == result.html()
    assert "<title>Mine &amp; yours</title>" in result.html()
    assert result._repr_html_() in result.html()
    assert "<html" not in result._repr_html_()
    assert len(repr(result)) < 120
    with pytest.raises(FileNotFoundError):
        result.save(folder / "nowhere" / "page.html")


@pytest.mark.parametrize(
    "settings", [{"limit": 0}, {"limit": 2.0}, {"limit": True}, {"thumbnail": 15}, {"thumbnail": 1025}]
)
def test_numbers_out_of_range_are_refused(folder: Path, settings: Any) -> None:
    with pytest.raises(ValueError, match=f"expected {next(iter(settings))} as a whole number"):
        gallery(frame_of(folder), **settings)


def test_a_file_that_is_gone_or_too_large_leaves_a_placeholder(folder: Path) -> None:
    frame = frame_of(folder)
    (folder / "photo-0.png").unlink()
    text = Page(gallery(frame).html()).text
    assert "no such file" in text
    assert "2 without a picture" in text
    assert len(Page(gallery(frame, limits=Limits(pixels=100)).html()).pictures()) == 0


@pytest.fixture
def server() -> Iterator[str]:
    data = io.BytesIO()
    noise(3).save(data, "PNG")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/photo.png"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(data.getvalue() if found else b"nothing")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_addresses_are_fetched_when_the_gallery_is_built(server: str) -> None:
    frame = pd.DataFrame({"image": [f"{server}/photo.png", f"{server}/gone.png"]})
    result = gallery(frame, query=f"{server}/photo.png", limits=Limits(allow_private=True))
    assert_harmless(result)
    found = Page(result.html())
    assert [near(picture, noise(3)) for picture in found.pictures()] == [True, True]
    assert "404" in found.text
