"""`lookalike library search`: the images of a library that look like one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from ...options import Limits
from .. import arguments
from ..arguments import Parser, count, number
from . import answers, places, watching

__all__ = ["parser", "run"]

_AT_ONCE = 256
PARTS = {"auto": None, "always": "always", "never": False}

_DESCRIPTION = """\
Find the copies of an image in a library, best first: how sure it is that each is one (0 to 1), how it was
found, the name, and whose it is.

  $ lookalike library search photos.library photo.jpg
  1.00  same bytes        photos/photo.jpg
  1.00  phash 2, dhash 1  photos/photo-small.jpg  (shop 7, listing 12)
  0.98  mirror, phash 4   photos/mirrored.jpg
  0.97  trimmed           photos/letterbox.jpg

Copies may be resized, recompressed, tinted, watermarked, mirrored, turned, framed or cropped a little; where there
is none, images are looked for that it is a negative of. Codes find candidates, and a second look at the small
pictures that the library keeps tells copies from what is only alike: at --confidence normal about one pair of
different pictures in a million passes.

With -k or --radius, the images whose hashes are near are listed instead, the nearest first, copies or not:

  $ lookalike library search photos.library photo.jpg -k 3
   0  bytes  photos/photo.jpg

Where no whole picture is a copy, a library that was filled with --parts is searched for parts: for images that the
picture was cut out of, or pasted into, at any size and turn. They are told as 'part', and nobody should take them
for copies of the whole.

With several images to look for, each has its name above what was found. What cannot be read gets a message
on standard error; with --json and --csv it has a row too, with its error."""


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
    add_confidence(new)
    new.add_argument(
        "--transforms",
        metavar="T",
        type=_transforms,
        help="turns that count: all, none, or names such as mirror,rotate90; negative, which is among all, is for "
        "copies with brightness inverted (default: all; with -k or --radius, none)",
    )
    new.add_argument("-k", metavar="N", type=count, help="the N nearest, however far (with --radius: within it)")
    new.add_argument("--radius", metavar="R", type=number, help="all whose hashes are at most R bits away")
    add_kind(new)
    new.add_argument(
        "--parts",
        metavar="WHEN",
        choices=tuple(PARTS),
        default="auto",
        help="search for parts of pictures: where no copy is found (auto, the default), always or never",
    )
    new.add_argument("--logos", action="store_true", help="tell also what shares no more than a logo, which is no copy")
    answers.add_answer(new)
    arguments.add_limits(new)
    new.add_argument("--workers", metavar="N", type=count, help="threads (default: as many as there are CPUs)")
    return new


def _confidence(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _transforms(text: str) -> str | list[str]:
    return text if text in ("all", "none") else text.split(",")


def add_confidence(new: Parser) -> None:
    """Add `--confidence`."""
    new.add_argument(
        "--confidence",
        metavar="C",
        type=_confidence,
        default="normal",
        help="how sure a copy must be: strict, normal, loose or a number from 0 to 1 (default: normal)",
    )


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
    without = [0]
    with Progress(show=not args.quiet) as progress:
        for rows, names in _answers(library, args, progress, counts, without):
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
    line = _copy_line if args.radius is None and args.k is None else _near_line
    answers.write(args, found, list(columns), lambda rows: _print(rows, several, line))
    if not args.quiet and counts.status < 2:
        say(_summary(found, counts.images) + watching.lacking(without[0]))
    return counts.status


def _answers(
    library: Any, args: Namespace, progress: Any, counts: Any, without: list[int]
) -> Iterator[tuple[list[Any], list[str]]]:
    """The rows found for some sources at a time, and their columns; `without` is told what parts cannot find."""
    from ..stream import interruptible

    def work() -> Iterator[tuple[int, list[Any], list[str]]]:
        for part in _parts(args.sources, arguments.limits_of(args)):
            table = library.search_many(
                part,
                confidence=args.confidence,
                transforms=args.transforms,
                radius=args.radius,
                k=args.k,
                kinds=args.kind,
                parts=PARTS[args.parts],
                logos=args.logos,
                workers=args.workers,
                limits=arguments.limits_of(args),
            )
            without[0] = table.attrs.get("without_parts", 0)
            yield len(part), *answers.rows_in(table)

    with closing(interruptible(work(), progress.tick)) as parts:
        for number, rows, names in parts:
            counts.rows += number
            for _ in range(number):
                progress.step()
            yield rows, names


def _parts(names: Sequence[str], limits: Limits) -> Iterator[list[Any]]:
    """What is to be looked for, some at a time, so that there is something to count."""
    from ...matching.query import is_hash_text
    from ...sources import expand
    from ..inputs import image_or_path

    part: list[Any] = []
    for name in names:
        if name == "-":
            yield [image_or_path(name)]
            continue
        for item in expand(name, limits):
            if item.error is not None and is_hash_text(name):
                yield [name]  # no such file
                continue
            part.append(item.image if item.error is not None or item.is_member else item.source)
            if len(part) == _AT_ONCE:
                yield part
                part = []
    if part:
        yield part


def _near_line(row: Mapping[str, Any]) -> str:
    kind = "bytes" if row["level"] == 0 else row["kind"]
    turn = "" if row["transform"] == "none" else f"{row['transform']}  "
    return f"{row['distance']:>2}  {kind}  {turn}"


def _copy_line(row: Mapping[str, Any]) -> str:
    sure = "   -" if row["confidence"] is None else f"{row['confidence']:.2f}"
    return f"{sure}  {_how(row):<16}  "


def _how(row: Mapping[str, Any]) -> str:
    """By what a copy was found, in a few words."""
    if row["level"] == 0:
        return "same bytes"
    turn = [] if row["transform"] == "none" else [row["transform"]]
    if row["level"] == 4:
        return ", ".join([*turn, f"{row['verdict']} {100 * row['overlap_image']:.0f} %"])
    if row["level"] == 3:
        return ", ".join([*turn, "trimmed" if row["trimmed"] else "second look"])
    ends = "_distance"
    distances = {name.removesuffix(ends): row[name] for name in row if name.endswith(ends) and row[name] is not None}
    return ", ".join([*turn, *(f"{kind} {distance}" for kind, distance in distances.items())])


def _print(rows: Sequence[Mapping[str, Any]], several: bool, line: Callable[[Mapping[str, Any]], str]) -> None:
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
        write_line(f"{mark}{line(row)}{name}{answers.about(row)}")


def _summary(rows: Sequence[Mapping[str, Any]], queries: int) -> str:
    found = sum(row["error"] is None for row in rows)
    images = "1 image" if found == 1 else f"{found:,} images" if found else "no image"
    return f"{images} found" if queries == 1 else f"{images} found for {queries:,}"
