"""Searches among all images of a library for parts: the option, and a bar while they take their time."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TypeVar

from ..arguments import Parser

__all__ = ["add_parts", "lacking", "part_options", "watched"]

_T = TypeVar("_T")
_MODES: dict[str, bool | str] = {"never": False, "auto": True, "always": "always"}


def add_parts(new: Parser) -> None:
    """Add `--parts`."""
    new.add_argument(
        "--parts",
        metavar="WHEN",
        choices=tuple(_MODES),
        default="never",
        help="look also for images that hold a part of another: auto (of those with no other match), always (of "
        "all) or never (the default); takes as long as a search for each",
    )


def part_options(args: Namespace) -> bool | str:
    """What the option says, for the library."""
    return _MODES[args.parts]


def watched(args: Namespace, work: Callable[[Callable[[int, str], None]], _T]) -> _T:
    """Do some work in another thread, with a bar of the images of which it tells.

    Args:
        args: with `quiet`.
        work: gets a function to call with the number of images done and the name of the last.
    """
    from ..progress import Progress
    from ..stream import interruptible

    done = [0]

    def tell(number: int, _: str) -> None:
        done[0] = number

    with Progress(show=not args.quiet) as progress:

        def draw() -> None:
            while progress.done < done[0]:
                progress.step()
            if done[0]:
                progress.tick()

        result, *_ = interruptible((work(tell) for _ in range(1)), draw)
    return result


def lacking(images: int) -> str:
    """How many images cannot be found by parts, as the end of a summary."""
    if not images:
        return ""
    without = "1 image has" if images == 1 else f"{images:,} images have"
    return f"; {without} no keypoints to be found by: see 'lookalike library parts'"
