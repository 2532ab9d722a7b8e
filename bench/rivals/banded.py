"""DuckDB's banded join: `banded.py CODES.npy PAIRS.npy RADIUS`; prints the processor's seconds.

Run by an interpreter in which duckdb is installed: nothing of the project is imported.
"""

from __future__ import annotations

import importlib
import itertools
import sys
import time


def main(source: str, target: str, radius: int) -> None:
    """Join the codes in the one file, and write pairs of their positions into the other."""
    numpy, duckdb = importlib.import_module("numpy"), importlib.import_module("duckdb")
    codes = numpy.load(source)
    base = duckdb.connect()
    base.execute("SET threads = 1")
    table = {"id": numpy.arange(len(codes)), "code": codes}
    base.register("given", table)
    base.execute("CREATE TABLE codes AS SELECT id, code FROM given")
    start = time.process_time()
    found = base.execute(query(radius)).fetchnumpy()
    seconds = time.process_time() - start
    numpy.save(target, numpy.stack([found["a"], found["b"]], axis=1))
    print(seconds)


def query(radius: int) -> str:
    """One join for each band of bits; `UNION` takes each pair once."""
    cuts = [64 * band // (radius + 1) for band in range(radius + 2)]
    bands = [f"((code >> {low}) & {(1 << (high - low)) - 1})" for low, high in itertools.pairwise(cuts)]
    return " UNION ".join(
        f"SELECT a.id AS a, b.id AS b FROM (SELECT id, code, {band} AS band FROM codes) a"
        f" JOIN (SELECT id, code, {band} AS band FROM codes) b ON a.band = b.band"
        f" WHERE a.id < b.id AND bit_count(xor(a.code, b.code)) <= {radius}"
        for band in bands
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
