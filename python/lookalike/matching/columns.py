"""One column of hashes, read from a frame and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import MismatchError, shortened
from ..frames import column_names, read_columns, require_column
from ..hashes import parse_hash
from ..kinds import Kind
from ..options import recipe_name

__all__ = ["HashColumn", "is_missing", "kind_of", "read_hash_column"]

_HEX = re.compile("[0-9a-fA-F]*")


@dataclass(frozen=True, slots=True)
class HashColumn:
    """The hashes of a column, without the rows that have none.

    Attributes:
        name: the column's name.
        kind: what its texts are; `None` if nothing says so.
        recipe: the recipe, with its version, that made them all.
        rows: number of the frame's row for each text, ascending.
        texts: the hashes as hex text, in either case.
    """

    name: str
    kind: Kind | None
    recipe: str
    rows: Sequence[int]
    texts: Sequence[str]

    def codes(self, digits: int | None) -> tuple[list[str], list[int]]:
        """Every text's segments in one list (one a row, but for `crop_resistant`), and each row's first in it.

        Args:
            digits: hex digits that each must have; `None` for any number.

        Raises:
            ValueError: if a text is no hash of this kind; the error names row and value.
            MismatchError: if it is one, but of another length.
        """
        codes, starts = list(self.texts), list(range(len(self.texts)))
        if self.kind is None or self.kind.inner is not None:
            parts = [text.split(",") for text in self.texts]
            codes = [code for row in parts for code in row]
            starts = [0, *_running_sum(map(len, parts))][: len(parts)]
        if not self._well_formed(codes, digits):
            self._blame_a_row(digits)
        return codes, starts

    def _well_formed(self, codes: list[str], digits: int | None) -> bool:
        if not _HEX.fullmatch("".join(codes)) or not all(codes):
            return False
        if digits is None:
            return True
        bits = self._bits()
        highest = 0xF if bits is None else (1 << (bits - 4 * (digits - 1))) - 1
        leading = f"{'0123456789abcdef'[: highest + 1]}{'ABCDEF'[: max(0, highest - 9)]}"
        return set(map(len, codes)) <= {digits} and all(code[0] in leading for code in codes)

    def _bits(self) -> int | None:
        if self.kind is None:
            return None
        return self.kind.inner.bits if self.kind.inner else self.kind.bits

    def _blame_a_row(self, digits: int | None) -> None:
        """Say which row is wrong: the check of the whole column is fast, but does not know."""
        for row, text in zip(self.rows, self.texts, strict=True):
            where = f"column {self.name!r}, row {row}"
            if self.kind is None:
                if not all(part and _HEX.fullmatch(part) for part in text.split(",")):
                    raise ValueError(f"{where}: expected a hash as hex digits, got {shortened(text)}")
                continue
            try:
                parse_hash(text, self.kind, self.recipe)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            if digits is not None and any(len(part) != digits for part in text.split(",")):
                raise MismatchError(
                    f"{where}: expected {digits} hex digits as in the query, got {shortened(text)}; "
                    "hashes of different lengths cannot be compared"
                )


def read_hash_column(
    frame: Any, on: str, *, kind: str | Kind | None = None, recipe: str | None = None, name_must_be_kind: bool = True
) -> HashColumn:
    """Read the hashes of the column `on`.

    Args:
        frame: a pandas, polars or Arrow table.
        on: the column's name.
        kind: what the column has, if its name does not say so.
        recipe: what made it, if the frame has no column `recipe`.
        name_must_be_kind: whether a column of unknown kind is an error.

    Raises:
        ColumnError: if there is no such column.
        ValueError: if the kind is not known, or a value is no text.
        MismatchError: if the rows come from several recipes, or from another than `recipe`.
    """
    require_column(frame, on)
    own_kind = kind_of(on)
    known = own_kind if kind is None else Kind.parse(kind)
    if own_kind is not None and known != own_kind:
        raise MismatchError(f"the column {on!r} has {own_kind} hashes, not {known}: leave out kind=")
    if known is None and name_must_be_kind:
        raise ValueError(f"column {on!r} is not named after a hash kind: pass kind=, as in kind='phash'")
    has_recipe = "recipe" in column_names(frame)
    columns = read_columns(frame, [on, "recipe"] if has_recipe else [on])
    rows = [row for row, value in enumerate(columns[on]) if not is_missing(value)]
    texts = [columns[on][row] for row in rows]
    for row, value in zip(rows, texts, strict=True):
        if not isinstance(value, str):
            hint = "; read the column as text, numbers lose leading zeros" if isinstance(value, (int, float)) else ""
            raise ValueError(
                f"column {on!r}, row {row}: expected a hash as hex text, got {shortened(value)} "
                f"({type(value).__name__}){hint}"
            )
    named = {columns["recipe"][row] for row in rows} if has_recipe else set()
    return HashColumn(
        on, known, _one_recipe({str(name) for name in named if not is_missing(name)}, recipe), rows, texts
    )


def kind_of(name: str) -> Kind | None:
    """The hash kind that a column is named after, if it is."""
    try:
        return Kind.parse(name)
    except (ValueError, TypeError):
        return None


def is_missing(value: object) -> bool:
    """Whether a cell that `read_columns` gave is empty; files of text have empty texts for it."""
    return value is None or value == ""


def _one_recipe(named: set[str], asked: str | None) -> str:
    if len(named) > 1:
        raise MismatchError(f"the rows come from several recipes, {', '.join(sorted(named))}: compare one at a time")
    found = recipe_name(named.pop()) if named else None
    wanted = recipe_name(asked) if asked is not None else None
    if found and wanted and found != wanted:
        raise MismatchError(f"the rows come from the recipe {found}, not from {wanted}: fingerprint them again with it")
    return found or wanted or recipe_name("standard")


def _running_sum(numbers: Any) -> list[int]:
    total, sums = 0, []
    for number in numbers:
        total += number
        sums.append(total)
    return sums
