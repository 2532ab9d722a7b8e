"""Speed and memory against their targets: `python -m bench`, or one of them, as `python -m bench.imports`."""
