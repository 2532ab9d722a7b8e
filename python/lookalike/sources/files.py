"""Paths, folders and patterns: which files they mean."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import BinaryIO

from ..errors import LimitError, NoFileError, NoImageError

__all__ = ["EXTENSIONS", "FileName", "expand_path", "is_file", "open_file", "readable"]

_NAMES = """
    .apng .avif .avifs .blp .bmp .bw .cur .dcx .dds .dib .fit .fits .flc .fli .ftc .ftu .gbr .gif .heic .heics .heif
    .heifs .hif .icb .icns .ico .im .j2c .j2k .jfif .jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .msp .pbm .pcd .pcx .pfm .pgm
    .png .pnm .ppm .psd .pxr .qoi .ras .rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp .xbm .xpm
"""
EXTENSIONS = frozenset(_NAMES.split())
"""Which files of a folder are pictures: what Pillow and pillow-heif decode by themselves.

Left out are PostScript (a program that Pillow hands to Ghostscript) and formats that Pillow can only
name (GRIB, BUFR, HDF5, MPEG, WMF).
"""

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
    with a dot are passed over, and folders behind symbolic links are not entered.

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


def is_file(path: str) -> bool:
    """Whether there is a regular file of that name."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  # a Path takes three times as long
    except (OSError, ValueError):
        return False


def open_file(path: str | os.PathLike[str], max_bytes: int) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        NoFileError: if there is none.
        NoImageError: for a folder, a device or a pipe (which is not opened: it could block for ever).
        LimitError: if it is longer than `max_bytes`.
        OSError: if the system refuses it.
    """
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NoFileError("no such file") from None
    if not stat.S_ISREG(status.st_mode):
        raise NoImageError(f"expected a file, got {_species(status.st_mode)}")
    if status.st_size > max_bytes:
        raise LimitError(f"expected at most {max_bytes:,} bytes, got a file of {status.st_size:,}; raise Limits.bytes")
    return Path(path).open("rb")


def readable(path: str) -> str:
    """A path as text that every file and table can hold: bytes that are no UTF-8 written as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace") if not _is_unicode(path) else path


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _mode(path: str) -> int | OSError | None:
    try:
        return os.stat(path).st_mode  # noqa: PTH116  # see `is_file`
    except PermissionError as error:
        return error
    except (OSError, ValueError):
        return None


def _species(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "something that is no regular file"


def _nothing(text: str, problem: str) -> Iterator[tuple[str, Found]]:
    yield readable(text), NoFileError(f"{problem}: {readable(text)!r}")


def _of_folder(folder: str) -> Iterator[tuple[str, Found]]:
    count = 0
    for name, found in _walk(folder, lambda _: True):
        if isinstance(found, Exception) or _is_picture_name(name):
            count += 1
            yield readable(_joined(folder, name)), found
    if not count:
        yield from _nothing(folder, "no pictures in the folder")


def _of_pattern(pattern: str) -> Iterator[tuple[str, Found]]:
    root, parts = _split(pattern)
    extension = PurePath(parts[-1]).suffix
    spelled = bool(extension) and not _has_wildcard(extension)
    count = 0
    for name, found in _walk(root or os.curdir, lambda folder: _may_hold(folder.split("/"), parts)):
        if isinstance(found, Exception) or (_matches(name.split("/"), parts) and (spelled or _is_picture_name(name))):
            count += 1
            yield readable(_joined(root, name)), found
    if not count:
        yield from _nothing(pattern, "no file matches the pattern")


def _walk(root: str, enter: Callable[[str], bool]) -> Iterator[tuple[str, Found]]:
    """Files below a folder, in depth and in the order of their names, each as its path from there and its path."""
    waiting = [("", root, True)]
    while waiting:
        name, path, is_folder = waiting.pop()
        if not is_folder:
            yield name, path
        elif not name or enter(name):
            try:
                waiting += reversed(_members(path, f"{name}/" if name else ""))
            except (FileNotFoundError, NotADirectoryError):
                continue  # the fixed part of a pattern, or a folder that has just been removed
            except OSError as error:
                yield name, error


def _members(folder: str, prefix: str) -> list[tuple[str, str, bool]]:
    """Regular files and real folders in a folder, sorted by name: name with prefix, path, whether a folder."""
    with os.scandir(folder) as entries:
        found = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    marked = [(entry, _is_folder(entry)) for entry in found]
    return [(prefix + entry.name, entry.path, inner) for entry, inner in marked if inner or _is_regular(entry)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_regular(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_picture_name(name: str) -> bool:
    return f".{name.rpartition('.')[2].lower()}" in EXTENSIONS


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
    if not parts:
        return not names
    if parts[0] == "**":
        rest = parts[1:] or ["*"]
        return any(_matches(names[skipped:], rest) for skipped in range(len(names)))
    return bool(names) and fnmatch.fnmatch(names[0], parts[0]) and _matches(names[1:], parts[1:])


def _may_hold(folders: list[str], parts: list[str]) -> bool:
    """Whether files below these folders can match: so that `*.jpg` does not walk the whole tree."""
    for depth, folder in enumerate(folders):
        if depth < len(parts) and parts[depth] == "**":
            return True
        if depth >= len(parts) - 1 or not fnmatch.fnmatch(folder, parts[depth]):
            return False
    return True
