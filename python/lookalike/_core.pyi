"""The border: scalars and buffers in, bytes out. Python has decided and checked everything before.

Every method that does real work releases the GIL. Packed bits are in row-major order, first bit
highest, zeros to the end of the last byte (as `numpy.packbits` gives).
"""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__version__: str

DEBUG_BUILD: bool
"""True if the core was built without optimisation: fifty times slower, for debugging only."""

Grey = tuple[bytes, int, int]
"""A grey plane: its samples row by row, width, height."""

def decode_other(data: bytes, pixels_limit: int, color: bool = False) -> tuple[bytes, int, int, list[int] | None, str]:
    """Decode a PNG, WebP, GIF, TIFF or BMP file as recipe `standard` wants it.

    Returns:
        The grey plane, its width and height, the 14 counts of `Planes.color_counts` if `color`, and
        Pillow's name of the format.

    Raises:
        NotImplementedError: for whatever is not decoded here; Pillow may.
        ValueError: if it has more pixels than allowed.
    """

class Planes:
    """One picture for hashing: its grey plane and, if asked for, counts of its colours.

    Pixels are pushed in strips of whole rows from the top, in one layout for the whole picture; nothing
    but the grey plane is kept. All hashes need the picture to be complete.

    Raises:
        ValueError: for zero sides, strips of partial rows or too many rows, hashes of an incomplete
            picture, colours that were not asked for, and parameters out of range.
    """

    width: int
    height: int

    def __new__(cls, width: int, height: int, color: bool = False, look: bool = False, fine: bool = False) -> Planes:
        """With `fine`, what is lost when colours are rounded to grey is kept, one more byte a pixel, for `pdq`."""

    def push_grey(self, rows: bytes) -> None:
        """Rows of one byte a pixel. With `color`, counted as colours without saturation."""

    def push_rgbx(self, rows: bytes) -> None:
        """Rows of four bytes a pixel: red, green, blue, and one that is ignored.

        Grey is `(19595 R + 38470 G + 7471 B + 32768) >> 16`, as in Pillow's `convert("L")`.
        """

    def push_colours(self, rows: bytes) -> None:
        """Rows as those of `push_rgbx`, for the colours of a look alone, before their grey values are pushed."""

    def push_grey_hs(self, grey: bytes, hue: bytes, saturation: bytes) -> None:
        """Rows whose grey, hue and saturation (0..255 each) are known already."""

    def grey(self) -> bytes:
        """The grey plane: width times height bytes."""

    def crop(self, left: int, upper: int, right: int, lower: int) -> Planes:
        """The grey plane inside a box, without colours."""

    def turned(self, orientation: int) -> Planes:
        """The picture, with its colours, turned by an EXIF orientation: 2 to 8; any other number gives a copy."""

    def look(self) -> bytes:
        """What is kept for a second look, in `looks.LOOK_BYTES` bytes; of a picture made with `look`.

        What was pushed as grey has no colour.
        """

    def resize(self, width: int, height: int) -> bytes:
        """The grey plane resampled by Pillow's Lanczos arithmetic (recipe of Pillow 7 to 12.1)."""

    def within(self, side: int) -> Grey:
        """The same, so that the longer side is at most `side`; never enlarged."""

    def ahash(self, hash_size: int, median: bool) -> bytes:
        """`hash_size` squared bits: pixels above the mean, or above the median."""

    def dhash(self, hash_size: int) -> bytes:
        """`hash_size` squared bits: pixels brighter than their left neighbour."""

    def dhash_vertical(self, hash_size: int) -> bytes:
        """`hash_size` squared bits: pixels brighter than their upper neighbour."""

    def phash(self, hash_size: int, highfreq_factor: int) -> bytes:
        """`hash_size` squared bits: low frequencies above their median."""

    def phash_simple(self, hash_size: int, highfreq_factor: int) -> tuple[bytes, int]:
        """Low row frequencies above their mean; packed bits, and how many bits a row has."""

    def whash(self, hash_size: int, image_scale: int | None, db4: bool, remove_ll: bool) -> tuple[bytes, int]:
        """Wavelet low band above its median; packed bits, and the side of their square."""

    def colorhash(self, binbits: int) -> bytes:
        """14 times `binbits` bits, 1 to 40."""

    def pdq(self) -> tuple[bytes, int]:
        """PDQ's 256 bits and its quality, 0 to 100. Nearer to Meta's own if the picture is `fine`."""

    def color_counts(self) -> list[int]:
        """Pixels that are black, that are grey, in 6 bins of faint hue, in 6 bins of bright hue (14 numbers)."""

    def inner_box(self) -> tuple[float, float, float, float] | None:
        """The picture inside a flat border (left, upper, right, lower as shares of the sides), if there is one."""

    def segments(
        self, limit: int | None, threshold: float, min_size: float, image_size: int
    ) -> list[tuple[int, int, int, int]]:
        """Boxes (left, upper, right, lower) of the bright and dark regions, as `crop_resistant_hash` finds them.

        A box can be empty in a picture much smaller than `image_size`.
        """

