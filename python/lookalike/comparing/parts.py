"""Whether one of two pictures is a part of the other: when it is asked, and of whom."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from ..direct import plan_of
from ..errors import MissingExtraError
from ..keypoints import Keypoints
from ..kinds import Kind
from ..single import turned_item

if TYPE_CHECKING:
    from ..parts import PartMatch
    from .sides import Side

__all__ = ["Parts", "look_for_parts", "parts_are_there", "when_to_look"]

Parts = bool | Literal["always"] | None
"""`None`: where whole pictures do not match, if OpenCV is installed; `True`: then, and it must be; `"always"`."""

When = Literal["never", "needed", "always"]


def when_to_look(parts: object) -> When:
    """When to look for parts.

    Raises:
        ValueError: if it is none of `Parts`.
        MissingExtraError: if it is `True` or `"always"`, and OpenCV is not installed.
    """
    if parts is not None and not isinstance(parts, bool) and parts != "always":
        raise ValueError(f"expected parts as None, False, True or 'always', got {parts!r}")
    if parts is False or (parts is None and not parts_are_there()):
        return "never"
    if not parts_are_there():
        raise MissingExtraError.for_extra("finding parts of pictures", "opencv-python-headless", "parts")
    return "always" if parts == "always" else "needed"


def parts_are_there() -> bool:
    """Whether the package is installed that parts are found with."""
    return find_spec("cv2") is not None


def look_for_parts(a: Side, b: Side, *, mirrors: bool) -> PartMatch | None:
    """Look for A in B, and for parts of it. Both are read again, and the keypoints of both are those of queries.

    Args:
        a: the query, so that the answer maps A to B.
        b: the other.
        mirrors: whether A may have been mirrored.

    Returns:
        What was found; `None` if no details lie alike.

    Raises:
        SourceError, OSError: if one of them cannot be read any more.
    """
    from ..parts import part_match

    upright, mirrored = _keypoints(a)
    other, _ = _keypoints(b)
    return part_match((upright, mirrored if mirrors else None), other, a.look, b.look)


def _keypoints(side: Side) -> tuple[Keypoints, Keypoints]:
    """Those of a picture as it is, and mirrored."""
    # A hash must be among what is asked for, or the core does not decode at all.
    plan = plan_of([Kind.parse("phash")], side.upright.recipe, side.limits, keypoints=True)
    one, other = (found.keypoints for found in turned_item(side.item, plan)[:2])
    assert one is not None
    assert other is not None
    return one, other
