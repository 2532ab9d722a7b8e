"""The slow and obvious twin of `lookalike.matching.reuse`: every posting against every other, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from lookalike.kinds import Kind

SIZE = 4
BITS = SIZE * SIZE
KINDS = [Kind.parse("phash:4"), Kind.parse("dhash:4")]
RADII = (2, 3)
DAY = 86_400


@dataclass(frozen=True)
class Post:
    """One row: codes are a phash and a dhash of 4 x 4 bits, as numbers."""

    row: int
    owner: str | None
    listing: str | None
    time: float | None
    phash: int
    dhash: int

    @property
    def codes(self) -> tuple[int, int]:
        return self.phash, self.dhash


def as_square(code: int) -> list[list[int]]:
    bits = [code >> (BITS - 1 - place) & 1 for place in range(BITS)]
    return [bits[SIZE * row : SIZE * (row + 1)] for row in range(SIZE)]


def as_code(square: list[list[int]]) -> int:
    return int("".join(str(bit) for row in square for bit in row), 2)


def mirrored(codes: tuple[int, int]) -> tuple[int, int]:
    phash = [[bit ^ column % 2 for column, bit in enumerate(row)] for row in as_square(codes[0])]
    dhash = [[1 - bit for bit in reversed(row)] for row in as_square(codes[1])]
    return as_code(phash), as_code(dhash)


@dataclass
class Slow:
    """Everything that `Reuse` tells, by the definitions.

    Attributes:
        posts: all rows.
        radii: of phash and dhash.
        threshold: a picture of more owners is popular.
        allowed: codes that everybody may use.
        turns: whether mirrored copies count.
    """

    posts: list[Post]
    radii: tuple[int, int]
    threshold: int | None
    allowed: list[tuple[int, int]] = field(default_factory=list)
    turns: bool = True

    def __post_init__(self) -> None:
        known = [post for post in self.posts if post.owner and not self.is_blank(post.codes)]
        self.known = sorted(known, key=lambda post: (post.time is None, post.time or 0, post.row))
        pictures = list(dict.fromkeys(post.codes for post in self.known))
        permitted = {codes for codes in pictures if any(self.match(codes, other) for other in self.allowed)}
        self.permitted = permitted
        self.popular = self._popular([codes for codes in pictures if codes not in permitted])
        self.pictures = [codes for codes in pictures if codes not in permitted and codes not in self.popular]
        self.free = [post for post in self.known if post.codes in set(self.pictures)]

    @staticmethod
    def is_blank(codes: tuple[int, int]) -> bool:
        return any(code in (0, 2**BITS - 1) for code in codes)

    def match(self, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, bool] | None:
        """Distance, and whether mirrored; `None` if they do not match."""
        if one == other:
            return 0, False
        found = [self._apart(one, other, False)]
        if self.turns:
            found.append(self._apart(one, mirrored(other), True))
        return min((way for way in found if way), default=None)

    def _apart(self, one: tuple[int, int], other: tuple[int, int], turned: bool) -> tuple[int, bool] | None:
        bits = [(a ^ b).bit_count() for a, b in zip(one, other, strict=True)]
        return (sum(bits), turned) if all(a <= b for a, b in zip(bits, self.radii, strict=True)) else None

    def _popular(self, pictures: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, int]]:
        """Each picture that is left out, with the popular one it is near."""
        if self.threshold is None:
            return {}
        owners = {
            codes: len(
                {post.owner for post in self.known if post.codes in set(pictures) and self.match(codes, post.codes)}
            )
            for codes in pictures
        }
        groups: dict[tuple[int, int], tuple[int, int]] = {}
        # Those that are popular, most owners first; `sorted` keeps the order of posting among equals.
        for codes in sorted(pictures, key=lambda codes: -owners[codes]):
            if owners[codes] > self.threshold and codes not in groups:
                groups |= {other: codes for other in pictures if other not in groups and self.match(codes, other)}
        return groups

    def first_of(self, owner: str | None, *codes: tuple[int, int]) -> Post:
        """The owner's first posting of any of these pictures, or one like it."""
        return next(p for p in self.free if p.owner == owner and any(self.match(own, p.codes) for own in codes))

    def pairs(self) -> set[tuple[int, int, int, str]]:
        """Row of the original and of the copy, distance, transform."""
        found = set()
        for place, one in enumerate(self.free):
            for other in self.free[place + 1 :]:
                way = self.match(one.codes, other.codes)
                if way is None or one.owner == other.owner:
                    continue
                firsts = [self.known.index(self.first_of(p.owner, one.codes, other.codes)) for p in (one, other)]
                original, copy = (one, other) if firsts[0] < firsts[1] else (other, one)
                found.add((original.row, copy.row, way[0], "mirrored" if way[1] else "none"))
        return found

    def members(self) -> list[tuple[int, str, int]]:
        """Row of the group's first posting, part and row of each member."""
        heads: dict[tuple[int, int], tuple[int, int]] = {}
        for codes in self.pictures:
            if codes not in heads:
                heads |= {other: codes for other in self.pictures if other not in heads and self.match(codes, other)}
        found = []
        for head in dict.fromkeys(heads.values()):
            posts = [post for post in self.free if heads[post.codes] == head]
            if len({post.owner for post in posts}) > 1:
                first = posts[0]
                for post in posts:
                    role = "first" if post is first else "own" if post.owner == first.owner else "copy"
                    found.append((first.row, role, post.row))
        return found

    def profile(self, posts: list[Post]) -> dict[str, float]:
        """The features of one owner's posts."""
        free = [post for post in posts if post in self.free]
        others = {
            post.row: [p for p in self.free if p.owner != post.owner and self.match(post.codes, p.codes)]
            for post in free
        }
        seen = [post for post in free if others[post.row]]
        copied = [
            p for p in seen if self.known.index(others[p.row][0]) < self.known.index(self.first_of(p.owner, p.codes))
        ]
        ways = {post.row: min(self._way(post, other) for other in others[post.row]) for post in seen}
        days = [self._days(others[post.row][0], post) for post in copied]
        return {
            "photos": len(posts),
            "common": len(posts) - len(free),
            "elsewhere": len(seen),
            "share_elsewhere": len(seen) / max(1, len(free)),
            "copied": len(copied),
            "share_copied": len(copied) / max(1, len(free)),
            "first": len(seen) - len(copied),
            "same_code": sum(way == (0, False) for way in ways.values()),
            "mirrored": sum(way[1] for way in ways.values()),
            "other_owners": len({other.owner for post in seen for other in others[post.row]}),
            "closest_distance": min((way[0] for way in ways.values()), default=sum(self.radii) + 1),
            "days_after_first": max(days, default=0.0),
        }

    def _way(self, one: Post, other: Post) -> Any:
        return self.match(one.codes, other.codes)

    @staticmethod
    def _days(first: Post, later: Post) -> float:
        if first.time is None or later.time is None:
            return 0.0
        return (later.time - first.time) / 86_400


