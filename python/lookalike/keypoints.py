"""Keypoints of a picture: small patches, each with a code, by which a part of it is found in another picture."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._core import check_keypoints
from .errors import MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._core import Grey

__all__ = [
    "CODE_BYTES",
    "KEYPOINT_SIDE",
    "LIBRARY_BUDGET",
    "QUERY_BUDGET",
    "Keypoints",
    "grey_array",
    "keypoints_of",
    "need_extra",
    "query_keypoints",
]

KEYPOINT_SIDE = 512
"""Longer side of the grey plane in which keypoints are looked for, in pixels; a smaller picture stays as it is."""

LIBRARY_BUDGET = 160
"""The most keypoints that are kept of a picture of a library."""

QUERY_BUDGET = 800
"""The most keypoints of a picture that is looked for, and as many of it mirrored."""

CODE_BYTES = 32
"""Length of a code: 256 bits."""

_VERSION = 1
# Version, reserved, count, plane's width and height, picture's width and height.
_HEAD = struct.Struct("<BBHHHII")
_MOST = 0xFFFF


@dataclass(frozen=True, slots=True, repr=False)
class Keypoints:
    """The keypoints of a picture, over the bytes in which they are stored.

    Equal keypoints have equal bytes, and work as dictionary keys. The best of each region come first.

    Little-endian: version u8, 0 u8, count n u16, width and height u16 of the grey plane in which they were found, width
    and height u32 of the whole picture as shown; then n codes of 32 bytes, n x and n y u16 (65535ths of the plane's
    sides), n sizes u8 (`32 log2(diameter / 31) + 32`, the diameter in pixels of the plane), n angles u8 (256ths of a
    turn, clockwise as shown). So 16 + 38 n bytes.

    Attributes:
        data: the bytes.

    Raises:
        ValueError: if the bytes are no keypoints, or of another release.
        TypeError: if they are no bytes.
    """

    data: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.data, bytes):
            raise TypeError(f"expected keypoints as bytes, got {type(self.data).__name__}")
        check_keypoints(self.data)

    @classmethod
    def trusted(cls, data: bytes) -> Keypoints:
        """Keypoints that have just been made, unchecked."""
        made = object.__new__(cls)
        object.__setattr__(made, "data", data)
        return made

    @property
    def plane(self) -> tuple[int, int]:
        """Width and height of the grey plane in which they were found, in pixels."""
        width, height = _HEAD.unpack_from(self.data)[3:5]
        return width, height

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole picture as shown, in pixels."""
        width, height = _HEAD.unpack_from(self.data)[5:]
        return width, height

    @property
    def codes(self) -> NDArray[np.uint8]:
        """Uint8 of shape (n, 32)."""
        import numpy as np

        return self._array(np.dtype(np.uint8), 0, CODE_BYTES).reshape(-1, CODE_BYTES)

    @property
    def positions(self) -> NDArray[np.float32]:
        """X and y as shares of the sides, from the left and the top: float32 of shape (n, 2)."""
        import numpy as np

        flat = self._array(np.dtype("<u2"), CODE_BYTES, 2)
        return np.asarray(flat.reshape(2, -1).T / np.float32(_MOST), np.float32)

    @property
    def sizes(self) -> NDArray[np.float32]:
        """Diameters of the patches, in pixels of the plane: float32 of shape (n,)."""
        import numpy as np

        from .corners import PATCH

        stored = self._array(np.dtype(np.uint8), CODE_BYTES + 4, 1)
        return np.asarray(PATCH * np.exp2(stored.astype(np.float32) / 32 - 1), np.float32)

    @property
    def angles(self) -> NDArray[np.float32]:
        """Directions in degrees, 0 to 360, clockwise as shown: float32 of shape (n,)."""
        import numpy as np

        return self._array(np.dtype(np.uint8), CODE_BYTES + 5, 1).astype(np.float32) * np.float32(360 / 256)

    def _array(self, dtype: np.dtype[Any], skipped: int, each: int) -> NDArray[Any]:
        """The values that stand `skipped` bytes a keypoint behind the head, `each` bytes of them a keypoint."""
        import numpy as np

        count = len(self)
        if each > 1 and dtype.itemsize > 1:
            each *= 2  # x, then y
        return np.frombuffer(self.data, dtype, count * each // dtype.itemsize, _HEAD.size + count * skipped)

    def __len__(self) -> int:
        return int.from_bytes(self.data[2:4], "little")

    def __bytes__(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        width, height = self.size
        return f"<{len(self)} Keypoints of {width} x {height}>"


def need_extra() -> None:
    """Make sure that keypoints can be found here.

    Raises:
        MissingExtraError: if OpenCV is not installed.
    """
    _opencv()


def _opencv() -> Any:
    try:
        import cv2
    except ImportError:
        raise MissingExtraError.for_extra("finding parts of pictures", "opencv-python-headless", "parts") from None
    return cv2


class _Threads:
    """Keeps OpenCV from starting threads of its own while there are calls: pictures are enough to share out.

    Of 512 pixels its threads save no time and cost a twelfth more. Its setting is one for the whole process, and the
    user's: it is put back when the last call has ended.
    """

    def __init__(self) -> None:
        self._open()
        if hasattr(os, "register_at_fork"):
            # A forked child has the calls of its parent's threads, but not the threads.
            os.register_at_fork(after_in_child=self._open)

    def _open(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._before = 0

    @contextmanager
    def none(self, cv2: Any) -> Iterator[None]:
        with self._lock:
            if self._calls == 0:
                self._before = cv2.getNumThreads()
                cv2.setNumThreads(1)
            self._calls += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
                if self._calls == 0:
                    cv2.setNumThreads(self._before)


_threads = _Threads()


def grey_array(plane: Grey) -> NDArray[np.uint8]:
    """The grey plane that the core gives, as an array of shape (height, width)."""
    import numpy as np

    samples, width, height = plane
    return np.frombuffer(samples, np.uint8).reshape(height, width)


def keypoints_of(grey: NDArray[np.uint8], size: tuple[int, int], budget: int = LIBRARY_BUDGET) -> Keypoints:
    """Find the keypoints of a picture.

    Args:
        grey: the whole picture, uint8 of shape (h, w), its longer side about `KEYPOINT_SIDE`.
        size: width and height of the picture as shown, in pixels.
        budget: how many at the most.

    Returns:
        Keypoints that are spread over the picture and over scales; none for a blank or tiny picture.

    Raises:
        MissingExtraError: if OpenCV is not installed.
    """
    import numpy as np

    from .corners import PATCH, corners_of

    cv2 = _opencv()
    with _threads.none(cv2):
        found = corners_of(cv2, grey, budget)
    height, width = grey.shape
    head = _HEAD.pack(_VERSION, 0, len(found.codes), width, height, *size)
    # OpenCV counts from the centre of the first pixel.
    places = np.rint((found.points + 0.5) / (width, height) * _MOST).clip(0, _MOST).T.astype("<u2")
    scales = np.rint(32 * np.log2(found.diameters / PATCH) + 32).clip(0, 255).astype(np.uint8)
    angles = (np.rint(found.angles * (256 / 360)) % 256).astype(np.uint8)
    return Keypoints.trusted(head + b"".join(part.tobytes() for part in (found.codes, places, scales, angles)))


def query_keypoints(grey: NDArray[np.uint8], size: tuple[int, int]) -> tuple[Keypoints, Keypoints]:
    """The keypoints of a picture that is looked for, and those of it mirrored, their positions in the mirrored one.

    Raises:
        MissingExtraError: if OpenCV is not installed.
    """
    import numpy as np

    mirrored = np.ascontiguousarray(grey[:, ::-1])
    return keypoints_of(grey, size, QUERY_BUDGET), keypoints_of(mirrored, size, QUERY_BUDGET)
