"""What is below a folder: in depth, in the order of names, and in little memory however much it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

__all__ = ["walk"]

_HELD = 200_000
"""So many names of a folder are in memory, or twice as many while it is read: a longer one is read several times."""
# Behind a name in a list. No name has this character, and as it comes before all others, the order stays.
_END, _FOLDER, _LINK = "\0", "folder", "link"

Found = str | OSError
_Member = tuple[str, Found, bool]


def walk(root: str, enter: Callable[[str], bool]) -> Iterator[tuple[str, Found]]:
    """What is no folder below a folder, each as its path from there and its path; an error for a folder that has one.

    Names that begin with a dot are passed over, and folders behind symbolic links are: links cannot lead round in a
    circle then, or out of the folder. Whatever else has a name is given, pipes and devices and links that lead nowhere
    too: nothing is opened here.

    Args:
        root: the folder.
        enter: whether to look into a folder, by its path from the root.
    """
    levels = [_members(root, "")]
    while levels:
        member = next(levels[-1], None)
        if member is None:
            levels.pop()
            continue
        name, found, is_folder = member
        if not is_folder:
            yield name, found
        elif enter(name):
            levels.append(_members(str(found), f"{name}/"))


def _members(folder: str, prefix: str) -> Iterator[_Member]:
    """What is in a folder, sorted by name: name with prefix, path, whether a folder."""
    try:
        for entry in _sorted(folder):
            name, _, kind = entry.partition(_END)
            path = os.path.join(folder, name)  # noqa: PTH118  # a Path takes many times as long
            if kind != _LINK or not os.path.isdir(path):  # noqa: PTH112
                yield prefix + name, path, kind == _FOLDER
    except (FileNotFoundError, NotADirectoryError):
        return  # the fixed part of a pattern, or a folder that has been removed meanwhile
    except OSError as error:
        yield prefix.removesuffix("/"), error, False


def _sorted(folder: str) -> Iterator[str]:
    """The names in a folder, in order, with their kinds."""
    after, is_more = "", True
    while is_more:
        part, is_more = _first(folder, after)
        yield from part
        after = part[-1] if part else ""


def _first(folder: str, after: str) -> tuple[list[str], bool]:
    """The first names in a folder after one, and whether there are more."""
    part: list[str] = []
    end = None
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name <= after or name.startswith(".") or (end is not None and name > end):
                continue
            part.append(name + _kind(entry))
            if len(part) == 2 * _HELD:
                end = _shorten(part)
    if len(part) > _HELD:
        end = _shorten(part)
    part.sort()
    return part, end is not None


def _shorten(part: list[str]) -> str:
    part.sort()
    del part[_HELD:]
    return part[-1]


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_dir(follow_symlinks=False):
            return _END + _FOLDER
        return _END + _LINK if entry.is_symlink() else ""
    except OSError:
        return ""
