"""`lookalike calibrate`: which radius to use in a library."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from . import arguments
from .arguments import Parser, count
from .library import places
from .measured import add_measuring, check_output, kept, measured, writes

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Measure on a library's own pictures which radius to use for each of its hash kinds: how many different
pictures are near each other by chance, and what share of edited copies is found. Prints it in a few
sentences, with what to expect at this size and at ten times this size.

  $ lookalike calibrate photos.library
  Use radius 6 for phash: a search among 12,500 images then brings about 0.004 false matches ...

All pairs of a sample of the library are compared. Those that are near each other are looked at, and what
is the same picture is set aside, and said. Copies are made of pictures whose files are still there.

--csv and --json print the figures by kind. The file has these too; as .json it has all tables, among them
the nearest pairs, the pairs set aside, and the matches that look false."""

FORMS = (".csv", ".parquet", ".json")


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike calibrate", "lookalike calibrate [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    new.add_argument(
        "--images", metavar="N", type=count, default=2000, help="compare all pairs of so many images (default: 2000)"
    )
    new.add_argument(
        "--originals", metavar="N", type=count, default=50, help="make copies of so many of them (default: 50)"
    )
    new.add_argument(
        "--tries",
        metavar="N",
        type=count,
        default=1,
        help="times that a search with a radius compares two pictures, each with its chance: 8 with all its turns "
        "(default: 1)",
    )
    add_measuring(new, edits="mild")
    arguments.add_output(new, "--output", f"a file for the table: {', '.join(FORMS)}")
    arguments.add_format(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Measure, and say what to do."""
    check_output(parser(), args, FORMS)
    library = places.existing(args.library)
    from ..evaluate.calibrating import Calibrating, Choice
    from ..evaluate.calibration import result_of
    from ..evaluate.edits import chosen
    from ..fingerprints import worker_count

    choice = Choice(
        images=args.images,
        originals=args.originals,
        edits=chosen(args.edits),
        rate=args.rate,
        seed=args.seed,
        workers=worker_count(args.workers),
        tries=args.tries,
    )
    with kept(args) as file:
        work = Calibrating(library, choice)

        def part() -> tuple[Any, int]:
            return result_of(work), work.done

        measured(args, work.steps(), None, part, file, "original")
        calibration = result_of(work)
        if file is not None:
            writes(calibration, file.temporary)
            file.keep()
    _complain(calibration)
    _print(args, calibration)
    return int(bool(calibration.rows("failures")))


def _complain(calibration: Any) -> None:
    from .inputs import complaint
    from .output import complain

    for row in calibration.rows("failures"):
        complain(complaint(row["image"], row["error"]))


def _print(args: Namespace, calibration: Any) -> None:
    from .output import Records, visible, write_line

    if args.format == "plain":
        write_line(visible(calibration.sentence))
        return
    rows = calibration.rows("radii")
    records = Records(args.format, list(rows[0]))
    for row in rows:
        records.write(row)