def decode_jpeg(
    data: bytes, scale: int, chroma: str, pixels: int
) -> tuple[tuple[int, int, int, str, bool, int], list[tuple[bytes, int, int]], float, bool]:
    """A JPEG file at `scale` samples (1, 2, 4 or 8) along each side of a block of 8 x 8 pixels.

    Args:
        data: the file.
        scale: samples a block.
        chroma: "none" for grey alone (but all four inks), "coarse" for one sample a block, "exact" for all at `scale`.
        pixels: the most that the picture may declare.

    Returns:
        What its markers tell (width, height, components, color, progressive, orientation), its planes
        (samples, width, height), the share of the picture that is not in the file, and whether the file ended
        before all that was wanted of it.

    Raises:
        ValueError: for a file that is damaged beyond use, too large, or of a sort that is not decoded here.
    """

def check_look(look: bytes) -> None:
    """Check that bytes are a look.

    Raises:
        ValueError: if they are not, or of another version.
    """

def turn_look(look: bytes, orientation: int) -> bytes:
    """The look of the picture turned by an EXIF orientation: 2 to 8; any other number leaves it as it is.

    Raises:
        ValueError: as `check_look`.
    """

def look_codes(look: bytes) -> bytes:
    """Codes of 8 bytes of the picture turned by each orientation, 1 to 8: 320 bytes.

    For each they are of the thumb, and of it without its left, its right, its upper and its lower edge.

    Raises:
        ValueError: as `check_look`.
    """

def corners(grey: bytes, width: int, height: int, flat: float) -> tuple[bytes, bytes]:
    """Where the smaller eigenvalue of the gradients' covariance is more than `flat`, and the greatest around.

    Places (row times `width`, plus column; uint32) in ascending order, and the eigenvalues (float32), little-endian.
    `ValueError` if it is not a byte for each pixel.
    """

class Digest:
    """BLAKE3 of bytes that come in parts: 256 bits."""

    def __new__(cls) -> Digest: ...
    def update(self, data: bytes) -> None:
        """Take in the next bytes."""

    def hex(self) -> str:
        """64 hex digits for all bytes so far, as `b3sum` prints them."""

Found = tuple[list[str], int, int, str, str | None, bytes | None, int | None, Grey | None]
"""Hex digits for each kind (those of segments joined by commas), width, height, format, warning, look, quality of
`pdq`, grey plane.
"""

Turned = tuple[list[list[str]], int, int, str, str | None, bytes | None, list[int | None], Grey | None]
"""Hex digits for each kind, of the picture turned by each orientation from 1 to 8, and the quality of `pdq` of each;
the rest is of the picture as it is.
"""

Failed = tuple[str, int | None, str]
"""Sort (`"corrupt"`, `"unsupported"`, `"limit"`, `"io"`, `"argument"`, `"cancelled"`), the system's number, text."""

Source = bytes | str | PathLike[str]
"""The bytes of a picture file, or its path."""

class Gate:
    """Memory that jobs share: each waits until there is room for its file, then for its pixels.

    What is larger than the room goes in alone.
    """

    def __new__(cls, file_bytes: int, pixel_bytes: int) -> Gate: ...
    def most_used(self) -> tuple[int, int]:
        """The most bytes of files, and of pixels, that were held at a time."""

class Job:
    """Which hashes to take of a picture, and within which limits.

    Raises:
        ValueError: for a kind that does not exist, or that is not computed here (colours of segments).
    """

    def __new__(
        cls,
        kinds: Sequence[tuple[str, int, str, bool]],
        pixels: int,
        bytes: int,
        gate: Gate,
        digest: bool = False,
        look: bool = False,
        plane: int | None = None,
        limits: tuple[int, float, int, int] | None = None,
    ) -> Job:
        """Each kind as its name, size, variant, and whether it is taken of each segment.

        With `digest`, the `Digest` of each file's bytes comes with what became of it, errors
        included; `None` if they could not be read (or are more than `bytes`). With `look`, what is kept for
        a second look comes with what was found. With `plane`, so does the whole in grey, its longer side at most
        so many pixels and never enlarged: no change to any hash. `limits`: memory, seconds, a JPEG's scans, side.
        """

    def run(self, source: Source) -> tuple[Found | None, Failed | None, str | None]:
        """Fingerprint one picture on the caller's thread: what was found or what failed, and the digest."""

    def run_turned(self, source: Source) -> tuple[Turned | None, Failed | None, str | None]:
        """The same with the hashes of the picture turned in all eight ways, from one decoding at each scale."""

