"""Fingerprints images and finds their copies.

Names are loaded when they are first used, so that `import lookalike` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._core import DEBUG_BUILD, __version__

if TYPE_CHECKING:
    from . import evaluate, imagehash
    from .comparing.comparison import Comparison, compare
    from .errors import (
        ColumnError,
        DamagedError,
        FetchError,
        LibraryError,
        LimitError,
        LockedError,
        LookalikeError,
        MismatchError,
        MissingExtraError,
        NewerError,
        NoFileError,
        NoImageError,
        NoLibraryError,
        SourceError,
    )
    from .fingerprints import Fingerprint, fingerprint, fingerprint_many, pdq
    from .hashes import Hash, MultiHash, hamming_distance, hex_digit_distance
    from .kinds import Kind
    from .library.library import Library
    from .matching.duplicates import find_duplicates, is_duplicate
    from .matching.similar import find_similar
    from .options import Limits
    from .show.gallery import Gallery, gallery

_HOMES = {
    "ColumnError": "errors",
    "Comparison": "comparing.comparison",
    "DamagedError": "errors",
    "FetchError": "errors",
    "Fingerprint": "fingerprints",
    "Gallery": "show.gallery",
    "Hash": "hashes",
    "Kind": "kinds",
    "Library": "library.library",
    "LibraryError": "errors",
    "LimitError": "errors",
    "Limits": "options",
    "LockedError": "errors",
    "LookalikeError": "errors",
    "MismatchError": "errors",
    "MissingExtraError": "errors",
    "MultiHash": "hashes",
    "NewerError": "errors",
    "NoFileError": "errors",
    "NoImageError": "errors",
    "NoLibraryError": "errors",
    "SourceError": "errors",
    "compare": "comparing.comparison",
    "find_duplicates": "matching.duplicates",
    "find_similar": "matching.similar",
    "fingerprint": "fingerprints",
    "fingerprint_many": "fingerprints",
    "gallery": "show.gallery",
    "hamming_distance": "hashes",
    "hex_digit_distance": "hashes",
    "is_duplicate": "matching.duplicates",
    "pdq": "fingerprints",
}

_MODULES = ("evaluate", "imagehash")

__all__ = [
    "ColumnError",
    "Comparison",
    "DamagedError",
    "FetchError",
    "Fingerprint",
    "Gallery",
    "Hash",
    "Kind",
    "Library",
    "LibraryError",
    "LimitError",
    "Limits",
    "LockedError",
    "LookalikeError",
    "MismatchError",
    "MissingExtraError",
    "MultiHash",
    "NewerError",
    "NoFileError",
    "NoImageError",
    "NoLibraryError",
    "SourceError",
    "__version__",
    "compare",
    "evaluate",
    "find_duplicates",
    "find_similar",
    "fingerprint",
    "fingerprint_many",
    "gallery",
    "hamming_distance",
    "hex_digit_distance",
    "imagehash",
    "is_duplicate",
    "pdq",
]

if DEBUG_BUILD:
    import warnings

    warnings.warn("lookalike's core is a debug build, many times slower: build it with --release", stacklevel=2)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("." + _HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
