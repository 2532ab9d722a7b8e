"""FOLDER_OR_FRAME: the images that a command works on: scanned now, or read from a table or a library."""

from __future__ import annotations

import shutil
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ..kinds import Kind
from ..options import Limits
from . import inputs
from .arguments import FRAME_FORMS, limits_of
from .progress import Progress
from .stream import aside

__all__ = [
    "SOURCES_HELP",
    "WITH_LIBRARY_HELP",
    "files_of",
    "frame_name",
    "frame_of",
    "library_of",
    "load_frame",
    "ranked",
    "rows_of_scan",
    "write_gallery",
]

SOURCES_HELP = (
    "folder, images, patterns, archives or http(s) addresses to scan; or a frame that scan wrote (.csv, .parquet, "
    ".json; '-' is a CSV on standard input)"
)
WITH_LIBRARY_HELP = f"{SOURCES_HELP}; or a library"


def frame_name(sources: Sequence[str]) -> str | None:
    """The one frame that is meant, or `None` if the sources are to be scanned.

    Raises:
        ValueError: if there are several frames, or a frame among other sources.
    """
    frames = [name for name in sources if _is_frame(name)]
    if frames and len(sources) > 1:
        raise ValueError(f"expected one frame, or things to scan; got {len(sources)} names, with {frames[0]!r} a frame")
    return frames[0] if frames else None


def library_of(args: Namespace, kind: Kind) -> Any:
    """The library that the command's sources name, with this kind, or `None` if they name none.

    Raises:
        ValueError: if there are other sources beside it.
        MismatchError: if its hashes are of other kinds, or of another recipe than was asked for.
        LibraryError, OSError: if it cannot be opened.
    """
    from .library.places import existing, is_library, shown

    found = [name for name in args.sources if is_library(name)]
    if not found:
        return None
    if len(args.sources) > 1:
        raise ValueError(
            f"expected one library, or things to scan; got {len(args.sources)} names, {shown(found[0])!r} a library"
        )
    from ..errors import MismatchError
    from ..options import recipe_name

    library = existing(found[0])
    if str(kind) not in library.kinds:
        raise MismatchError(f"expected --on {' or '.join(library.kinds)}, as the library has; got {kind}")
    if args.recipe is not None and recipe_name(args.recipe) != library.recipe:
        raise MismatchError(f"expected the recipe of the library, {library.recipe}, got {recipe_name(args.recipe)}")
    return library


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
    with closing(inputs.scanned(args.sources, kinds, args, counts, progress)) as rows:
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
    library = library_of(args, args.on)
    if library is not None:
        return _ranked_in_library(library, args, source, k, radius), source
    wanted, name = source, frame_name(args.sources)
    if name is None:
        wanted = aside(lambda: _hash_of(source, args, radius))
        frame = _scan_to_frame(args, kinds, counts)
    else:
        frame = load_frame(name)
    asked: dict[str, Any] = {"on": on, "kind": args.on, "recipe": args.recipe, "k": k, "radius": radius}
    matches = aside(lambda: find_similar(frame, wanted, limits=limits_of(args), **asked))
    if args.query == "-":
        source.seek(0)
    return matches, source


def _ranked_in_library(library: Any, args: Namespace, source: Any, k: int | None, radius: float | None) -> Any:
    """What a library finds, with the columns that a frame's ranking has."""
    if k is None and radius is None:
        radius = args.on.radius
    found = aside(lambda: library.search(source, kinds=[args.on], k=k, radius=radius, limits=limits_of(args)))
    if args.query == "-":
        source.seek(0)
    own = {"confidence", "level", "transform", "trimmed", "kind", "distance", f"{args.on}_distance"}
    kept = found[[name for name in found.columns if name not in own]]
    return kept.assign(hamming_distance=found["distance"])


def files_of(args: Namespace, matches: Any) -> dict[str, str] | None:
    """Where the pictures of a library's answer are, by their names; `None` if it is no library's."""
    library = library_of(args, args.on)
    if library is None:
        return None
    from ..library.places import file_at

    records = library._opened.catalog.records(matches["row"].tolist())
    return {record.image: file_at(record.place) for record in records.values()}


def write_gallery(
    path: str, frame: Any, query: Any, limits: Limits, limit: int | None = None, files: Any = None
) -> None:
    """Write a page that shows a frame; `files` says where its pictures are, if not where their names say.

    Raises:
        OSError: if it cannot be written.
        ColumnError: if the frame has no images.
    """
    from ..show import gallery
    from .files import write_text

    write_text(path, aside(lambda: gallery(frame, query=query, limit=limit, sources=files, limits=limits).html()))


def _hash_of(source: Any, args: Namespace, radius: float | None) -> Any:
    """The query's hash, by the same rules as where a frame is there already."""
    from ..matching.columns import HashColumn
    from ..matching.query import as_query, checked_radius
    from ..options import recipe_name

    column = HashColumn(str(args.on), args.on, recipe_name(args.recipe or "standard"), (), ())
    found = as_query(source, column, limits_of(args))
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
