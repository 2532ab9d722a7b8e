"""What is searched for: a picture, a fingerprint, a hash or hex text, as packed codes of the library's kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .. import batch
from ..direct import Plan
from ..errors import MismatchError
from ..fingerprints import Fingerprint, fingerprint, turned_fingerprints, turned_prints
from ..hashes import Hash
from ..keypoints import Keypoints
from ..kinds import Kind
from ..looks import Look
from ..matching.query import is_hash_text
from ..options import Limits
from ..prints import error_text, parse_kinds
from ..sources import Item
from ..sources.items import expand, is_array
from ..turns import ALL_TURNS, is_mirrored
from .records import Layout, default_radius
from .values import is_column

__all__ = ["Query", "Radius", "checked_count", "chosen_kinds", "queries_of", "query_of", "radii_of"]


Radius = int | Mapping[str, int] | None
"""The same for all kinds, or each its own."""


class Query(NamedTuple):
    """One thing to look for.

    Attributes:
        name: what the user calls it.
        codes: of the kinds that are searched, by their texts.
        digest: of its bytes; `None` if it has none.
        error: why it cannot be looked for, if so.
        look: for the second look; `None` if it has none.
        turned: the codes of the picture turned by each EXIF orientation from 1 on; empty if they are not known.
        keypoints: of the picture as it is, and of it mirrored; `None` for what is not known, or not wanted.
    """

    name: str
    codes: dict[str, bytes]
    digest: str | None = None
    error: str | None = None
    look: Look | None = None
    turned: tuple[dict[str, bytes], ...] = ()
    keypoints: tuple[Keypoints | None, Keypoints | None] = (None, None)

    @property
    def has_keypoints(self) -> bool:
        """Whether parts of it can be looked for."""
        return any(one is not None and len(one) > 0 for one in self.keypoints)

    def negative(self) -> Query | None:
        """What there is of its negative, from its codes and its look; `None` without a look that tells enough."""
        if self.look is None or self.look.is_poor:
            return None
        turned = tuple(map(_negatives, self.turned))
        return Query(self.name, _negatives(self.codes), look=self.look.negative(), turned=turned)

    def code(self, kind: str, turn: int = 1) -> bytes | None:
        """The code of a kind, of the picture turned so; `None` if it is not known."""
        if turn == 1 or self.turned:
            return (self.turned[turn - 1] if turn > 1 else self.codes).get(kind)
        if kind == "phash" and self.look is not None and not self.look.has_border and kind in self.codes:
            return self.look.inner_code(turn)  # of the whole, then
        return None


def chosen_kinds(kinds: object, layout: Layout) -> tuple[str, ...]:
    """Which of a library's kinds are searched: all, unless some are named.

    Raises:
        MismatchError: if the library has not that kind.
    """
    if kinds is None:
        return layout.names
    names = tuple(map(str, parse_kinds(kinds)))  # type: ignore[arg-type]
    for name in names:
        if name not in layout.names:
            raise MismatchError(f"expected kinds among those of the library, {', '.join(layout.names)}; got {name}")
    return names


def radii_of(radius: int | Mapping[str, int] | None, names: Sequence[str], layout: Layout) -> dict[str, int]:
    """The radius of each kind: the same for all, or each its own; by default that of the kind.

    Raises:
        ValueError: if one is no whole number from 0 to the kind's bits.
    """
    given = radius if isinstance(radius, Mapping) else {} if radius is None else dict.fromkeys(names, radius)
    given = {str(Kind.parse(name)): value for name, value in given.items()}
    for name in given:
        if name not in names:
            raise ValueError(
                f"expected a radius for the kinds that are searched, {', '.join(names)}; got one for {name}"
            )
    return {name: _checked(given.get(name, default_radius(Kind.parse(name))), name, layout) for name in names}


def _checked(radius: Any, name: str, layout: Layout) -> int:
    item = getattr(radius, "item", None)
    value = item() if callable(item) else radius
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= layout.bits[name]:
        raise ValueError(f"expected a radius for {name} from 0 to {layout.bits[name]} bits, got {radius!r}")
    return value


def query_of(
    source: Any,
    names: Sequence[str],
    recipe: str,
    limits: Limits,
    turns: Sequence[int] = (1,),
    look: bool = True,
    keypoints: bool = False,
) -> Query:
    """One thing to look for, with its codes in these turns, and its keypoints if they are wanted.

    Raises:
        MismatchError: if it is a hash of another kind or recipe.
        SourceError, OSError, ValueError, TypeError: if it is a picture that cannot be read.
    """
    ready = _ready(source, names, recipe)
    if ready is not None:
        return ready
    if keypoints or any(turn > 1 for turn in turns):
        wanted = {"digest": True, "look": look, "keypoints": keypoints}
        prints = turned_fingerprints(source, kinds=list(names), recipe=recipe, limits=limits, **wanted)
        return _of_turned(prints, names, turns)
    found = fingerprint(source, kinds=list(names), recipe=recipe, limits=limits, digest=True, look=look)
    return _of_print(found, names)


def _of_turned(prints: Sequence[Fingerprint], names: Sequence[str], turns: Sequence[int] = ALL_TURNS) -> Query:
    turned = tuple({name: _packed(one.hashes[name]) for name in names} for one in prints)
    mirrored = prints[1].keypoints if any(map(is_mirrored, turns)) else None
    keypoints = prints[0].keypoints, mirrored
    return _of_print(prints[0], names)._replace(turned=turned, keypoints=keypoints)


def _ready(source: Any, names: Sequence[str], recipe: str) -> Query | None:
    """The query that needs no picture to be read; `None` if the source is a picture."""
    if isinstance(source, Fingerprint):
        if source.recipe != recipe:
            raise MismatchError(f"the query comes from the recipe {source.recipe}, the library's codes from {recipe}")
        missing = [name for name in names if name not in source.hashes]
        if len(missing) == len(names):
            raise MismatchError(f"the query's fingerprint has none of the kinds {', '.join(names)}")
        return _of_print(source, [name for name in names if name in source.hashes])
    if isinstance(source, str) and len(names) == 1 and is_hash_text(source) and _fits(source, names[0]):
        source = Hash.from_hex(source, names[0], recipe)
    if isinstance(source, str) and len(names) > 1 and is_hash_text(source) and _fits_any(source, names):
        raise ValueError(f"the hash {source!r} is of one kind: say of which, as in kinds={names[0]!r}")
    if not isinstance(source, Hash):
        return None
    if str(source.kind) not in names:
        raise MismatchError(f"the query is a {source.kind} hash, but {', '.join(names)} is searched")
    if source.recipe != recipe:
        raise MismatchError(f"the query comes from the recipe {source.recipe}, the library's codes from {recipe}")
    return Query(source.hex, {str(source.kind): _packed(source)})


def _fits(text: str, name: str) -> bool:
    return len(text) == Kind.parse(name).hex_digits


def _fits_any(text: str, names: Iterable[str]) -> bool:
    return any(_fits(text, name) for name in names)


def _of_print(found: Fingerprint, names: Sequence[str]) -> Query:
    codes = {name: _packed(found.hashes[name]) for name in names}
    return Query(found.image, codes, found.digest, look=found.look, keypoints=(found.keypoints, None))


def _negatives(codes: Mapping[str, bytes]) -> dict[str, bytes]:
    """The codes of a negative, of the kinds of which they are known."""
    found = {}
    for name, code in codes.items():
        kind = Kind.parse(name)
        assert kind.bits is not None
        value = kind.negative(int.from_bytes(code), kind.bits)
        if value is not None:
            found[name] = value.to_bytes(len(code))
    return found


def _packed(value: Any) -> bytes:
    return bytes(value.value.to_bytes((value.bits + 7) // 8, "big"))


def queries_of(
    sources: Any,
    names: Sequence[str],
    recipe: str,
    plan: Plan,
    workers: int,
    turns: Sequence[int] = (1,),
) -> Iterator[Query]:
    """Many things to look for, in order, one for each picture; what cannot be read has an error."""
    if isinstance(sources, Fingerprint | Hash):
        sources = [sources]
    if not isinstance(sources, list | tuple) and is_column(sources) and not is_array(sources):
        sources = list(sources)
    if isinstance(sources, list | tuple) and any(_is_ready(source) for source in sources):
        yield from (_one_of_many(source, names, recipe, plan, turns) for source in sources)
    elif plan.keypoints or any(turn > 1 for turn in turns):
        for one in turned_prints(expand(sources, plan.limits), plan, workers):
            yield _of_turned(one.prints, names, turns) if one.error is None else Query(one.image, {}, None, one.error)
    else:
        yield from _of_items(expand(sources, plan.limits), names, plan, workers)


def _is_ready(source: Any) -> bool:
    return isinstance(source, Fingerprint | Hash) or (isinstance(source, str) and is_hash_text(source))


def _one_of_many(source: Any, names: Sequence[str], recipe: str, plan: Plan, turns: Sequence[int]) -> Query:
    try:
        return query_of(source, names, recipe, plan.limits, turns, plan.look, plan.keypoints)
    except Exception as error:
        name = (
            source.image if isinstance(source, Fingerprint) else str(source) if isinstance(source, str | Hash) else ""
        )
        return Query(name or type(source).__name__, {}, None, error_text(error))


def _of_items(items: Iterator[Item], names: Sequence[str], plan: Plan, workers: int) -> Iterator[Query]:
    for row in batch.rows(items, plan, workers):
        if row["error"] is not None:
            yield Query(row["image"], {}, None, row["error"])
        else:
            codes = {name: bytes.fromhex(row[name].zfill(2 * ((len(row[name]) + 1) // 2))) for name in names}
            look = row.get("look")
            yield Query(row["image"], codes, row["digest"], look=None if look is None else Look(look))


def checked_count(k: Any) -> int | None:
    """How many are asked for; `None` for all.

    Raises:
        ValueError: if it is no whole number of at least 1.
    """
    item = getattr(k, "item", None)
    value = item() if callable(item) else k
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"expected k as a whole number of at least 1, or None for all, got {k!r}")
    return value
