"""Texts in pictures, in the one font that is always there."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from PIL import ImageFont

__all__ = ["Letters", "font", "plain", "short", "wrapped"]

Letters = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=16)
def font(size: int) -> Letters:
    """Pillow's own font: no other one is on every machine."""
    try:
        return ImageFont.load_default(size)
    except ImportError:  # Pillow without FreeType
        return ImageFont.load_default()


def plain(text: str) -> str:
    """In characters that the font has; others are written out, so that names stay apart: `\\xe9`."""
    return "".join(sign if " " <= sign <= "~" else _written_out(sign) for sign in text)


def _written_out(sign: str) -> str:
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # a byte of a name that is no UTF-8
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def short(text: str, letters: Letters, width: float) -> str:
    """The text without its middle, if it is wider than so many pixels: a name's end tells it from others."""
    if letters.getlength(text) <= width:
        return text
    kept = len(text) - 1
    while kept > 1 and letters.getlength(_elided(text, kept)) > width:
        kept = kept * 9 // 10 if kept > 10 else kept - 1
    return _elided(text, kept)


def _elided(text: str, kept: int) -> str:
    return f"{text[: kept // 3]}...{text[len(text) - (kept - kept // 3) :]}"


def wrapped(text: str, letters: Letters, width: float) -> list[str]:
    """The text in lines of at most so many pixels; a word that is wider is cut."""
    text = plain(text)
    if letters.getlength(text) <= width:
        return [text]
    lines: list[str] = []
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and letters.getlength(joined) <= width:
            lines[-1] = joined
            continue
        lines += _pieces(word, letters, width)
    return lines


def _pieces(word: str, letters: Letters, width: float) -> list[str]:
    """A word in pieces of at most so many pixels, and of one letter at least."""
    pieces = []
    while letters.getlength(word) > width and len(word) > 1:
        fits = bisect_right(range(1, len(word)), width, key=lambda length: letters.getlength(word[:length]))
        pieces.append(word[: max(1, fits)])
        word = word[max(1, fits) :]
    return [*pieces, word]
