"""The evidence as a sheet and as a page, of whole pictures and of parts; and what `compare` makes of parts."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from commands import noise
from lookalike import Comparison, MissingExtraError, NoFileError, SourceError, _core, compare
from lookalike.comparing.comparison import VERDICTS
from lookalike.comparing.evidence.agreeing import agreement, difference, share_of_agreement
from lookalike.comparing.evidence.letters import font, plain, short, wrapped
from lookalike.comparing.evidence.marks import BAD, GOOD, spread
from lookalike.comparing.evidence.record import _terms
from lookalike.comparing.evidence.sheet import WIDTH
from lookalike.comparing.evidence.views import views_of
from lookalike.comparing.part_words import PartAccount, place_of
from lookalike.regions import mapped, region_of, square
from pages import policy_of

PATCH = "lookalike.comparing.comparison.look_for_parts"


@dataclass(frozen=True)
class Found:
    """What a search for parts gives, as in `lookalike.parts`."""

    confidence: float
    matrix: np.ndarray
    mirrored: bool
    inliers: np.ndarray
    region: tuple[Any, Any]
    overlap: tuple[float, float]
    verdict: str


NOTHING = Found(0.0, np.eye(3), False, np.zeros((0, 4)), ((), ()), (0.0, 0.0), "none")


def found(matrix: Any, verdict: str = "part", confidence: float = 0.97, points: Any = None) -> Found:
    """A match with this map, and details all over what is shared, or at these places in A."""
    region = region_of(matrix)
    if points is None:
        points = np.random.default_rng(1).dirichlet(np.ones(len(region.in_a)), 30) @ np.array(region.in_a)
    inliers = np.hstack([points, mapped(np.asarray(matrix, float), points)])
    shares = (region.of_a, region.of_b)
    return Found(confidence, np.asarray(matrix, float), False, inliers, (region.in_a, region.in_b), shares, verdict)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Found], list[bool]]:
    """Have a search for parts find this; the answer is filled with whether mirrored ones were looked for."""

    def find(what: Found) -> list[bool]:
        asked: list[bool] = []

        def look(a: object, b: object, *, mirrors: bool) -> Found:
            asked.append(mirrors)
            return what

        monkeypatch.setattr(PATCH, look)
        monkeypatch.setattr("lookalike.comparing.parts.parts_are_there", lambda: True)
        return asked

    return find


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OpenCV."""
    monkeypatch.setattr("lookalike.comparing.parts.parts_are_there", lambda: False)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """A made picture with detail everywhere."""
    image = noise(5, 600).resize((600, 400))
    pen, random = ImageDraw.Draw(image), np.random.default_rng(3)
    for x, y, size, shade in random.integers(0, (600, 400, 40, 256), (160, 4)).tolist():
        pen.rectangle((x, y, x + size, y + size // 2), (shade, 255 - shade, shade // 2))
    return image


CUT = (150, 100, 450, 300)
TO_CUT = np.array([(2, 0, -0.5), (0, 2, -0.5), (0, 0, 1)], float)


@pytest.fixture(scope="module")
def cut(picture: Image.Image) -> Image.Image:
    """Its middle, half as wide and high, at one and a half times the size."""
    return picture.crop(CUT).resize((450, 300), Image.Resampling.LANCZOS)


def file(folder: Path, name: str, image: Image.Image) -> Path:
    path = folder / name
    image.save(path)
    return path


# What compare makes of parts.


def test_a_part_is_a_copy(parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image) -> None:
    asked = parts(found(TO_CUT))
    got = compare(picture, cut)
    assert (got.verdict, got.is_copy, got.is_alike, got.confidence) == ("part", True, True, 0.97)
    assert got.summary == "B is a part of A (25 % of it), scaled to 150 %"
    assert got.reasons[0] == (
        "30 details of the middle of A are found in all of B, in the same pattern, "
        "half of them to within 0.0 pixels (0.97)"
    )
    assert any(reason.startswith("phash: ") for reason in got.reasons[1:])
    assert got.matrix == ((2, 0, -0.5), (0, 2, -0.5), (0, 0, 1))
    assert (got.overlap, got.gain, got.transform) == (1, None, "none")
    assert (got.region.of_a, got.region.of_b) == pytest.approx((0.25, 1))
    assert asked == [True]
    row = got.as_row()
    assert list(row)[-4:] == ["overlap_a", "inliers", "region_a", "region_b"]
    assert (row["overlap_a"], row["inliers"]) == (0.25, 30)
    assert sorted(json.loads(row["region_a"])) == [[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]]


def test_no_part_is_said_at_the_end(parts: Callable[[Found], list[bool]], picture: Image.Image) -> None:
    parts(NOTHING)
    got = compare(picture, noise(9, 300))
    assert (got.verdict, got.is_alike) == ("different", False)
    assert got.reasons[-1] == "parts: looking for the one in the other found no details that lie alike"
    assert got.part is not None
    # The map of a part that was refused is not shown.
    for count, why in ((5, "5 details that lie alike, as by chance"), (80, "differs")):
        parts(found(np.eye(3), "none", 0.1, np.random.default_rng(1).random((count, 2))))
        assert why in compare(picture, noise(9, 300)).reasons[-1]
    assert not len(lay.points if (lay := compare(picture, noise(9, 300)).lay) else [])


def test_a_shared_logo_is_no_copy(parts: Callable[[Found], list[bool]], picture: Image.Image) -> None:
    corner = np.random.default_rng(2).random((12, 2)) * (0.15, 0.1) + (0.8, 0.85)
    parts(found(np.eye(3), "shared logo", points=corner))
    got = compare(picture, noise(9, 300))
    assert (got.verdict, got.is_alike, got.is_copy) == ("shared logo", False, False)
    assert got.confidence < 0.5
    assert "the lower right of A and the lower right of B" in got.summary
    assert "too small" in got.reasons[1]
    # Outlined is where the logo is, not the whole frame that would lie on the other.
    assert got.region.of_a < 0.1
    # Two pictures that look alike are more than that.
    alike = compare(Image.new("L", (30, 20), 9), Image.new("L", (30, 21), 12))
    assert (alike.verdict, alike.part is not None) == ("similar", True)


def test_when_parts_are_looked_for(
    parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image
) -> None:
    asked = parts(found(np.eye(3)))
    half = picture.resize((300, 200))
    for wish in (None, True, False):
        assert (compare(picture, half, parts=wish).verdict, compare(picture, half, parts=wish).part) == ("copy", None)
    assert asked == []
    always = compare(picture, half, parts="always")
    assert (always.verdict, len(asked)) == ("copy", 1)
    assert always.part is not None
    assert always.reasons[-1].startswith("30 details of all of A")
    assert compare(picture, picture.copy(), parts="always").part is None
    assert compare(picture, cut, parts=False).part is None
    assert len(asked) == 1
    compare(picture, cut, transforms=["rotate90"])
    assert asked == [True, False]


def test_without_the_package(whole: None, picture: Image.Image, cut: Image.Image) -> None:
    assert compare(picture, cut).part is None
    for wish in (True, "always"):
        with pytest.raises(MissingExtraError, match=r"pip install 'lookalike\[parts\]'"):
            compare(picture, cut, parts=wish)  # type: ignore[arg-type]
    for wish in ("yes", 1, "never"):
        with pytest.raises(ValueError, match="expected parts as None, False, True or 'always', got"):
            compare(picture, cut, parts=wish)  # type: ignore[arg-type]


def test_a_package_that_does_not_load_is_none(
    parts: Callable[[Found], list[bool]], monkeypatch: pytest.MonkeyPatch, picture: Image.Image, cut: Image.Image
) -> None:
    def broken(a: object, b: object, *, mirrors: bool) -> Found:
        raise MissingExtraError.for_extra("finding parts of pictures", "opencv-python-headless", "parts")

    parts(NOTHING)
    monkeypatch.setattr(PATCH, broken)
    assert compare(picture, cut).part is None
    with pytest.raises(MissingExtraError):
        compare(picture, cut, parts=True)


def test_borders_are_not_shared(parts: Callable[[Found], list[bool]], picture: Image.Image) -> None:
    """A screenshot of three quarters of a picture: its frame would hold all of it."""
    screen = ImageOps.expand(picture.crop((75, 50, 525, 350)), (150, 300), "white")
    matrix = np.diag((1 / 750, 1 / 900, 1)) @ [(1, 0, 75), (0, 1, 250), (0, 0, 1)] @ np.diag((600, 400, 1))
    parts(found(matrix))
    got = compare(picture, screen, parts="always")
    assert (got.region.of_a, got.region.of_b) == pytest.approx((9 / 16, 450 * 300 / 750 / 900), abs=0.01)
    assert got.overlap == pytest.approx(got.region.of_b, abs=0.02)


def test_verdicts_are_in_order() -> None:
    assert VERDICTS.index("copy") < VERDICTS.index("part") < VERDICTS.index("similar") < VERDICTS.index("shared logo")


ROTATED = np.diag((1 / 600, 1 / 400, 1)) @ [(0.866, -0.5, 300), (0.5, 0.866, 20), (0, 0, 1)] @ np.diag((600, 400, 1))


@pytest.mark.parametrize(
    ("matrix", "words", "turn"),
    [
        (np.diag((0.5, 0.5, 1)), "A is in B, on 25 % of it, scaled to 50 %", 1),
        (np.eye(3), "B shows all of A, as it is", 1),
        ([(-1, 0, 1), (0, 1, 0), (0, 0, 1)], "B shows all of A, mirrored", 2),
        ([(-2, 0, 1.5), (0, 2, -0.5), (0, 0, 1)], "B is a part of A (25 % of it), mirrored and scaled to 200 %", 2),
        ([(-1, 0, 1.4), (0, -1, 1), (0, 0, 1)], "A and B share a part (60 % of A, 60 % of B), in B turned by 180", 3),
        ([(1, 0, 0), (0, -1, 1), (0, 0, 1)], "B shows all of A, flipped upside down", 4),
        (ROTATED, "rotated by 30.0 degrees clockwise", 1),
        ([(1, 0, 0), (0.1, 1, 0), (0.6, 0, 1)], "seen at an angle", 1),
    ],
)
def test_words_for_parts(matrix: Any, words: str, turn: int) -> None:
    account = PartAccount(found(matrix), region_of(matrix), (600, 400), (600, 400))  # type: ignore[arg-type]
    assert words in account.summary()
    assert account.turn == turn


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_turn_of_a_part_is_that_of_whole_pictures(whole: None, picture: Image.Image, turn: int) -> None:
    """The same map from the second look: what is told of it must not depend on who found it."""
    from lookalike.sources.pillow import turned

    got = compare(picture, turned(picture, turn), kinds="phash")
    assert got.matrix is not None
    matrix = np.array([*got.matrix, (0, 0, 1)])
    sizes = [side.look.size for side in got.sides]
    account = PartAccount(found(matrix), region_of(matrix), *sizes)  # type: ignore[arg-type]
    assert account.turn == turn
    assert account.changes() == ([] if turn == 1 else [got.summary.removeprefix("B is A ")])


def test_places() -> None:
    assert place_of(square(), "A") == "all of A"
    assert place_of(square((0, 0, 0.8, 0.9)), "A") == "most of A"
    assert place_of(square((0.1, 0.6, 0.3, 0.9)), "B") == "the lower left of B"
    assert place_of(square((0.4, 0.1, 0.6, 0.3)), "B") == "the top of B"
    assert place_of(square((0.7, 0.4, 0.9, 0.6)), "B") == "the right of B"
    assert place_of((), "B") == "the middle of B"


# The pictures.


def test_the_parts_are_laid_onto_each_other(
    parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image
) -> None:
    parts(found(TO_CUT))
    for a, b in ((picture, cut), (cut, picture)):
        if a is cut:
            parts(found(np.linalg.inv(TO_CUT)))
        views = views_of(compare(a, b), 400)
        assert views.close is not None
        assert views.close.share is not None
        assert views.close.share > 0.95
        assert max(views.close.there.size) == 400
        apart = np.abs(np.asarray(views.close.there, int) - np.asarray(views.close.laid, int)).mean(axis=-1)
        assert apart[np.asarray(views.close.inside) > 0].mean() < 12
        assert np.asarray(views.close.apart)[np.asarray(views.close.inside) > 0].mean() < 8
        # Somewhere else it does not fit, and that is seen.
        parts(found(np.array([(1, 0, 0.21), (0, 1, 0.13), (0, 0, 1)]) @ np.asarray(compare(a, b).matrix)))
        wrong = views_of(compare(a, b), 400)
        assert wrong.close is not None
        assert wrong.close.share is not None
        assert wrong.close.share < 0.5


@pytest.mark.parametrize("tilt", [0.0, 0.4, -0.3])
def test_perspective_is_undone(parts: Callable[[Found], list[bool]], picture: Image.Image, tilt: float) -> None:
    """Pillow warps one way, the evidence warps back."""
    matrix = np.array([(0.9, 0.1, 0.02), (-0.05, 0.8, 0.1), (tilt, tilt / 2, 1)])
    pixels = np.diag((600, 400, 1)) @ np.linalg.inv(matrix) @ np.diag((1 / 600, 1 / 400, 1))
    data = tuple((pixels / pixels[2, 2]).ravel()[:8])
    other = picture.transform((600, 400), Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC)
    parts(found(matrix))
    views = views_of(compare(picture, other), 500)
    assert views.close is not None
    assert views.close.share is not None
    assert views.close.share > 0.97


def test_a_small_part_of_a_large_picture_is_read_finely(parts: Callable[[Found], list[bool]], tmp_path: Path) -> None:
    large = noise(3, 2400)
    large.paste(noise(4, 240), (2000, 1800))
    matrix = np.array([(10, 0, -20000 / 2400), (0, 10, -18000 / 2400), (0, 0, 1)])
    parts(found(matrix))
    got = compare(file(tmp_path, "a.png", large), file(tmp_path, "b.png", noise(4, 240)))
    views = views_of(got, 240)
    assert views.close is not None
    apart = np.abs(np.asarray(views.close.there, int) - np.asarray(views.close.laid, int))
    assert apart.mean() < 3


def test_the_map_of_agreement(picture: Image.Image) -> None:
    grey = np.asarray(picture.convert("L").resize((128, 85)), np.float32)
    inside = np.ones(grey.shape, bool)
    assert agreement(grey, grey * 0.6 + 40, inside).min() > 0.9
    covered = grey.copy()
    covered[20:60, 30:90] = 255
    share = agreement(grey, covered, inside)
    assert share[35:45, 50:70].mean() < 0.3 < 0.9 < share[70:, 100:].mean()
    inside[:, :40] = False
    assert np.isnan(agreement(grey, grey, inside)[:, :40]).all()
    assert np.isnan(agreement(grey, grey, np.zeros(grey.shape, bool))).all()
    nowhere = Image.new("L", picture.size)
    assert share_of_agreement(picture, picture, nowhere) is None


def test_the_difference_is_that_of_what_was_changed(picture: Image.Image) -> None:
    everywhere = Image.new("L", picture.size, 255)
    brighter = picture.point(lambda value: value * 0.6 + 60)
    assert np.asarray(difference(picture, brighter, everywhere)).mean() < 4
    shifted = Image.new("RGB", picture.size)
    shifted.paste(picture, (2, 1))
    assert np.asarray(difference(picture, shifted, everywhere))[3:, 3:].mean() < 4
    changed = brighter.copy()
    ImageDraw.Draw(changed).ellipse((200, 100, 300, 200), fill=(250, 250, 250))
    seen = np.asarray(difference(picture, changed, everywhere)).max(axis=-1)
    assert seen[130:170, 230:270].mean() > 80 > 8 > seen[250:].mean()
    # Nothing is said of what is not in both.
    assert (np.asarray(difference(picture, brighter, Image.new("L", picture.size))) == 128).all()


def test_points_that_are_numbered_lie_apart() -> None:
    points = np.random.default_rng(4).random((500, 2))
    chosen = spread(points, 9)
    assert len(set(chosen)) == 9
    apart = points[chosen][:, None] - points[chosen][None]
    distances = np.hypot(apart[..., 0], apart[..., 1])[np.triu_indices(9, 1)]
    assert distances.min() > 0.25
    assert spread(np.zeros((0, 2)), 9) == []
    assert spread(np.full((7, 2), 0.5), 9) == [0]


# The sheet.


def colours(sheet: Image.Image) -> set[tuple[int, int, int]]:
    return {colour for _, colour in sheet.getcolors(1 << 24) or [] if isinstance(colour, tuple)}


def test_the_sheet(
    parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image, tmp_path: Path
) -> None:
    parts(found(TO_CUT))
    got = compare(picture, cut)
    sheet = got.picture()
    assert (sheet.mode, sheet.width) == ("RGB", WIDTH)
    assert GOOD in colours(sheet)
    assert BAD not in colours(sheet)
    path = tmp_path / "why.png"
    assert got.save(path) == path
    with Image.open(path) as saved:
        assert saved.size == sheet.size
    with pytest.raises(ValueError, match="unknown file extension"):
        got.save(tmp_path / "why.txt")


def test_the_sheet_of_what_is_no_copy(whole: None, picture: Image.Image) -> None:
    shifted = compare(picture, ImageOps.expand(picture.crop((200, 0, 600, 400)), (0, 0, 200, 0), "white"))
    assert not shifted.is_copy
    assert (BAD in colours(shifted.picture())) == (shifted.matrix is not None)


def test_what_cannot_be_laid_on_each_other_is_shown_beside(whole: None) -> None:
    blank = compare(Image.new("L", (30, 20)), Image.new("L", (31, 20), 9))
    other = compare(Image.new("L", (30, 20)), Image.new("L", (30, 20)))
    assert blank.matrix is None
    assert blank.picture().height < other.picture().height
    assert "<svg" not in blank.show().html()


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (3000, 2)])
def test_odd_shapes(parts: Callable[[Found], list[bool]], picture: Image.Image, size: tuple[int, int]) -> None:
    odd = picture.resize(size)
    for what in (found(np.eye(3)), found(np.diag((0.01, 0.01, 1)))):
        parts(what)
        pair = (odd, picture) if what.overlap[1] == 1 else (picture, odd)
        assert isinstance(got := compare(*pair, kinds="phash"), Comparison)
        assert got.picture().width == WIDTH
    assert got.show().html()


