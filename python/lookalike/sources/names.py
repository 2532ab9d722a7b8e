"""Names of files: which are those of pictures and of archives, and how to write them down."""

from __future__ import annotations

import os

__all__ = ["EXTENSIONS", "is_archive_name", "is_picture_name", "readable"]

_NAMES = """
    .apng .avif .avifs .blp .bmp .bw .cur .dcx .dds .dib .fit .fits .flc .fli .ftc .ftu .gbr .gif .heic .heics .heif
    .heifs .hif .icb .icns .ico .im .j2c .j2k .jfif .jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .msp .pbm .pcd .pcx .pfm .pgm
    .png .pnm .ppm .psd .pxr .qoi .ras .rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp .xbm .xpm
"""
EXTENSIONS = frozenset(_NAMES.split())
"""Which files of a folder are pictures: what Pillow and pillow-heif decode by themselves.

Left out are PostScript (a program that Pillow hands to Ghostscript) and formats that Pillow can only
name (GRIB, BUFR, HDF5, MPEG, WMF).
"""

_ARCHIVES = (".zip", ".cbz", ".tar", ".cbt", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz")


def is_archive_name(name: str) -> bool:
    """Whether a file of that name is opened as an archive, where it is named itself."""
    return name[-8:].lower().endswith(_ARCHIVES)


def is_picture_name(name: str) -> bool:
    """Whether a file of that name is taken for a picture in a folder: see `EXTENSIONS`."""
    return f".{name.rpartition('.')[2].lower()}" in EXTENSIONS


def readable(path: str) -> str:
    """A path as text that every file and table can hold: bytes that are no UTF-8 written as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace") if not _is_unicode(path) else path


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
