"""What bytes are that turned out to be no picture, in words for an error."""

from __future__ import annotations

__all__ = ["describe", "is_heif", "is_postscript"]

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1")
_SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"Rar!", "a rar archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio or video file"),
    (b"\x1aE\xdf\xa3", "a video file"),
    (b"{\\rtf", "a text document"),
    (b"\xff\x0a", "a JPEG XL picture, which is not supported"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture, which is not supported"),
)
_MARKUP = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<head", "an HTML page"),
    (b"<svg", "an SVG drawing, which is not supported"),
    (b"<?xml", "an XML document"),
)
_SHOWN = 16


def is_heif(head: bytes) -> bool:
    """Whether a file that begins so is HEIC or HEIF."""
    # Some AVIF files give the family's common brand first, and their own further on.
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and b"avif" not in head[:64]


def is_postscript(head: bytes) -> bool:
    """Whether a file that begins so is PostScript."""
    return head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6"))


def describe(head: bytes) -> str:
    """Name the thing that begins with these bytes (give some hundred of them)."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[4:8] == b"ftyp":
        return "a video file or a picture in an unsupported format of that family"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signature, name in _MARKUP:
        if text.startswith(signature):
            return "an SVG drawing, which is not supported" if b"<svg" in text else name
    if text.startswith(b"<") and b"<html" in text:
        return "an HTML page"
    if _is_text(head):
        return f"text that begins {head.decode('utf-8', 'replace').strip()[:40]!r}"
    return f"bytes that begin with {head[:_SHOWN].hex(' ')}"


def _is_text(head: bytes) -> bool:
    printable = sum(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)
    return bool(head.strip()) and printable == len(head)