@pytest.mark.parametrize(
    "matrix",
    [
        [(1e-4, 0, 0.5), (0, 1e-4, 0.5), (0, 0, 1)],
        [(1, 0, 0.9999), (0, 1, 0), (0, 0, 1)],
        [(0.1, 0, 0), (0, 0.1, 0), (-1, 0, 0.8)],
        [(0, 1, 0), (1, 0, 0), (2, 1, 1)],
    ],
)
def test_odd_maps(parts: Callable[[Found], list[bool]], picture: Image.Image, matrix: Any) -> None:
    points = [(0.4, 0.4), (0.5, 0.4), (0.45, 0.6)]
    parts(found(matrix, points=points))
    got = compare(picture, noise(8, 300))
    assert got.verdict == "part"
    assert got.picture().width == WIDTH


def test_the_files_are_read_again(whole: None, picture: Image.Image, tmp_path: Path) -> None:
    path = file(tmp_path, "a.png", picture)
    got = compare(path, picture)
    noise(1).save(path)
    for make in (got.picture, got.show):
        with pytest.raises(SourceError, match=r"a\.png: it has changed since it was compared"):
            make()
    path.unlink()
    for make in (got.picture, got.show):
        with pytest.raises(NoFileError):
            make()


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
def test_places_are_those_that_the_recipe_sees(whole: None, picture: Image.Image, recipe: str) -> None:
    """A picture that its metadata turns lies on its side under one of them."""
    data, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    picture.save(data, "PNG", exif=exif)
    got = compare(data.getvalue(), picture.resize((300, 200)), recipe=recipe)
    assert got.transform == ("none" if recipe == "imagehash" else "rotate270")
    views = views_of(got, 300)
    assert views.close is not None
    assert views.close.share is not None
    assert views.close.share > 0.95


