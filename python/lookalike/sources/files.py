"""Paths, folders and patterns: which files they mean."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from itertools import accumulate
from operator import or_
from pathlib import PurePath
from typing import BinaryIO

from ..errors import NoFileError
from ..options import Limits
from .folders import walk
from .names import EXTENSIONS, is_picture_name, readable
from .regular import is_file, open_regular

__all__ = ["EXTENSIONS", "FileName", "expand_path", "is_file", "open_file", "readable"]

Found = str | Exception


class FileName(str):
    """The path of a file, told from an address, which is text too.

    A `pathlib.Path` would do, but to make one and its text takes longer than all else that is done for a
    file outside the core.
    """

    __slots__ = ()


def expand_path(text: str) -> Iterator[tuple[str, Found]]:
    """The files that a path, folder or pattern means, sorted, each as its id and its path.

    A folder is searched in depth, for files with one of `EXTENSIONS`. A pattern (`*`, `?`, `[...]`, and
    `**` for any depth) takes such files too, and any file if it spells the extension. Names that begin
    with a dot are passed over, and folders behind symbolic links are not entered. A pipe, a device or a link that
    leads nowhere is found if it has such a name, and fails when it is to be opened.

    Where there is no file, the second of the pair is an exception that says so.
    """
    mode = _mode(text)
    if isinstance(mode, OSError):
        yield readable(text), mode
    elif mode is None:
        yield from _of_pattern(text) if _has_wildcard(text) else _nothing(text, "no such file or folder")
    elif not stat.S_ISDIR(mode):
        yield readable(text), text
    else:
        yield from _of_folder(text)


def open_file(path: str | os.PathLike[str], max_bytes: int) -> BinaryIO:
    """Open a regular file for reading, or a member of an archive by its id, which is read into memory.

    Raises:
        NoFileError, NoImageError, LimitError, OSError: as `open_regular`.
    """
    try:
        return open_regular(path, max_bytes)
    except NoFileError:
        from .archives import opened_member

        member = opened_member(os.fspath(path), Limits(bytes=max_bytes))
        if member is None:
            raise
        return member


def _mode(path: str) -> int | OSError | None:
    try:
        return os.stat(path).st_mode  # noqa: PTH116  # see `is_file`
    except PermissionError as error:
        return error
    except (OSError, ValueError):
        return None


def _nothing(text: str, problem: str) -> Iterator[tuple[str, Found]]:
    yield readable(text), NoFileError(f"{problem}: {readable(text)!r}")


def _of_folder(folder: str) -> Iterator[tuple[str, Found]]:
    count = 0
    for name, found in walk(folder, lambda _: True):
        if isinstance(found, Exception) or is_picture_name(name):
            count += 1
            yield readable(_joined(folder, name)), found
    if not count:
        yield from _nothing(folder, "no pictures in the folder")


def _of_pattern(pattern: str) -> Iterator[tuple[str, Found]]:
    root, parts = _split(pattern)
    extension = PurePath(parts[-1]).suffix
    spelled = bool(extension) and not _has_wildcard(extension)
    count = 0
    for name, found in walk(root or os.curdir, lambda folder: _may_hold(folder.split("/"), parts)):
        if isinstance(found, Exception) or (_matches(name.split("/"), parts) and (spelled or is_picture_name(name))):
            count += 1
            yield readable(_joined(root, name)), found
    if not count:
        yield from _nothing(pattern, "no file matches the pattern")


def _joined(folder: str, name: str) -> str:
    if not name or not folder:
        return folder or name
    return folder + name if folder.endswith(("/", os.sep)) else f"{folder}/{name}"


def _has_wildcard(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _split(pattern: str) -> tuple[str, list[str]]:
    """The fixed folder that a pattern begins with, and the parts from its first wildcard on."""
    parts = pattern.replace(os.sep, "/").split("/")
    first = next(index for index, part in enumerate(parts) if _has_wildcard(part))
    root = "/".join(parts[:first])
    return root or ("/" if first else ""), [part for part in parts[first:] if part] or ["*"]


def _matches(names: list[str], parts: list[str]) -> bool:
    """Whether a path matches a pattern. Part by part, so that no number of `**` makes it slow."""
    if parts[-1] == "**":
        parts = [*parts, "*"]
    # For each number of names from 0, whether so many match the parts so far.
    reached = [True, *(False for _ in names)]
    for part in parts:
        if part == "**":
            reached = list(accumulate(reached, or_))
        else:
            pairs = zip(reached, names, strict=False)
            reached = [False, *(before and fnmatch.fnmatch(name, part) for before, name in pairs)]
    return reached[-1]


def _may_hold(folders: list[str], parts: list[str]) -> bool:
    """Whether files below these folders can match: so that `*.jpg` does not walk the whole tree."""
    for depth, folder in enumerate(folders):
        if depth < len(parts) and parts[depth] == "**":
            return True
        if depth >= len(parts) - 1 or not fnmatch.fnmatch(folder, parts[depth]):
            return False
    return True
