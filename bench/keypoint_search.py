"""Parts of pictures found among many: time, recall, disk and memory at 10,000, 100,000 and a million pictures.

The first pictures are photographs that the vocabulary was not trained on; edits of them are the queries. The others are
synthetic (see `keypoint_sets.Crowd`), because photographs run out. A query has 800 keypoints, and as many of it
mirrored; its 100 best candidates are matched. Recall is among those queries that match their original when they are
compared with it alone: what is lost is what the index loses.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from lookalike.keypoint_index import KeypointIndex, match_pairs

from .harness import Line, main, milliseconds, use_one_core
from .keypoint_sets import EDITS, Crowd, keypoints_of, photos
from .pictures import ROOT

LIBRARY_BUDGET, QUERY_BUDGET = 160, 800
COUNTS = (10_000, 100_000, 1_000_000)
CANDIDATES = 100
SURE = 8.0
"""Evidence with which a pair of pictures is taken to match: about one chance pair in four thousand has it."""

OTHER_BYTES = 1400
"""Of a picture's other rows in a library's catalog."""

MOST_MILLISECONDS = {100_000: 200, 1_000_000: 1500}
MOST_BYTES = 10e9


@dataclass(frozen=True)
class Query:
    """An edit of photograph `row`, upright and mirrored."""

    edit: str
    row: int
    blobs: tuple[bytes, bytes]


def run(quick: bool) -> list[Line]:
    """All sizes."""
    use_one_core()
    pictures = photos(40 if quick else 200)
    known = [photo.keypoints(LIBRARY_BUDGET) for photo in pictures]
    rng = np.random.default_rng(1)
    queries = [
        Query(name, row, _both(edit(pictures[row].image, rng)))
        for row in range(0, len(pictures), 4 if quick else 5)
        for name, edit in EDITS.items()
    ]
    queries = [query for query in queries if _matches(query, known[query.row])]
    crowd = Crowd(
        [photo.keypoints(LIBRARY_BUDGET) for photo in photos(60 if quick else 400, training=True)], LIBRARY_BUDGET
    )
    lines: list[Line] = []
    home = ROOT / ".bench"
    with tempfile.TemporaryDirectory(dir=home if home.is_dir() else None) as folder:
        for count in COUNTS[: 1 if quick else None]:
            lines += measure(count, known, crowd, queries, Path(folder) / "index.key")
    return lines


def _both(image: Image.Image) -> tuple[bytes, bytes]:
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return keypoints_of(image, QUERY_BUDGET), keypoints_of(mirrored, QUERY_BUDGET)


def _matches(query: Query, original: bytes) -> bool:
    return any(match_pairs(blob, [original])[0].figures.quality >= SURE for blob in query.blobs)


def measure(count: int, known: list[bytes], crowd: Crowd, queries: list[Query], path: Path) -> list[Line]:
    """Build the index of so many pictures, and ask it."""
    sizes: list[int] = []

    def blobs() -> Iterator[bytes]:
        for source in (known, crowd.some(count - len(known))):
            for blob in source:
                sizes.append(len(blob))
                yield blob

    start = time.process_time()
    KeypointIndex.build(np.arange(count), blobs(), path=path)
    built = time.process_time() - start
    index = KeypointIndex.open(path)
    before = _own_memory()
    seconds, found, matched = _ask(index, known, crowd, queries)
    memory = _own_memory() - before
    name = f"parts among {count:,} pictures"
    every = index.nbytes + sum(sizes) + OTHER_BYTES * count
    most = MOST_MILLISECONDS.get(count)
    figures = f"{milliseconds(median(seconds))}, at most {milliseconds(max(seconds))}"
    figures += f" (search {milliseconds(median(found['seconds']))}); built in {built:.0f} s, synthesis included"
    first = np.array(found["rank"])
    recall = float((first < CANDIDATES).mean())
    shares = ", ".join(f"{(first < best).mean():.3f} in {best}" for best in (1, 10, 100))
    disk = (
        f"index {index.nbytes / 1e9:.2f} GB, keypoints {sum(sizes) / 1e9:.2f} GB, with other rows {every / 1e9:.2f} GB"
    )
    return [
        Line(
            f"{name}: a query",
            f"at most {most} ms" if most else "",
            figures,
            most is None or median(seconds) * 1e3 <= most,
        ),
        Line(
            f"{name}: candidates", "0.98 in 100", f"{shares}; matched {matched:.3f} of {len(queries)}", recall >= 0.98
        ),
        Line(f"{name}: disk", f"at most {MOST_BYTES / 1e9:.0f} GB", disk, every <= MOST_BYTES),
        Line(f"{name}: memory of a search, beside the mapped file", "", f"{memory / 1e6:.0f} MB", None),
    ]


def _ask(
    index: KeypointIndex, known: list[bytes], crowd: Crowd, queries: list[Query]
) -> tuple[list[float], dict[str, list[float]], float]:
    """Seconds of each query, those of its search and the original's rank, and the share that matched in the end."""
    index.search(queries[0].blobs, CANDIDATES)
    seconds, found, matched = [], {"seconds": [0.0] * 0, "rank": [0.0] * 0}, 0
    for query in queries:
        start = time.process_time()
        hits = index.search(query.blobs, CANDIDATES)
        searched = time.process_time() - start
        rows = hits.rows.tolist()
        blobs = [known[row] if row < len(known) else crowd.one(row - len(known)) for row in rows]
        start = time.process_time()
        for side in (0, 1):
            mine = [number for number, blob in enumerate(hits.blobs.tolist()) if blob == side]
            pairs = match_pairs(query.blobs[side], [blobs[number] for number in mine])
            good = [rows[number] for number, pair in zip(mine, pairs, strict=True) if pair.figures.quality >= SURE]
            matched += query.row in good
        seconds.append(searched + time.process_time() - start)
        found["seconds"].append(searched)
        found["rank"].append(rows.index(query.row) if query.row in rows else np.inf)
    return seconds, found, matched / len(queries)


def _own_memory() -> float:
    """Bytes in memory that are no file's; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))
    except (OSError, StopIteration):
        return 0.0


if __name__ == "__main__":
    main(run)
