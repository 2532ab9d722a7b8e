"""`lookalike library parts`: keypoints for images that have none."""

from __future__ import annotations

from argparse import Namespace

from .. import arguments
from ..arguments import Parser
from . import places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Read the images of a library that have no keypoints again and keep them, so that 'lookalike library search' finds
also what is a part of a picture, or was pasted into another; and keep them of all that are added from now on.
Each image keeps its row. What is no file, or is not there any more, stays as it is.

  $ lookalike library parts photos.library
  116 images: 116 updated

Each image is safe on the disk as soon as it is counted. On Ctrl-C, or after any accident, the same
command goes on from there. It takes 8 KB an image, and OpenCV: pip install 'lookalike[parts]'."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library parts", "lookalike library parts [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    places.add_wait(new)
    arguments.add_format(new)
    arguments.add_limits(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Read the images."""
    from .adding import added

    places.existing(args.library)
    library = places.new_or_existing(args.library, parts=True)
    rows = library.add_parts_rows(workers=args.workers, limits=arguments.limits_of(args), wait=args.wait)
    return added(args, rows, library.count_without_parts, args.format)
