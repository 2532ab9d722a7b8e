"""Keeps the libraries' remarks off the user's screen."""

from __future__ import annotations

import logging
import os
import sys
import warnings

__all__ = ["silence_libraries"]


def silence_libraries() -> None:
    """Drop what libraries have to say about odd metadata, retries and broken strips.

    What matters comes as an exception, and from there as one message with the image's name.
    """
    logging.disable(logging.CRITICAL)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    _divert_native_messages()


def _divert_native_messages() -> None:
    """Keep standard error for Python alone: libtiff writes to the descriptor itself, in the middle of the bar."""
    # None in a process that was started with it closed.
    stream = sys.__stderr__
    if stream is None or sys.stderr is not stream or stream.fileno() != 2:
        return
    own = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = os.fdopen(own, "w", buffering=1, encoding=stream.encoding, errors="backslashreplace")
