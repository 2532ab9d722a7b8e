"""`lookalike evaluate`: how well edited copies are found."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import arguments
from .arguments import Parser, count, operand
from .measured import add_measuring, check_output, kept, measured, writes

if TYPE_CHECKING:
    from ..evaluate.evaluating import Evaluating

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Make edited copies of photos, look for each of them in a library of all the photos, and print what share
is found, and how often another photo is taken for a copy: by the library's own verdict, by raw hashes
within the loosest radius that keeps a rate of false matches, and by the rivals that are installed.

  $ lookalike evaluate photos --distractors others --negatives bursts -o edits.csv --plots plots

Copies are made of some of the photos, the others are there to be confused with. Photos inside a folder
of --negatives are all different, however alike: pairs of them that are called copies are counted and
listed. Photos that are the same picture already count neither way. The same seed makes the same copies.

Prints a table in Markdown, by family of edits; --csv and --json print the figures of every edit. The
file has these too; as .json it has all tables, as .md what is printed."""

FORMS = (".csv", ".parquet", ".json", ".md")
COLUMNS = ("method", "rate", "radius", "edit", "family", "strength", "copies", "found", "share", "false_matches",
           "compared", "false_per_million")  # fmt: skip


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike evaluate", "lookalike evaluate [options] FOLDER...", _DESCRIPTION)
    new.add_argument("sources", metavar="FOLDER", nargs="*", type=operand, help="photos: folder, file or pattern")
    _add_photos(new)
    _add_methods(new)
    add_measuring(new)
    arguments.add_output(new, "--output", f"a file for the table: {', '.join(FORMS)}")
    new.add_argument("--plots", metavar="DIR", type=operand, help="draw the figures into this folder, as PNG and SVG")
    arguments.add_format(new)
    arguments.add_workers(new)
    return new


def _add_photos(new: Parser) -> None:
    new.add_argument(
        "--distractors",
        metavar="FOLDER",
        type=operand,
        action="append",
        help="more photos for the library, of which no copies are made; may be repeated",
    )
    new.add_argument(
        "--negatives",
        metavar="FOLDER",
        type=operand,
        action="extend",
        nargs="+",
        default=[],
        help="folders of photos that are alike and all different",
    )
    new.add_argument(
        "--made-negatives",
        metavar="N",
        type=count,
        default=0,
        help="make sets of so many pictures that share a logo, a frame, an app's screen, and are no copies "
        "(default: none)",
    )
    new.add_argument("--parts", action="store_true", help="look for parts of pictures too (needs lookalike[parts])")
    new.add_argument(
        "--originals", metavar="N", type=count, default=300, help="make copies of so many photos (default: 300)"
    )
    new.add_argument("--list-edits", action="store_true", help="print the edits, one a line, and stop")


def _add_methods(new: Parser) -> None:
    new.add_argument(
        "--kind",
        metavar="KIND",
        type=arguments.kinds,
        action="extend",
        help="hash kinds to measure beside the verdict, repeated or joined by commas (default: those of a library, "
        "and the strongest)",
    )
    new.add_argument("--no-rivals", action="store_true", help="leave ImageHash, pdqhash and imagededup out")
    new.add_argument(
        "--rival-originals",
        metavar="N",
        type=count,
        default=100,
        help="give slow rivals the copies of so many originals (default: 100)",
    )


def run(args: Namespace) -> int:
    """Measure, and print the table."""
    if args.list_edits:
        return _list_edits(args)
    if not args.sources:
        parser().error("expected at least one FOLDER, got none")
    check_output(parser(), args, FORMS)
    _check_plots(args)
    work, evaluation = _measured(args)
    _complain(work)
    if args.plots is not None:
        evaluation.plots(args.plots)
    _print(args, evaluation)
    return 1 if work.unread or work.tally.failures else 0


def _measured(args: Namespace) -> tuple[Evaluating, Any]:
    """Do it; the libraries lie in a folder that goes away, also on Ctrl-C while another thread is still at work."""
    from ..evaluate.evaluating import Evaluating
    from ..evaluate.evaluation import finished

    settings = _settings(args)
    with (
        tempfile.TemporaryDirectory(prefix="lookalike-evaluate-", ignore_cleanup_errors=True) as folder,
        kept(args) as file,
    ):
        work = Evaluating(args.sources, args.distractors, args.negatives, settings, Path(folder))

        def part() -> tuple[Any, int]:
            return finished(work), len(work.tally.done)

        try:
            measured(args, work.steps(), lambda: _expected(args), part, file, "original")
        except ValueError:
            _complain(work)
            raise
        evaluation = finished(work)
        if file is not None:
            writes(evaluation, file.temporary)
            file.keep()
    return work, evaluation


def _settings(args: Namespace) -> Any:
    from ..evaluate.edits import chosen
    from ..evaluate.evaluating import RATES, Settings
    from ..evaluate.methods import default_kinds
    from ..fingerprints import worker_count

    return Settings(
        edits=chosen(args.edits),
        originals=args.originals,
        seed=args.seed,
        kinds=tuple(map(str, args.kind)) if args.kind else default_kinds(),
        rivals=not args.no_rivals,
        rival_originals=args.rival_originals,
        rates=tuple(sorted({args.rate, *RATES}, key=lambda rate: (rate != args.rate, rate))),
        workers=worker_count(args.workers),
        parts=args.parts,
        made_negatives=args.made_negatives,
    )


def _check_plots(args: Namespace) -> None:
    """Find out before the work that plots cannot be drawn.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        OSError: if the folder cannot be made.
    """
    if args.plots is None:
        return
    from ..evaluate.plots import check

    check()
    Path(args.plots).mkdir(parents=True, exist_ok=True)


def _expected(args: Namespace) -> int:
    """How many steps there will be."""
    from ..evaluate.negatives import SETS
    from .inputs import counted

    photos = counted(args.sources)
    more = counted([*(args.distractors or []), *args.negatives])
    made = len(SETS) if args.made_negatives else 0
    return photos + more + made + min(int(args.originals), photos)


def _complain(run: Evaluating) -> None:
    from .inputs import complaint
    from .output import complain

    for photo in run.unread:
        complain(complaint(photo.name, photo.error or ""))
    for number, place, why in run.tally.failures:
        complain(complaint(run.photos[number].name, f"{run.settings.edits[place].name}: {why}"))


def _print(args: Namespace, evaluation: Any) -> None:
    from .output import Records, write_line

    if args.format == "plain":
        for line in evaluation.markdown().splitlines():
            write_line(line)
        for row in evaluation.rows("negative_pairs"):
            write_line(_negative(row))
        return
    records = Records(args.format, COLUMNS)
    for row in evaluation.rows("by_edit"):
        records.write(row)


def _negative(row: dict[str, Any]) -> str:
    from .output import escaped

    score = f"{row['confidence']:.4f}" if row["confidence"] is not None else f"{row['kind']} {row['distance']}"
    names = [escaped(row[name]) for name in ("image_a", "image_b")]
    return f"{''.join(mark for mark, _ in names)[:1]}different photos called copies, {score}: " + "  ".join(
        name for _, name in names
    )


def _list_edits(args: Namespace) -> int:
    from ..evaluate.edits import table
    from .output import Records, write_line

    rows = table()
    if args.format != "plain":
        records = Records(args.format, ("edit", "family", "strength", "text"))
        for row in rows:
            records.write(row)
        return 0
    width = max(len(str(row["edit"])) for row in rows)
    for row in rows:
        write_line(f"{row['family']:<9} {row['edit']:<{width}}  {row['text']}")
    return 0
