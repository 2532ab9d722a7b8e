"""One item to its fingerprint, by the core where it can, by Pillow where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from .direct import Plan, print_of, turned_print, turned_prints_of, with_query_keypoints
from .errors import NoImageError
from .isolated import prints_elsewhere
from .keypoints import grey_array, keypoints_of
from .prints import Computed, Fingerprint, Kept, compute_all, compute_turned
from .sources import FileName, Item, Picture, digested, open_picture, pixel_digest
from .sources.elsewhere import goes_elsewhere
from .sources.items import is_array, is_image, settle
from .workers import Gate

__all__ = [
    "by_pillow",
    "decoded",
    "fingerprint_item",
    "turned_decoded",
    "turned_item",
    "with_digest",
    "with_rest",
]

Visit = Callable[[], AbstractContextManager[Callable[[int], None]]]

# As many pixels (weighted, see `sources.pillow.weight`) as Pillow may decode at one time, at 5 bytes each: two
# pictures of 12 megapixels, or one of 24. One gate for the whole process, for its memory is one.
_gate = Gate(25_000_000)


def fingerprint_item(item: Item, plan: Plan) -> Fingerprint:
    """Fingerprint one item on this thread.

    Raises:
        SourceError, OSError, TypeError, ValueError: if it cannot be read.
    """
    if item.error is not None:
        raise item.error
    item = _in_memory(item, plan)
    if not isinstance(item.source, (bytes, FileName)):
        return by_pillow(item, plan)
    own = print_of(plan, item.image, item.source)
    if own is None:
        return by_pillow(item, plan)
    return with_rest(item, plan, own) if plan.rest else own


def with_digest(item: Item, plan: Plan) -> Item:
    """The item with the digest of its bytes, if the plan wants it and there are bytes; no address is left then.

    Raises:
        SourceError, OSError, TypeError, ValueError: if the bytes cannot be read.
    """
    if not plan.digest or item.error is not None:
        return item
    return digested(_in_memory(item, plan), plan.limits.bytes)


def by_pillow(item: Item, plan: Plan) -> Fingerprint:
    """Fingerprint one item with the pixels that Pillow, or an array, gives.

    Raises:
        SourceError, OSError, TypeError, ValueError: if it cannot be read.
    """
    return _by_pillow(with_digest(item, plan), plan)


def with_rest(item: Item, plan: Plan, own: Fingerprint) -> Fingerprint:
    """A fingerprint of the core's with the kinds that it does not compute.

    Raises:
        SourceError, OSError, TypeError, ValueError: if Pillow cannot read what the core could.
    """
    item = with_digest(item, plan)
    if item.digest != own.digest:
        return fingerprint_item(_unchanging(item), plan)  # the file has changed since the core read it
    return _joined(plan, own, _by_pillow(item, _rest_of(plan)))


def turned_item(item: Item, plan: Plan) -> list[Fingerprint]:
    """Fingerprint one item as it is turned by each orientation, 1 to 8, on this thread.

    Raises:
        SourceError, OSError, TypeError, ValueError: if it cannot be read.
    """
    if item.error is not None:
        raise item.error
    item = _in_memory(item, plan)
    own = None
    if isinstance(item.source, (bytes, FileName)):
        own = turned_prints_of(plan, item.image, item.source)
        if own is not None and not plan.rest:
            return own
    item = with_digest(item, plan)
    if own is None:
        return _turned_by_pillow(item, plan)
    if item.digest != own[0].digest:
        return turned_item(_unchanging(item), plan)  # the file has changed since the core read it
    rest = _turned_by_pillow(item, _rest_of(plan))
    return [_joined(plan, mine, theirs) for mine, theirs in zip(own, rest, strict=True)]


def _unchanging(item: Item) -> Item:
    if not isinstance(item.source, bytes):
        raise NoImageError("the file has changed while it was read")
    return item


def _rest_of(plan: Plan) -> Plan:
    return replace(plan, kinds=plan.rest, look=False, keypoints=False)


def _joined(plan: Plan, own: Fingerprint, rest: Fingerprint) -> Fingerprint:
    """A fingerprint of the core's with the kinds that it does not compute."""
    hashes = {**own.hashes, **rest.hashes}
    return replace(own, hashes={str(kind): hashes[str(kind)] for kind in plan.kinds})


def _by_pillow(item: Item, plan: Plan) -> Fingerprint:
    item = _in_memory(item, plan)
    return prints_elsewhere(item, plan, "print")[0] if goes_elsewhere(item, plan.limits) else decoded(item, plan)


def _turned_by_pillow(item: Item, plan: Plan) -> list[Fingerprint]:
    return prints_elsewhere(item, plan, "turned") if goes_elsewhere(item, plan.limits) else turned_decoded(item, plan)


def turned_decoded(item: Item, plan: Plan, visit: Visit = _gate.visit) -> list[Fingerprint]:
    """`turned_item` by Pillow in this process, when it is let in."""
    with visit() as reserve:
        prints, kept = _turned(item, plan, reserve)
    return prints if kept.grey is None else with_query_keypoints(prints, kept.grey)


def decoded(item: Item, plan: Plan, visit: Visit = _gate.visit) -> Fingerprint:
    """`by_pillow` in this process, when it is let in."""
    with visit() as reserve:
        # In a function of its own, so that the pixels are free before the gate lets the next ones in.
        found, kept = _hashed(item, plan, reserve)
    if kept.grey is None:
        return found
    return replace(found, keypoints=keypoints_of(grey_array(kept.grey), (found.width, found.height)))


def _hashed(item: Item, plan: Plan, reserve: Callable[[int], None]) -> tuple[Fingerprint, Kept]:
    picture = open_picture(item, plan.recipe, plan.limits, reserve)
    computed, kept = compute_all(picture.image, plan.kinds, plan.recipe, plan.look, plan.keypoints)
    return replace(_about(item, plan, picture, computed), look=kept.look), kept


def _turned(item: Item, plan: Plan, reserve: Callable[[int], None]) -> tuple[list[Fingerprint], Kept]:
    picture = open_picture(item, plan.recipe, plan.limits, reserve)
    turns, kept = compute_turned(picture.image, plan.kinds, plan.recipe, plan.look, plan.keypoints)
    upright = replace(_about(item, plan, picture, turns[0]), look=kept.look)
    return [turned_print(upright, turn, *computed) for turn, computed in enumerate(turns, 1)], kept


def _about(item: Item, plan: Plan, picture: Picture, computed: Computed) -> Fingerprint:
    # Here, where the pixels are in memory and the gate knows of them.
    digest = item.digest or pixel_digest(item.source) if plan.digest else None
    size = picture.width, picture.height
    about = (item.image, computed.hashes, *size, picture.format, plan.recipe)
    return Fingerprint(*about, digest=digest, pdq_quality=computed.pdq_quality)


def _in_memory(item: Item, plan: Plan) -> Item:
    """The item with the bytes that an address or a file object stands for."""
    source = item.source
    if isinstance(source, str) and not isinstance(source, FileName):
        from .sources.web import fetch

        return replace(item, source=fetch(source, plan.limits))
    if isinstance(source, (bytes, FileName)) or is_image(source) or is_array(source):
        return item
    settled = settle(item, plan.limits.bytes)
    if settled.error is not None:
        raise settled.error
    return settled
