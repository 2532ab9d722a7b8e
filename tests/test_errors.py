"""The tree of errors: parents, texts, pickling."""

from __future__ import annotations

import inspect
import pickle

import pytest

from lookalike import errors
from lookalike.errors import LookalikeError, MissingExtraError, shortened

BUILT_IN = {
    "LookalikeError": Exception,
    "SourceError": Exception,
    "NoImageError": ValueError,
    "NoFileError": FileNotFoundError,
    "FetchError": OSError,
    "LimitError": ValueError,
    "MismatchError": ValueError,
    "ColumnError": LookupError,
    "MissingExtraError": ImportError,
    "LibraryError": RuntimeError,
    "NoLibraryError": FileNotFoundError,
    "LockedError": RuntimeError,
    "NewerError": RuntimeError,
    "DamagedError": RuntimeError,
}


def test_every_error_is_public_and_drawn_in_the_tree() -> None:
    defined = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert defined == set(errors.__all__) == set(BUILT_IN)
    assert all(name in (errors.__doc__ or "") for name in defined)


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_is_ours_and_python_s_and_keeps_its_text(name: str) -> None:
    kind = getattr(errors, name)
    error = kind("expected this, got that: it's plain")
    assert isinstance(error, LookalikeError)
    assert isinstance(error, BUILT_IN[name])
    assert str(error) == "expected this, got that: it's plain"


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_survives_pickling(name: str) -> None:
    error = getattr(errors, name)("some text")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "some text"


@pytest.mark.parametrize("name", ["NoImageError", "NoFileError", "FetchError", "LimitError"])
def test_what_a_batch_turns_into_a_row_is_a_source_error(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.SourceError)


def test_a_missing_extra_names_the_command_that_brings_it() -> None:
    error = MissingExtraError.for_extra("a polars frame", "polars", "polars")
    assert str(error) == "a polars frame needs the package 'polars': pip install 'lookalike[polars]'"


def test_long_values_are_cut_in_an_error_text() -> None:
    assert shortened("short") == "'short'"
    text = shortened("x" * 100_000)
    assert len(text) < 120
    assert "100,002 characters" in text
