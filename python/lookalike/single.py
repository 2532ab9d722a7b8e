"""One item to its fingerprint, by the core where it can, by Pillow where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .direct import Plan, print_of
from .kinds import Kind
from .prints import Fingerprint, compute
from .sources import FileName, Item, digested, open_picture, pixel_digest
from .sources.items import is_array, is_image, settle
from .workers import Gate

__all__ = ["by_pillow", "fingerprint_item", "with_digest", "with_rest"]

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
    return _decoded(with_digest(item, plan), plan, plan.kinds)


def with_rest(item: Item, plan: Plan, own: Fingerprint) -> Fingerprint:
    """A fingerprint of the core's with the kinds that it does not compute.

    Raises:
        SourceError, OSError, TypeError, ValueError: if Pillow cannot read what the core could.
    """
    item = with_digest(item, plan)
    if item.digest != own.digest and isinstance(item.source, bytes):
        return fingerprint_item(item, plan)  # the file has changed since the core read it
    hashes = {**own.hashes, **_decoded(item, plan, plan.rest).hashes}
    return replace(own, hashes={str(kind): hashes[str(kind)] for kind in plan.kinds})


def _decoded(item: Item, plan: Plan, kinds: Sequence[Kind]) -> Fingerprint:
    with _gate.visit() as reserve:
        # In a function of its own, so that the pixels are free before the gate lets the next ones in.
        return _hashed(item, plan, kinds, reserve)


def _hashed(item: Item, plan: Plan, kinds: Sequence[Kind], reserve: Callable[[int], None]) -> Fingerprint:
    picture = open_picture(item, plan.recipe, plan.limits, reserve)
    hashes = compute(picture.image, kinds, plan.recipe)
    # Here, where the pixels are in memory and the gate knows of them.
    digest = item.digest or pixel_digest(item.source) if plan.digest else None
    size = picture.width, picture.height
    return Fingerprint(item.image, hashes, *size, picture.format, plan.recipe, digest=digest)


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
