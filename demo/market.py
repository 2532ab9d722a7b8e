"""A made-up market: sellers of garments, some of whom take others' photos, to see what `Library.reuse` finds of it.

    python demo/market.py [photos] [gallery.html]

The photos are sellers' own pictures of garments; each belongs to one seller of the made-up market. Who steals what,
and how it is edited, is drawn from a seed, so the truth is known.
"""

from __future__ import annotations

import io
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

import lookalike

__all__ = ["EDITS", "Market", "Post", "Score", "compare", "make_market", "score"]

SELLERS = 200
THIEVES = 40
STOCK_PHOTOS = 3
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Post:
    """One photo of a listing.

    Attributes:
        path: its file.
        owner: who posted it.
        listing: of that owner.
        time: when.
        source: which photo it shows truly.
        edit: what was done to it.
        is_stolen: whether the photo is another seller's.
        is_common: whether it is a stock photo or the market's logo.
    """

    path: Path
    owner: str
    listing: str
    time: datetime
    source: str
    edit: str = "own"
    is_stolen: bool = False
    is_common: bool = False


@dataclass(frozen=True)
class Market:
    """All posts, in the order in which they are added (not that of time)."""

    posts: list[Post]

    @property
    def thieves(self) -> set[str]:
        return {post.owner for post in self.posts if post.is_stolen}

    def add_to(self, library: lookalike.Library) -> Any:
        """Add them all to a library."""
        owners, listings, times = zip(*((post.owner, post.listing, post.time) for post in self.posts), strict=True)
        paths = [post.path for post in self.posts]
        return library.add(paths, owner=list(owners), listing=list(listings), time=list(times))


def _exact(path: Path) -> bytes:
    return path.read_bytes()


def _edited(change: Callable[[Image.Image], Image.Image], quality: int = 85) -> Callable[[Path], bytes]:
    def edit(path: Path) -> bytes:
        with Image.open(path) as image:
            changed = change(ImageOps.exif_transpose(image).convert("RGB"))
        data = io.BytesIO()
        changed.save(data, "JPEG", quality=quality)
        return data.getvalue()

    return edit


