"""Fingerprints that another process makes: the question, the answer, and what may stand in it."""

from __future__ import annotations

from .direct import Plan
from .hashes import parse_hash
from .keypoints import Keypoints
from .looks import Look
from .prints import Fingerprint, parse_kinds
from .sources import Item
from .sources.elsewhere import Fields, ask, format_in, limits_in, size_in

__all__ = ["answer_of", "plan_in", "prints_elsewhere"]

_TURNS = 8


def prints_elsewhere(item: Item, plan: Plan, task: str) -> list[Fingerprint]:
    """Fingerprint a file, or bytes, by Pillow in another process.

    Args:
        item: with the file's name, or its bytes.
        plan: what is wanted.
        task: `"print"`, or `"turned"` for all eight orientations.

    Raises:
        NoImageError: if a decoder dies of it.
        LimitError: if it takes more time or memory than the limits allow.
        SourceError, OSError, TypeError, ValueError: as the same in this process.
    """
    count = _TURNS if task == "turned" else 1

    def understand(answer: Fields, _: bytes) -> list[Fingerprint]:
        prints = [_print(item, plan, fields) for fields in answer["prints"]]
        if len(prints) != count:
            raise ValueError(f"{len(prints)} fingerprints")
        return prints

    wanted = {"recipe": plan.recipe, "look": plan.look, "keypoints": plan.keypoints}
    return ask(item, plan.limits, {"task": task, "kinds": [str(kind) for kind in plan.kinds], **wanted}, understand)


def _print(item: Item, plan: Plan, fields: Fields) -> Fingerprint:
    """One fingerprint, each part of which is what it must be."""
    texts = zip(plan.kinds, fields["hashes"], strict=True)
    hashes = {str(kind): parse_hash(text, kind, plan.recipe) for kind, text in texts}
    quality = fields["pdq_quality"]
    if quality is not None and not (isinstance(quality, int) and 0 <= quality <= 100):
        raise ValueError(f"a quality of {quality!r}")
    look, keypoints = (_packed(fields[name]) for name in ("look", "keypoints"))
    return Fingerprint(
        item.image,
        hashes,
        *size_in(fields),
        format_in(fields),
        plan.recipe,
        digest=item.digest,
        look=None if look is None else Look(look),
        pdq_quality=quality,
        keypoints=None if keypoints is None else Keypoints(keypoints),
    )


def _packed(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def plan_in(fields: Fields) -> Plan:
    """The plan of a question, for the process that answers it."""
    kinds, extras = tuple(parse_kinds(fields["kinds"])), (False, fields["look"], fields["keypoints"])
    return Plan(kinds, fields["recipe"], limits_in(fields), (), None, kinds, {}, *extras)


def answer_of(prints: list[Fingerprint]) -> Fields:
    """An answer with fingerprints."""
    return {"prints": [_fields_of(found) for found in prints]}


def _fields_of(found: Fingerprint) -> Fields:
    return {
        "hashes": [value.hex for value in found.hashes.values()],
        "width": found.width,
        "height": found.height,
        "format": found.format,
        "pdq_quality": found.pdq_quality,
        "look": None if found.look is None else found.look.data.hex(),
        "keypoints": None if found.keypoints is None else found.keypoints.data.hex(),
    }
