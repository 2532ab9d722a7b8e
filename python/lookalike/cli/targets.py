"""FOLDER_OR_FRAME: the images that a command works on, scanned now or read from a table."""

from __future__ import annotations

import shutil
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ..kinds import Kind
from . import inputs
from .arguments import FRAME_FORMS
from .progress import Progress
from .stream import aside

__all__ = ["SOURCES_HELP", "frame_name", "frame_of", "load_frame", "ranked", "rows_of_scan", "write_gallery"]

SOURCES_HELP = (
    "folder, images, patterns or http(s) addresses to scan; or a frame that scan wrote (.csv, .parquet, .json; "
    "'-' is a CSV on standard input)"
)


def frame_name(sources: Sequence[str]) -> str | None:
    """The one frame that is meant, or `None` if the sources are to be scanned.

    Raises:
        ValueError: if there are several frames, or a frame among other sources.
    """
    frames = [name for name in sources if _is_frame(name)]
    if frames and len(sources) > 1:
        raise ValueError(f"expected one frame, or things to scan; got {len(sources)} names, with {frames[0]!r} a frame")
    return frames[0] if frames else None


def load_frame(name: str) -> Any:
    """Read a frame from a file, or from standard input.

    Raises:
        OSError, ValueError: if it cannot be read.
        MissingExtraError: if a package for its format is not installed.
    """
    from ..frames import load

    if name != "-":
        return aside(lambda: load(name))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "frame.csv"))
        with Path(path).open("wb") as file:
            shutil.copyfileobj(inputs.standard_input(), file)
        try:
            return aside(lambda: load(path))
        except ValueError as error:
            raise ValueError(str(error).replace(repr(path), "standard input")) from None


def rows_of_scan(args: Namespace, kinds: Sequence[Kind], counts: inputs.Counts) -> list[dict[str, Any]]:
    """Scan the sources of the command, with a bar, complaining of what cannot be read."""
    progress = Progress(show=not args.quiet, total=lambda: inputs.counted(args.sources))
    with closing(inputs.scanned(args.sources, kinds, args.recipe, args.workers, counts, progress)) as rows:
        return list(rows)


def frame_of(args: Namespace, kinds: Sequence[Kind], counts: inputs.Counts) -> Any:
    """The frame that the command's sources name, or a new one by scanning them.

    Raises:
        OSError, ValueError: if a frame cannot be read.
    """
    name = frame_name(args.sources)
    return _scan_to_frame(args, kinds, counts) if name is None else load_frame(name)


def ranked(
    args: Namespace, kinds: Sequence[Kind], counts: inputs.Counts, *, k: int | None, radius: float | None
) -> tuple[Any, Any]:
    """Rank the command's sources by their distance to its query.

    A scan begins only when the query is known to be good.

    Returns:
        The frame of `find_similar`, and the query as a source.

    Raises:
        ColumnError, MismatchError, ValueError, SourceError: as `find_similar`.
    """
    from ..matching.similar import find_similar

    on = str(args.on)
    source: Any = inputs.image_or_path(args.query)
    wanted, name = source, frame_name(args.sources)
    if name is None:
        wanted = aside(lambda: _hash_of(source, args.on, args.recipe or "standard", radius))
        frame = _scan_to_frame(args, kinds, counts)
    else:
        frame = load_frame(name)
    matches = aside(lambda: find_similar(frame, wanted, on=on, k=k, radius=radius, kind=args.on, recipe=args.recipe))
    if args.query == "-":
        source.seek(0)
    return matches, source


def write_gallery(path: str, frame: Any, query: Any, limit: int | None = None) -> None:
    """Write a page that shows a frame.

    Raises:
        OSError: if it cannot be written.
        ColumnError: if the frame has no images.
    """
    from ..show import gallery
    from .files import write_text

    write_text(path, aside(lambda: gallery(frame, query=query, limit=limit).html()))


def _hash_of(source: Any, on: Kind, recipe: str, radius: float | None) -> Any:
    """The query's hash, by the same rules as where a frame is there already."""
    from ..matching.columns import HashColumn
    from ..matching.query import as_query, checked_radius
    from ..options import DEFAULT_LIMITS, recipe_name

    found = as_query(source, HashColumn(str(on), on, recipe_name(recipe), (), ()), DEFAULT_LIMITS)
    checked_radius(radius, found)
    return found


def _scan_to_frame(args: Namespace, kinds: Sequence[Kind], counts: inputs.Counts) -> Any:
    from ..fingerprints import row_names
    from ..frames import to_frame

    return to_frame(rows_of_scan(args, kinds, counts), row_names(kinds), "pandas")


def _is_frame(name: str) -> bool:
    if name == "-":
        return True
    return name.lower().endswith(FRAME_FORMS) and "://" not in name and not Path(name).is_dir()