def _resized(image: Image.Image) -> Image.Image:
    return image.resize((image.width * 3 // 5, image.height * 3 // 5), Image.Resampling.LANCZOS)


def _cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    """Without this share of each side's length, on each side."""

    def crop(image: Image.Image) -> Image.Image:
        across, down = round(image.width * share), round(image.height * share)
        return image.crop((across, down, image.width - across, image.height - down))

    return crop


def _watermarked(image: Image.Image) -> Image.Image:
    layer = Image.new("RGBA", image.size)
    font = ImageFont.load_default(image.height // 10)
    place = (image.width // 2, image.height // 2)
    ImageDraw.Draw(layer).text(place, "TOP SHOP", (255, 255, 255, 170), font, anchor="mm")
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _brightened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.25)


def _several(image: Image.Image) -> Image.Image:
    return _watermarked(_resized(ImageOps.mirror(image)))


EDITS: dict[str, Callable[[Path], bytes]] = {
    "exact": _exact,
    "resized": _edited(_resized),
    "recompressed": _edited(lambda image: image, 30),
    "mirrored": _edited(ImageOps.mirror),
    "watermarked": _edited(_watermarked),
    "cropped 2 %": _edited(_cropped(0.02)),
    "cropped 4 %": _edited(_cropped(0.04)),
    "brightened": _edited(_brightened),
    "grey": _edited(lambda image: image.convert("L").convert("RGB")),
    "mirrored, resized, watermarked": _edited(_several),
}
"""What thieves do to photos: bytes of the edited file."""


def make_market(photos: Path, folder: Path, *, seed: int = 4) -> Market:
    """Write a market's photos into a folder.

    200 sellers post three or four photos of their own each, some of them twice; 40 steal three to seven photos each
    from others, later; three stock photos and the market's logo are posted by dozens.

    Args:
        photos: a folder of at least 600 photos, no two of them the same.
        folder: where to write; one folder a seller.
        seed: of all that is drawn.
    """
    dice = random.Random(seed)
    paths = sorted(path for path in photos.iterdir() if path.suffix in (".jpg", ".jpeg", ".png"))
    dice.shuffle(paths)
    stock, paths = paths[:STOCK_PHOTOS], paths[STOCK_PHOTOS:]
    sellers = [f"seller {number:03}" for number in range(SELLERS)]
    writer = _Writer(folder, dice)
    for number, path in enumerate(paths):
        owner = sellers[number % SELLERS]
        time = START + timedelta(days=dice.uniform(0, 120))
        writer.post(path, owner, f"{owner[-3:]}-{number // SELLERS // 2}", time, "own")
        if dice.random() < 0.15:  # on sale again
            writer.post(path, owner, f"{owner[-3:]}-again", time + timedelta(days=dice.uniform(20, 90)), "resized")
    _steal(writer, list(writer.posts), sellers, dice)
    _share(writer, stock, sellers, dice)
    dice.shuffle(writer.posts)
    return Market(writer.posts)


def _steal(writer: _Writer, own: Sequence[Post], sellers: Sequence[str], dice: random.Random) -> None:
    kinds = [edit for edit in EDITS for _ in range(20)]
    dice.shuffle(kinds)
    for thief in dice.sample(list(sellers), THIEVES):
        for _ in range(dice.randint(3, 7)):
            victim = dice.choice([post for post in own if post.owner != thief and post.edit == "own"])
            time = victim.time + timedelta(days=dice.uniform(1, 60))
            edit = kinds.pop() if kinds else dice.choice(list(EDITS))
            writer.post(Path(victim.source), thief, f"{thief[-3:]}-new", time, edit, is_stolen=True)


def _share(writer: _Writer, stock: Sequence[Path], sellers: Sequence[str], dice: random.Random) -> None:
    logo = writer.folder / "logo.png"
    _draw_logo().save(logo)
    for path, count in zip([*stock, logo], (25, 40, 60, 90), strict=True):
        for owner in dice.sample(list(sellers), count):
            time = START + timedelta(days=dice.uniform(0, 180))
            edit = dice.choice(["exact", "resized", "recompressed"])
            writer.post(path, owner, f"{owner[-3:]}-0", time, edit, is_common=True)


class _Writer:
    """Writes files, and notes who posted them."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.folder, self.posts, self._dice = folder, list[Post](), dice

    def post(self, path: Path, owner: str, listing: str, time: datetime, edit: str, **truth: bool) -> None:
        folder = self.folder / owner.replace(" ", "-")
        folder.mkdir(exist_ok=True)
        target = folder / f"{len(self.posts):05}.jpg"
        if edit in ("own", "exact"):
            shutil.copyfile(path, target)
        else:
            target.write_bytes(EDITS[edit](path))
        self.posts.append(Post(target, owner, listing, time.replace(microsecond=0), str(path), edit, **truth))


def _draw_logo() -> Image.Image:
    image = Image.new("RGB", (400, 300), "#0b5")
    draw = ImageDraw.Draw(image)
    draw.ellipse((120, 40, 280, 200), "#fff")
    draw.rectangle((175, 95, 225, 255), "#063")
    draw.text((200, 270), "market", "#fff", ImageFont.load_default(30), anchor="mm")
    return image


@dataclass(frozen=True)
class Score:
    """What was found of what is there to find.

    Attributes:
        pairs: that were found.
        right: of them, those that show the same photo.
        wrong: paths of the others.
        recall: by edit, how many of the stolen photos were found with their original, and of how many.
        named: sellers of whom it is said that they posted a photo after another seller.
        thieves: those who did.
    """

    pairs: int
    right: int
    wrong: list[tuple[str, str]]
    recall: dict[str, tuple[int, int]]
    named: set[str]
    thieves: set[str]

    @property
    def pair_precision(self) -> float:
        return self.right / max(1, self.pairs)

    @property
    def pair_recall(self) -> float:
        return sum(found for found, _ in self.recall.values()) / max(1, sum(total for _, total in self.recall.values()))

    @property
    def owner_precision(self) -> float:
        return len(self.named & self.thieves) / max(1, len(self.named))

    @property
    def owner_recall(self) -> float:
        return len(self.named & self.thieves) / max(1, len(self.thieves))

    def lines(self) -> Iterator[str]:
        """The table."""
        yield f"{'edit':32} found of"
        for edit, (found, total) in self.recall.items():
            yield f"{edit:32} {found:5} {total:2}"
        yield f"pairs: {self.pairs:,}; precision {self.pair_precision:.3f}, recall {self.pair_recall:.3f}"
        yield f"thieves: {len(self.thieves)}; precision {self.owner_precision:.3f}, recall {self.owner_recall:.3f}"


def score(market: Market, reuse: Any) -> Score:
    """Compare what was found with the truth: a pair is right if both show the same photo."""
    posts = {str(post.path): post for post in market.posts}
    named = set(reuse.owners.query("copied > 0").owner)
    pairs = list(zip(reuse.pairs.original_image, reuse.pairs.copy_image, strict=True))
    wrong = [pair for pair in pairs if posts[pair[0]].source != posts[pair[1]].source]
    victims = {post.source: post.owner for post in market.posts if post.edit == "own"}
    found = {copy for first, copy in pairs if posts[first].owner == victims.get(posts[copy].source)}
    recall = {}
    for edit in EDITS:
        stolen = [post for post in market.posts if post.is_stolen and post.edit == edit]
        recall[edit] = (sum(str(post.path) in found for post in stolen), len(stolen))
    return Score(len(pairs), len(pairs) - len(wrong), wrong, recall, named, market.thieves)


def compare(photos: Path, folder: Path, **options: Any) -> tuple[Market, Any, Score]:
    """Make a market and a library of it in a folder, look for reuse, and compare with the truth."""
    market = make_market(photos, folder / "photos")
    library = lookalike.Library(folder / "market.library")
    market.add_to(library)
    reuse = library.reuse(**options)
    return market, reuse, score(market, reuse)


def main(photos: Path, page: Path) -> None:
    """Print the table, and write the gallery."""
    with tempfile.TemporaryDirectory(prefix="lookalike-market-") as name:
        (Path(name) / "photos").mkdir()
        _, reuse, result = compare(photos, Path(name))
        print(reuse)
        print(*result.lines(), sep="\n")
        for first, second in result.wrong:
            print(f"not the same photo: {first} and {second}")
        page.parent.mkdir(exist_ok=True)
        print(f"gallery: {reuse.gallery(limit=100).save(page)}")


if __name__ == "__main__":
    home = Path(__file__).resolve().parents[1]
    defaults = (home.parent / "shared" / "data" / "photos" / "products-clothing", home / ".demo" / "market.html")
    main(*map(Path, sys.argv[1:]), *defaults[len(sys.argv) - 1 :])
