"""Every error that Lookalike raises on its own account.

    LookalikeError
    ├── SourceError                     one source could not become a picture
    │   ├── NoImageError    (ValueError)    its bytes are no picture, or a broken one
    │   ├── NoFileError     (FileNotFoundError)  a path, folder or pattern with nothing in it
    │   ├── FetchError      (OSError)       an address did not answer with a picture
    │   └── LimitError      (ValueError)    it has or takes more than a limit allows
    ├── MismatchError       (ValueError)    hashes that cannot be compared
    ├── ColumnError         (LookupError)   a frame without the column
    ├── MissingExtraError   (ImportError)   an optional package is not installed
    └── LibraryError        (RuntimeError)  a library on disk cannot do what was asked
        ├── NoLibraryError  (FileNotFoundError)  there is none where it was looked for
        ├── LockedError                     another process is writing it
        ├── NewerError                      it was made by a newer release
        └── DamagedError                    its catalog is no sound database

Some calls also raise a built-in: `ValueError` and `TypeError` for an argument that is out of range or
of the wrong type, `OSError` and its kin for a file that cannot be opened.
"""

from __future__ import annotations

__all__ = [
    "ColumnError",
    "DamagedError",
    "FetchError",
    "LibraryError",
    "LimitError",
    "LockedError",
    "LookalikeError",
    "MismatchError",
    "MissingExtraError",
    "NewerError",
    "NoFileError",
    "NoImageError",
    "NoLibraryError",
    "SourceError",
]


class LookalikeError(Exception):
    """The parent of all errors below."""


class SourceError(LookalikeError):
    """One source could not be read as a picture. In a batch it becomes the row's `error`."""


class NoImageError(SourceError, ValueError):
    """The bytes are no picture, a truncated one, or one in a format that is not supported."""


class NoFileError(SourceError, FileNotFoundError):
    """A path that does not exist, or a folder or pattern with no picture in it."""


class FetchError(SourceError, OSError):
    """An address that could not be fetched, or did not answer with a picture."""


class LimitError(SourceError, ValueError):
    """A picture that has or takes more than the limits allow: pixels, bytes, memory, time; the text says which."""


class MismatchError(LookalikeError, ValueError):
    """Two hashes of different kinds, lengths or recipes: the distance between them means nothing."""


class ColumnError(LookalikeError, LookupError):
    """A frame lacks the column that was asked for."""


class MissingExtraError(LookalikeError, ImportError):
    """An optional package is needed; the text gives the `pip install` that brings it."""

    @classmethod
    def for_extra(cls, task: str, package: str, extra: str) -> MissingExtraError:
        """Say that `task` needs `package`, and which extra installs it."""
        return cls(f"{task} needs the package {package!r}: pip install 'lookalike[{extra}]'")


class LibraryError(LookalikeError, RuntimeError):
    """A library cannot do what was asked; the text says why."""


class NoLibraryError(LibraryError, FileNotFoundError):
    """There is no library where one was to be read: adding to it makes it."""


class LockedError(LibraryError):
    """Another process is writing the library; the text says which."""


class NewerError(LibraryError):
    """The library was made by a newer release, with a catalog that this one does not know."""


class DamagedError(LibraryError):
    """The library's catalog is damaged. (A damaged index is rebuilt from the catalog.)"""


def visible(text: str) -> str:
    """The text with what would act on a terminal, or hides what is behind it, written out, as `repr` does."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def shortened(value: object, length: int = 80) -> str:
    """The value's `repr`, cut in the middle where it is long, for an error text."""
    text = repr(value)
    half = length // 2
    return text if len(text) <= length else f"{text[:half]}…{text[-half:]} ({len(text):,} characters)"
