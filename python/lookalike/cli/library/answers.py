"""Tables as answers: lines for people, JSON, CSV, or a file."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..arguments import FRAME_FORMS, Parser, add_format, add_output

__all__ = ["about", "add_answer", "check_answer", "print_groups", "print_table", "rows_in", "save", "write"]

Row = Mapping[str, Any]


def add_answer(parser: Parser) -> None:
    """Add `--json`, `--csv`, `--output` and `--quiet`."""
    add_format(parser)
    add_output(parser, "--output", "write a table instead: .csv, .parquet or .json")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no summary")


def check_answer(parser: Parser, args: Namespace) -> None:
    """Check, before any work, that the answer can be written.

    Raises:
        SystemExit: if the options contradict each other.
        OSError: if the file cannot be written.
    """
    from ..files import check_writable, is_special

    output = args.output
    if output is None:
        return
    if args.format != "plain":
        parser.error(f"argument --output: not together with --{args.format}: the name's end tells the form")
    if not output.lower().endswith(FRAME_FORMS) and not is_special(output):
        parser.error(f"argument --output: expected a name that ends in .csv, .parquet or .json, got {output!r}")
    check_writable(output)


def rows_in(table: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a table, and the names of its columns."""
    from ...frames import column_names, rows_of

    return rows_of(table), column_names(table)


def write(args: Namespace, rows: Sequence[Row], columns: Sequence[str], plain: Callable[[Sequence[Row]], None]) -> None:
    """Write the rows as the options say.

    Args:
        args: with `format` and `output`.
        rows: to write.
        columns: of all rows.
        plain: prints them for people.

    Raises:
        ClosedOutputError, OSError: if they cannot be written.
    """
    from ..output import Records

    if args.output is not None:
        save(args.output, rows, columns)
    elif args.format == "plain":
        plain(rows)
    else:
        records = Records(args.format, columns)
        for row in rows:
            records.write(row if args.format == "json" else _flat(row, columns))


def save(path: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Write the rows to a file, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    from ..tables import open_table

    table = open_table(path, columns)
    try:
        for row in rows:
            table.write(_flat(row, columns))
        table.keep()
    except BaseException:
        table.discard()
        raise


def _flat(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    """The row with lists and objects as JSON text: a cell holds one value."""
    cells = {name: row.get(name) for name in columns}
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        for name, value in cells.items()
    }


def about(row: Row, end: str = "") -> str:
    """Owner, listing and day in parentheses, as far as they are known; `end` stands after each column's name."""
    from ..output import visible

    owner, listing, time = (row.get(name + end) for name in ("owner", "listing", "time"))
    parts = [owner, listing and f"listing {listing}", time and str(time)[:10]]
    known = ", ".join(visible(str(part)) for part in parts if part)
    return f"  ({known})" if known else ""


def print_groups(rows: Iterable[Row], head: Callable[[Row], str], tail: Callable[[Row], str] = lambda _: "") -> None:
    """Print rows in groups, with an empty line between two, names as sha256sum prints them.

    Args:
        rows: with `group` and `image`.
        head: what stands before a name.
        tail: what stands at the end of its line.
    """
    from ..output import escaped, write_line

    before = None
    for row in rows:
        if before is not None and row["group"] != before:
            write_line("")
        before = row["group"]
        mark, name = escaped(row["image"])
        write_line(f"{mark}{head(row)}{name}{about(row)}{tail(row)}")


def print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print rows in columns of even width, under their names."""
    from ..output import visible, write_line

    lines = [list(columns), *([_text(row.get(name)) for name in columns] for row in rows)]
    lines = [[visible(cell) for cell in line] for line in lines]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        write_line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