class Pool:
    """Threads that fingerprint many pictures, first come first served.

    When it is dropped, what has not begun is forgotten, and nobody waits for what has.
    """

    def __new__(cls, job: Job, threads: int) -> Pool: ...
    def submit(self, sources: Sequence[tuple[int, Source]]) -> None:
        """Add pictures, each with a ticket. Bytes are not copied.

        Raises:
            ValueError: in a forked process.
            RuntimeError: after `cancel`.
        """

    def take(self, wanted: int, seconds: float) -> list[tuple[int, Found | None, Failed | None, str | None]]:
        """All that is finished, with its tickets and digests, in any order.

        Waits until it is `wanted` or all that is left; after so many seconds, it may be fewer, or none.

        Raises:
            ValueError: in a forked process.
        """

    def cancel(self) -> None:
        """Drop what has not begun, and stop what has."""

def hamming_levels() -> list[str]:
    """The vector levels of Hamming distance that this processor can run, narrowest first, such as `"avx2"`."""

class IndexBuilder:
    """Codes on their way to an index.

    Raises:
        ValueError: for a width that is not 1 to 1024 bits.
    """

    def __new__(cls, bits: int, count: int) -> IndexBuilder:
        """For codes of so many bits, about `count` of them."""

    def push(self, codes: bytes, rows: bytes | None = None) -> None:
        """Packed codes, `ceil(bits / 8)` bytes each, with their row numbers as little-endian int64.

        Without rows, they are counted from 0; then all must be without.

        Raises:
            ValueError: if they do not fit together, and for a code with bits above its width.
        """

    def finish(
        self, about: Sequence[tuple[str, str]], path: str | PathLike[str] | None = None, tables: int | None = None
    ) -> Index:
        """Sort all, and make an index in memory or in a file. The builder is of no use afterwards.

        Args:
            about: names and texts to be kept in the header.
            path: a file, which is there when it is complete, and replaces one that was.
            tables: how many, if not as many as are estimated to be best.

        Raises:
            ValueError: for row numbers that are 2**32 or more apart.
            OSError: if the file cannot be written; nothing of it is left.
        """

class Index:
    """An index, in memory or in a mapped file. It never changes."""

    bits: int
    rows: int
    distinct: int
    about: list[tuple[str, str]]
    checksum: int
    """Of the header and of all else, so that only equal indexes have the same."""
    nbytes: int
    tables: list[tuple[int, int]]
    """For each table, how many bits are above the part of the codes that it is sorted by, and how many are in it."""

    @staticmethod
    def open(path: str | PathLike[str]) -> Index:
        """Map a file into memory.

        Raises:
            ValueError: if it is no index, of another version, or of another length than it should be.
            OSError: if it cannot be read.
        """

    def verify(self) -> None:
        """Read all of it.

        Raises:
            ValueError: if it is not as it was written.
        """

    def codes(self) -> tuple[bytes, bytes]:
        """Packed codes, and row numbers as int64, by code, then row."""

    def search(
        self,
        queries: bytes,
        radius: int,
        nearest: int | None = None,
        threads: int = 1,
        plan: str = "auto",
        level: str | None = None,
    ) -> tuple[bytes, bytes, bytes]:
        """For each packed query all rows within the radius, or so many nearest of them, by distance, then row.

        Args:
            plan: `"auto"`, `"scan"` or `"tables"`: the answer is the same.
            level: one of `hamming_levels()`, the best by default.

        Returns:
            Where the rows of each query begin, and the end (int64); rows (int64); distances (int32); little-endian.
        """

class Joined:
    """Pairs of codes near each other, in columns that are read piece by piece.

    `starts`, `members`, `left` and `right` are of 4 bytes a number without sign, `distances` of 2, as the machine
    orders them. A cross join has neither `starts` nor `members`.
    """

    distinct: int
    pairs: int

    def read_into(self, column: str, start: int, into: NDArray[np.int64]) -> None:
        """Fills an array with the numbers of a column from `start` on.

        Raises:
            ValueError: for a column that does not exist, and beyond its end.
        """

    def read_distances(self, start: int, into: NDArray[np.int32]) -> None:
        """As `read_into`, for the distances of pairs."""

def join_codes(
    codes: Sequence[bytes | NDArray[np.uint8]], bits: int, radius: int, limit: int, threads: int, plan: str
) -> Joined:
    """All pairs of different codes within a radius; `starts` and `members` tell the positions of each.

    Args:
        codes: arrays of whole codes of `ceil(bits / 8)` bytes, one behind the other.
        bits: the width of a code, 8 to 1024.
        radius: the largest distance.
        limit: the most pairs.
        threads: how many may work at a time.
        plan: `"auto"`, `"blocks"` or `"sweep"`.

    Raises:
        ValueError: for arguments out of range, and for more pairs than allowed.
        KeyboardInterrupt: within 0.1 s, or whatever else a signal's handler raises.
    """

