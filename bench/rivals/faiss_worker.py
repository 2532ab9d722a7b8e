"""faiss in a process of its own, on one thread: each line of the input is a task, each answer a line of JSON.

Run by an interpreter in which faiss is installed. A task names an array of codes and one of queries (`.npy`), the
index (`flat` or `multihash`), `radius` or `nearest` with its number, and whether the queries go one by one or as a
batch. The answer has the processor's seconds, and the file that holds what was found: query, distance and row, sorted.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

faiss: Any = importlib.import_module("faiss")


@cache
def index_of(codes: str, kind: str) -> Any:
    """An index of a file of codes. The multi-hash has 16 tables of 16 bits, and looks one bit around."""
    array = np.load(codes)
    bits = 8 * array.shape[1]
    index = faiss.IndexBinaryFlat(bits) if kind == "flat" else faiss.IndexBinaryMultiHash(bits, 16, 16)
    if kind == "multihash":
        index.nflip = 1
    index.add(array)
    return index


def answer(task: dict[str, Any], folder: Path) -> dict[str, object]:
    """Do one task."""
    index, queries = index_of(task["codes"], task["index"]), np.load(task["queries"])
    batches = [queries] if task["batched"] else [queries[i : i + 1] for i in range(len(queries))]
    start = time.process_time()
    if "radius" in task:
        # Its radius is the first distance that does not count.
        found = [index.range_search(batch, task["radius"] + 1) for batch in batches]
    else:
        found = [index.search(batch, task["nearest"]) for batch in batches]
    seconds = time.process_time() - start
    path = folder / "found.npy"
    np.save(path, triples(found, "radius" in task))
    return {"seconds": seconds, "found": str(path)}


def triples(found: list[tuple[NDArray[Any], ...]], ragged: bool) -> NDArray[np.int64]:
    """Query, distance, row."""
    parts, first = [], 0
    for batch in found:
        if ragged:
            limits, distances, rows = batch
            ends = np.asarray(limits, np.int64)
            counts = ends[1:] - ends[:-1]
        else:
            distances, rows = batch
            counts = np.full(len(rows), rows.shape[1])
        queries = first + np.repeat(np.arange(len(counts)), counts)
        parts.append(np.stack([queries, distances.ravel().astype(np.int64), rows.ravel()], axis=1))
        first += len(counts)
    table = np.concatenate(parts)
    return table[np.lexsort(table.T[::-1])]


if __name__ == "__main__":
    faiss.omp_set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), Path(sys.argv[1]))), flush=True)
