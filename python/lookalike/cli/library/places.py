"""LIBRARY: where it is, and the library that is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arguments import Parser, operand

if TYPE_CHECKING:
    from ...library.library import Library

__all__ = ["add_location", "add_wait", "existing", "is_library", "new_or_existing", "shown"]

_SCHEMES = ("postgresql://", "postgres://")


def add_location(parser: Parser) -> None:
    """Add the argument `LIBRARY`."""
    parser.add_argument(
        "library", metavar="LIBRARY", type=operand, help="directory of the library, or postgresql:// address"
    )


def add_wait(parser: Parser) -> None:
    """Add `--wait`."""
    from ..arguments import number

    parser.add_argument(
        "--wait", metavar="SECONDS", type=number, default=0, help="wait so long for another process that writes"
    )


def is_library(name: str) -> bool:
    """Whether a name means a library, told without opening it."""
    return name.startswith(_SCHEMES) or Path(name, "catalog.sqlite").is_file()


def existing(name: str) -> Library:
    """The library that is there.

    Raises:
        NoLibraryError: if there is none.
        LibraryError, OSError: if it cannot be opened.
    """
    from ...errors import NoLibraryError

    library = new_or_existing(name)
    if not library.exists:
        raise NoLibraryError(
            f"no library at {shown(name)!r}: make one with 'lookalike library add {shown(name)} FOLDER'"
        )
    return library


def new_or_existing(name: str, kinds: Any = None, recipe: str | None = None, parts: bool | None = None) -> Library:
    """The library that is there, or will be with the first image.

    Raises:
        MismatchError: if there is one with other kinds or another recipe.
        LibraryError, OSError: if it cannot be opened.
    """
    from ...library.library import Library

    _hear_warnings()
    return Library(name, kinds=kinds, recipe=recipe, parts=parts)


def shown(name: str) -> str:
    """The name for a message: an address without its password."""
    scheme, slashes, rest = name.partition("://")
    account, at, host = rest.rpartition("@")
    if not (slashes and at):
        return name
    return f"{scheme}://{account.partition(':')[0]}@{host}"


def _hear_warnings() -> None:
    """Let the library's own remarks through, which those of other packages are not."""
    import warnings

    from ..output import complain, in_the_shell

    def tell(message: Warning | str, *_: object) -> None:
        complain(in_the_shell(str(message)))

    warnings.filterwarnings("always", message=r"index file|the rows are added|only whole pictures")
    warnings.showwarning = tell  # type: ignore[assignment]  # it takes whatever else there is