@st.composite
def markets(draw: st.DrawFn) -> list[Post]:
    """A few pictures, and posts of them with a bit or two changed, or mirrored."""
    code = st.integers(0, 2**16 - 1)
    bases = draw(st.lists(st.tuples(code, code), min_size=1, max_size=4))
    posts = []
    for row in range(draw(st.integers(0, 14))):
        codes = draw(st.sampled_from(bases))
        codes = mirrored(codes) if draw(st.booleans()) else codes
        phash, dhash = (value ^ (draw(st.sampled_from([0, 0, 1, 3, 0x8000]))) for value in codes)
        owner = draw(st.sampled_from(["a", "b", "c", "d", None]))
        listing = draw(st.sampled_from(["1", "2", None]))
        posts.append(Post(row, owner, listing, draw(st.sampled_from([None, 0.0, DAY, 1.5 * DAY])), phash, dhash))
    return posts


def as_frame(posts: list[Post], **more: Any) -> pd.DataFrame:
    columns = {
        "image": [f"image {post.row}" for post in posts],
        "phash:4": [f"{post.phash:04x}" for post in posts],
        "dhash:4": [f"{post.dhash:04x}" for post in posts],
        "owner": [post.owner for post in posts],
        "listing": [post.listing for post in posts],
        "time": [post.time for post in posts],
    }
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in (columns | more).items()})
