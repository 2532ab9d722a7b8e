"""`lookalike library search`: the images of a library that look like one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from .. import arguments
from ..arguments import Parser, count, number
from . import answers, places

__all__ = ["parser", "run"]

_AT_ONCE = 256

_DESCRIPTION = """\
Find the images of a library that look like one, best first: the distance in bits, the hash kind by which
it is the nearest ('bytes' if the files are the same, byte for byte), the name, and whose it is.

  $ lookalike library search photos.library photo.jpg
   0  bytes  photos/photo.jpg
   2  phash  photos/photo-small.jpg  (shop 7, listing 12)

An image is found if its distance by any kind is within the radius of that kind: for phash 6 bits of 64,
for dhash 3, unless --radius says otherwise. With several images to look for, each has its name above
what was found. What cannot be read gets a message on standard error; with --json and --csv it has a row
too, with its error."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library search", "lookalike library search [options] LIBRARY SOURCE...", _DESCRIPTION)
    places.add_location(new)
    arguments.add_sources(
        new,
        "SOURCE",
        "image, folder, pattern or http(s) address; a hash as hex text, where there is no such file; '-' is one image "
        "on standard input",
    )
    new.add_argument("-k", metavar="N", type=count, help="at most N images, however far (with --radius: within it)")
    new.add_argument("--radius", metavar="R", type=number, help="only images at most R bits away (default: the kind's)")
    add_kind(new)
    answers.add_answer(new)
    new.add_argument("--workers", metavar="N", type=count, help="threads (default: as many as there are CPUs)")
    return new


def add_kind(new: Parser) -> None:
    """Add `--kind`."""
    new.add_argument(
        "--kind",
        metavar="KIND",
        type=arguments.kinds,
        action="extend",
        help="hash kind, repeated or joined by commas (default: all that the library has)",
    )


def run(args: Namespace) -> int:
    """Print what is found."""
    from ..inputs import Counts, check_standard_input, complaint
    from ..output import in_the_shell, say
    from ..progress import Progress

    check_standard_input(args.sources)
    answers.check_answer(parser(), args)
    library = places.existing(args.library)
    counts, found, columns = Counts(), [], {"query": None, "error": None}
    with Progress(show=not args.quiet) as progress:
        for rows, names in _answers(library, args, progress, counts):
            columns = dict.fromkeys([*names, *columns])
            for row in rows:
                if row["error"] is not None:
                    counts.errors += 1
                    row["error"] = in_the_shell(row["error"])
                    progress.complain(complaint(row["query"], row["error"]))
            found += rows
    counts.images = counts.rows - counts.errors
    several = counts.rows > 1
    columns = dict.fromkeys([*(name for name in columns if name != "error"), "error"])
    answers.write(args, found, list(columns), lambda rows: _print(rows, several))
    if not args.quiet and counts.status < 2:
        say(_summary(found, counts.images))
    return counts.status


def _answers(library: Any, args: Namespace, progress: Any, counts: Any) -> Iterator[tuple[list[Any], list[str]]]:
    """The rows found for some sources at a time, and their columns."""
    from ..stream import interruptible

    def work() -> Iterator[tuple[int, list[Any], list[str]]]:
        for part in _parts(args.sources):
            table = library.search_many(
                part, radius=args.radius, k=args.k, kinds=args.kind, workers=args.workers, to="pandas"
            )
            yield len(part), *answers.rows_in(table)

    with closing(interruptible(work(), progress.tick)) as parts:
        for number, rows, names in parts:
            counts.rows += number
            for _ in range(number):
                progress.step()
            yield rows, names


def _parts(names: Sequence[str]) -> Iterator[list[Any]]:
    """What is to be looked for, some at a time, so that there is something to count."""
    from ...matching.query import is_hash_text
    from ...sources import expand
    from ..inputs import image_or_path

    part: list[Any] = []
    for name in names:
        if name == "-":
            yield [image_or_path(name)]
            continue
        for item in expand(name):
            if item.error is not None and is_hash_text(name):
                yield [name]  # no such file
                continue
            part.append(item.image if item.error is not None else item.source)
            if len(part) == _AT_ONCE:
                yield part
                part = []
    if part:
        yield part


def _print(rows: Sequence[Mapping[str, Any]], several: bool) -> None:
    from ..output import escaped, write_line

    before = None
    for row in rows:
        if row["error"] is not None:
            continue
        if several and row["query"] != before:
            mark, name = escaped(row["query"])
            write_line(f"{'' if before is None else chr(10)}{mark}{name}:")
            before = row["query"]
        mark, name = escaped(row["image"])
        kind = "bytes" if row["level"] == 0 else row["kind"]
        write_line(f"{mark}{row['distance']:>2}  {kind}  {name}{answers.about(row)}")


def _summary(rows: Sequence[Mapping[str, Any]], queries: int) -> str:
    found = sum(row["error"] is None for row in rows)
    images = "1 image" if found == 1 else f"{found:,} images" if found else "no image"
    return f"{images} found" if queries == 1 else f"{images} found for {queries:,}"