def test_an_image_that_was_drawn_on_is_another_one(whole: None, picture: Image.Image) -> None:
    mine = picture.copy()
    got = compare(mine, picture)
    ImageDraw.Draw(mine).line((0, 0, 500, 300), "red", 9)
    with pytest.raises(SourceError, match="it has changed"):
        got.picture()


def test_letters() -> None:
    assert plain("a\x1b[31m\u202eb\xe9") == "a\\x1b[31m\\u202eb\\xe9"
    assert plain("\udcff \U0001f600") == "\\xff \\U0001f600"
    letters = font(15)
    assert short("short", letters, 500) == "short"
    cut = short("a" * 300 + ".png", letters, 200)
    assert cut.endswith("a.png")
    assert "..." in cut
    assert letters.getlength(cut) <= 200
    lines = wrapped(f"one two {'x' * 300} three", letters, 200)
    assert "".join(lines).replace(" ", "") == f"onetwo{'x' * 300}three"
    assert all(letters.getlength(line) <= 200 for line in lines)
    assert wrapped("", letters, 200) == [""]


def test_formulas() -> None:
    assert _terms(0.5, -0.25, 1) == "0.5 x - 0.25 y + 1"
    assert _terms(0, 0, 1) == "1"
    assert _terms(-1, 1e-9, 0) == "-1 x"
    assert _terms(0, 0, 0) == "0"