def cross_join_codes(
    left: Sequence[bytes | NDArray[np.uint8]],
    right: Sequence[bytes | NDArray[np.uint8]],
    bits: int,
    radius: int,
    limit: int,
    threads: int,
    plan: str,
) -> Joined:
    """All pairs of positions, one of each set, whose codes are within a radius; otherwise as `join_codes`."""

def confirm(query: bytes, looks: bytes, tries: bytes) -> bytes:
    """The second look: for each try, is the query a copy of a library's picture?

    Args:
        query: a look, 1170 bytes.
        looks: looks of the library's pictures, end to end.
        tries: 8 bytes each: number of a look (u32), turn (1 to 8, an EXIF orientation: what was done to the library's
            picture to get the query), start (0 whole onto whole, 1 inner onto inner, 2 the query's inner part onto the
            whole, 3 the whole query onto the inner part), two zeros; little-endian. Tries of one look stand together.

    Returns:
        Twelve little-endian float32 a try: confidence (0 to 1), overlap, six numbers of the map (from `u, v, 1` of the
        query's thumb to x, then y of the library's thumb as it is, each from -1 to 1), gain, bias, agreement, 0.

    Raises:
        ValueError: for looks of another length or version, and tries of what is not there.
    """

def confirm_features(query: bytes, looks: bytes, tries: bytes) -> bytes:
    """The figures behind `confirm`: sixteen little-endian float32 a try; their names are in `lookalike.confirm`."""

def check_keypoints(keypoints: bytes) -> int:
    """How many keypoints these are; `ValueError` for what is none, or of another version."""

def match_keypoints(
    query: bytes,
    others: list[bytes],
    limit: int | None = None,
    quality: float | None = None,
    most: int | None = None,
    fewest: int | None = None,
    tolerance: float | None = None,
    turn: float | None = None,
    growth: float | None = None,
) -> list[tuple[int, bytes, list[float] | None, str, float, float, list[float]]]:
    """Compare a picture's keypoints with others': what do both show, and how does one lie on the other?

    Units are 512ths of a plane's longer side. The answer is the same whenever it is asked.

    Args:
        query, others: keypoints, as many as there are.
        limit, quality, most: which pairs look the same: bits that differ at most (68), least natural logarithm of how
            much likelier such codes are in pictures that show the same (0), how many of the best (300).
        fewest, tolerance, turn, growth: which agree on a map: inliers in different cells at least (3), units (4),
            degrees (24) and factor (1.5) by which position, angle and size may be off.

    Returns:
        For each of the others the fields of `lookalike.keypoint_index.PairMatch`, in order: the inliers as pairs of
        little-endian uint16, the map as nine numbers, row by row, or None, the figures as those of `Figures`.
    """

class KeypointBuilder:
    """Keypoints on their way to an index."""

    def __new__(cls, path: str | PathLike[str] | None = None, most: int | None = None) -> KeypointBuilder:
        """For an index in a file, or in memory; `most` is how many keypoints are gathered before they are written."""

    def push(self, rows: bytes, blobs: list[bytes]) -> None:
        """Add images: rows of 8 bytes, little-endian, and keypoints; all or none. Errors as `KeypointIndex.build`."""

    def finish(self, about: list[tuple[str, str]]) -> Keypoints:
        """Make the index: its file is there when it is complete, and replaces one that was. Errors as `push`."""

class Keypoints:
    """An index of keypoints, in memory or in a mapped file. It never changes, and threads can share it."""

    images: int
    entries: int
    about: list[tuple[str, str]]
    checksum: int
    nbytes: int

    @staticmethod
    def open(path: str | PathLike[str]) -> Keypoints:
        """Map a file into memory. `ValueError` for what is no sound index of this version, else `OSError`."""

    @staticmethod
    def merge(
        parts: list[tuple[Keypoints, bytes]], about: list[tuple[str, str]], path: str | PathLike[str] | None = None
    ) -> Keypoints:
        """One index of several, each without some rows, 8 bytes each, little-endian; errors as `finish`."""

    def rows(self) -> bytes:
        """The row of each image, 8 bytes, little-endian, in the order in which they were added."""

    def verify(self) -> None:
        """Read everything; `ValueError` says what is wrong."""

    @staticmethod
    def search(
        parts: list[tuple[Keypoints, bytes]], blobs: list[bytes], count: int, probes: int
    ) -> tuple[bytes, bytes, bytes]:
        """As `lookalike.keypoint_index.search_indexes`; int64, float32 and uint32, little-endian."""
