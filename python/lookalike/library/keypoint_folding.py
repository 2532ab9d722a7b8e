"""Writing the index over keypoints, by the rules of `folding`: what no file covers becomes one, small ones larger ones.

Files of keypoints grow by the same factor, but are written sooner: before their tail can be searched from memory, a
millisecond goes into each image. A range is gone through some images at a time, so it may be longer than the memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..keypoint_index import KeypointIndex
from .catalog import Segment
from .folding import Range, file_name, sweep, sync
from .index import Index
from .keypoint_files import believed_keypoints, gathered, said_of
from .records import KEYPOINTS

__all__ = ["DURING", "TAIL", "compact", "fault", "fold", "is_due", "rebuild"]

TAIL = 100
"""Images that are better searched from memory than written as a file of their own: to index one takes a millisecond."""
DURING = 1_000
"""The same while an add goes on."""
_GROWTH = 4
_MOST = 20_000_000
"""Images in one file: it holds 2**32 keypoints at most."""


def is_due(index: Index, *, ended: bool) -> bool:
    """Whether the tail should become a file: at the end of an add, or while it goes on."""
    listed = (segment.last_row for segment in index.catalog.segments() if segment.kind == KEYPOINTS)
    return index.catalog.keypoints.last() - max(listed, default=0) >= (TAIL if ended else DURING)


def fold(index: Index) -> None:
    """Write the tail as a file, together with as many before it as it has outgrown. With the lock held."""
    _refresh(index)
    files = index.keypoints
    taken: list[Segment] = []
    size = files.tail
    for segment in sorted(files.segments, key=lambda segment: -segment.first_row):
        if segment.codes >= _GROWTH * size or size + segment.codes > _MOST:
            break
        taken.append(segment)
        size += segment.codes
    first = min((segment.first_row for segment in taken), default=files.folded + 1)
    _rewrite(index, taken, (first, files.last))


def compact(index: Index) -> None:
    """One file (of very many images, a few), without rows that are gone. With the lock held."""
    _refresh(index)
    files = index.keypoints
    groups = _groups(files.segments)
    codes = sum(segment.codes for segment in files.segments)
    has_all_and_no_other = not files.tail and codes == index.catalog.keypoints.count()
    if has_all_and_no_other and len(groups) >= len(files.segments) and _are_sound(index, files.segments):
        return
    # The last first, for it takes in the tail, which begins behind the last file.
    ends = [group[-1].last_row for group in groups[:-1]]
    for group, start, end in reversed(list(zip(groups, [0, *ends], [*ends, files.last], strict=True))):
        _rewrite(index, group, (start + 1, end))


def _groups(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Those that become one file each: as many as fit into one."""
    groups: list[list[Segment]] = [[]]
    for segment in sorted(segments, key=lambda segment: segment.first_row):
        if groups[-1] and sum(one.codes for one in groups[-1]) + segment.codes > _MOST:
            groups.append([])
        groups[-1].append(segment)
    return groups


def rebuild(index: Index, ranges: Iterable[Range]) -> None:
    """Write the files of some ranges anew, from the catalog. With the lock held."""
    for first, last in sorted({span for span in ranges if span[0] <= span[1]}):
        _refresh(index)
        old = [s for s in index.keypoints.segments if s.first_row <= last and s.last_row >= first]
        first, last = min([first, *(s.first_row for s in old)]), max([last, *(s.last_row for s in old)])
        _rewrite(index, old, (first, last), trust=False)


def _refresh(index: Index) -> None:
    with index.catalog.store.snapshot():
        index.refresh()


def _rewrite(index: Index, old: Sequence[Segment], span: Range, *, trust: bool = True) -> None:
    """Put one file over a range in the place of others."""
    catalog = index.catalog
    generation = catalog.generation() + 1
    index.folder.mkdir(parents=True, exist_ok=True)
    try:
        made = _write(index, old if trust else (), span, generation)
        sync(index.folder)
        with catalog.store.transaction():
            catalog.replace_segments(old, [made] if made.codes else [])
    finally:
        # What was replaced; or, on a full disk say, what was made in vain.
        sweep(index)
    _refresh(index)


def _write(index: Index, old: Sequence[Segment], span: Range, generation: int) -> Segment:
    """A file over a range, from files that are sound, and the rest from the catalog."""
    catalog, name = index.catalog, file_name(index.catalog, KEYPOINTS, generation)
    path, about = index.folder / name, said_of(catalog, generation)
    parts: list[tuple[KeypointIndex, np.ndarray]] = []
    start = span[0]
    for segment in sorted(old, key=lambda segment: segment.first_row):
        found = _sound(index, segment)
        if found is not None:
            if segment.first_row > start:
                parts.append(_of_catalog(index, start, segment.first_row - 1))
            parts.append((found, index.gone))
            start = segment.last_row + 1
    if not parts:
        whole = gathered(catalog, *span, path, about)
    else:
        parts += [_of_catalog(index, start, span[1])] if start <= span[1] else []
        whole = KeypointIndex.merge(parts, path=path, about=about)
    return Segment(catalog.store.home, name, KEYPOINTS, *span, len(whole), generation, str(whole.checksum))


def _of_catalog(index: Index, first: int, last: int) -> tuple[KeypointIndex, np.ndarray]:
    return gathered(index.catalog, first, last), np.zeros(0, np.int64)


def _sound(index: Index, segment: Segment) -> KeypointIndex | None:
    """A file; `None` if it is not to be believed, for what is wrong in it must not be handed on."""
    try:
        found = believed_keypoints(index.folder, segment, index.catalog)
        found.verify()
    except (OSError, ValueError):
        return None
    return found


def _are_sound(index: Index, segments: Sequence[Segment]) -> bool:
    return all(_sound(index, segment) is not None for segment in segments)


def fault(index: Index, segment: Segment) -> str | None:
    """What is wrong with one file, if anything: its rows must be those of the catalog. Inside `index.fresh()`."""
    try:
        found = believed_keypoints(index.folder, segment, index.catalog)
        found.verify()
    except (OSError, ValueError) as error:
        return str(error)
    got = np.sort(found.rows)
    got = got[index.live(got)]
    expected = np.sort(index.catalog.keypoints.rows_between(segment.first_row, segment.last_row))
    if np.array_equal(got, expected):
        return None
    return f"expected the {len(expected):,} rows of the catalog, got {len(got):,} that are not the same"