# The page.


class _Tags(HTMLParser):
    """All tags with their attributes, and all text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_has_everything_inside_and_runs_nothing(
    parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image, tmp_path: Path
) -> None:
    parts(found(TO_CUT))
    got = compare(file(tmp_path, "a.png", picture), file(tmp_path, "b.jpg", cut))
    path = got.save(tmp_path / "why.html")
    page = path.read_text(encoding="utf-8")
    tags = _Tags(page)
    policy = next(meta for meta in tags.named("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none'; img-src data:;")
    assert "script" not in str(policy["content"])
    assert policy["content"] == policy_of(page)
    assert not tags.named("script")
    assert not tags.named("link")
    assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on") or name == "style"]
    assert not re.findall(r"url\(|@import|https?://", page)
    images = tags.named("img")
    assert len(images) == 6
    for image in images:
        assert image["alt"]
        kind, data = str(image["src"]).split(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as inside:
            assert inside.size == (int(str(image["width"])), int(str(image["height"])))
    assert len(page) < 1_500_000


def test_the_page_says_what_was_found(
    parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image, tmp_path: Path
) -> None:
    parts(found(TO_CUT))
    got = compare(file(tmp_path, "a.png", picture), file(tmp_path, "b.jpg", cut))
    text = _Tags(got.show().html()).text
    for side in got.sides:
        assert side.upright.digest is not None
        assert side.upright.digest in text
        assert f"{(tmp_path / side.item.image).stat().st_size:,} bytes" in text
    assert f"Lookalike {_core.__version__}, recipe standard/" in text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)
    assert "Part" in text
    assert "B is a part of A (25 % of it), scaled to 150 %." in text
    assert "0.97 of 1" in text
    assert "25 % of A, 100 % of B" in text
    assert "(2 x - 0.5, 2 y - 0.5)" in text
    for reason in got.reasons:
        assert reason in text
    x, y, u, v = got.part.inliers[6]  # type: ignore[union-attr]
    assert f"7{x * 600:.0f}, {y * 400:.0f}{u * 450:.0f}, {v * 300:.0f}" in text


def test_every_switch_works_on_its_own_page(
    parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image
) -> None:
    parts(found(TO_CUT))
    got = compare(picture, cut)
    one, other = (_Tags(got.show()._repr_html_()) for _ in range(2))
    ids = [str(attributes["id"]) for attributes in one.named("input")]
    assert len(ids) == len(set(ids)) == 8
    assert [label["for"] for label in one.named("label")] == ids
    # Two of them in one notebook do not switch each other.
    assert not set(ids) & {attributes["id"] for attributes in other.named("input")}
    radios = [attributes for attributes in one.named("input") if attributes["type"] == "radio"]
    assert len({attributes["name"] for attributes in radios}) == 1
    assert sum("checked" in attributes for attributes in radios) == 1
    style = got.show()._repr_html_().split("</style>")[0]
    for attributes in one.named("input"):
        assert f".{attributes['class']}:" in style
    assert "prefers-reduced-motion" in style
    assert "@media print" in style


HOSTILE = "<img src=x onerror=alert(1)> \"'&\x1b[2J\u202egnp.png"


def test_hostile_names(parts: Callable[[Found], list[bool]], picture: Image.Image, cut: Image.Image) -> None:
    parts(found(TO_CUT))
    named = {}
    for letter, image in (("a", picture), ("b", cut)):
        data = io.BytesIO()
        image.save(data, "PNG")
        named[letter] = io.BytesIO(data.getvalue())
        named[letter].name = HOSTILE  # type: ignore[attr-defined]
    got = compare(named["a"], named["b"])
    assert got.a == HOSTILE
    page = got.show().html()
    assert "onerror" not in {name for _, attributes in _Tags(page).tags for name in attributes}
    assert len(_Tags(page).named("img")) == 6
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert got.picture().width == WIDTH


def test_in_a_notebook_it_is_a_fragment(whole: None, picture: Image.Image) -> None:
    shown = compare(picture, picture.resize((300, 200))).show()
    assert shown.title.startswith("copy: ")
    assert "<html" not in shown._repr_html_()
    assert shown.fragment in shown.html()


# From end to end.


@pytest.fixture(scope="module")
def original(shared: Path) -> Image.Image:
    """A photograph with detail everywhere."""
    with Image.open(shared / "photos" / "everyday" / "smartcrop__examples__images__27464791.jpg") as image:
        return image.convert("RGB")


def collage(image: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (1200, 800), "white")
    for number in range(1, 4):
        sheet.paste(noise(number, 600).resize((590, 390)), (number % 2 * 600, number // 2 * 400))
    sheet.paste(image.resize((590, 390)), (5, 5))
    return sheet


PARTS: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "crop": (lambda image: image.crop((310, 180, 760, 480)), "B is a part of A"),
    "collage": (collage, "A is in B"),
    "rotated": (lambda image: image.rotate(-20, Image.Resampling.BICUBIC, expand=True), "rotated by 20"),
    "mirrored crop": (lambda image: ImageOps.mirror(image.crop((310, 180, 760, 480))), "mirrored"),
}


@pytest.mark.parametrize("name", PARTS)
def test_real_parts(original: Image.Image, name: str) -> None:
    pytest.importorskip("cv2")
    edit, words = PARTS[name]
    got = compare(original, edit(original), parts=True, kinds="phash")
    assert (got.verdict, got.is_copy) == ("part", True)
    assert words in got.summary
    views = views_of(got, 400)
    assert views.close is not None
    assert views.close.share is not None
    assert views.close.share > 0.8
    assert got.picture().width == WIDTH


def test_real_parts_of_others_are_none(original: Image.Image) -> None:
    pytest.importorskip("cv2")
    got = compare(original, collage(noise(9, 500)), parts=True, kinds="phash")
    assert not got.is_copy
    assert got.part is None or got.part.verdict != "part"
    assert any(reason.startswith("parts: ") for reason in got.reasons)


def test_blank_pictures_have_no_parts() -> None:
    pytest.importorskip("cv2")
    for pair in ((Image.new("L", (300, 200), 255), noise(1, 300)), (noise(1, 300), Image.new("L", (3, 2)))):
        got = compare(*pair, parts="always", kinds="phash")
        assert got.part is None
        assert got.verdict == "different"
        assert "no details that lie alike" in got.reasons[-1]
