"""The look of a picture: a small grey plane, coarse colours and the like, kept for a second look without its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._core import check_look, look_codes, turn_look
from .turns import ALL_TURNS, NO_TURN, name_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LOOK_BYTES", "LOW_QUALITY", "Look"]

LOOK_BYTES = 1170
"""Length of a look. Its layout is at the head of `crates/core/src/look/mod.rs`."""

LOW_QUALITY = 33
"""Below this quality there is too little in a picture to tell it from others."""

_COLOUR = 18
_CELLS = 8
_GREY = _COLOUR + 2 * _CELLS * _CELLS
_SIDE = 32
_CODE = 8
_WHOLE = bytes([0, 0, 0, 0, 255, 255, 255, 255])


@dataclass(frozen=True, slots=True, repr=False)
class Look:
    """What is kept of a picture for a second look at it, over the bytes in which it is stored.

    Equal looks have equal bytes, and work as dictionary keys.

    Attributes:
        data: the bytes, `LOOK_BYTES` of them.

    Raises:
        ValueError: if the bytes are no look, or one of another release.
        TypeError: if they are no bytes.
    """

    data: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.data, bytes):
            raise TypeError(f"expected a look as bytes, got {type(self.data).__name__}")
        check_look(self.data)

    @classmethod
    def trusted(cls, data: bytes) -> Look:
        """A look that the core has just made, unchecked."""
        made = object.__new__(cls)
        object.__setattr__(made, "data", data)
        return made

    @property
    def quality(self) -> int:
        """How much there is to tell the picture from others: 0 for a blank one, up to 100 for a photo."""
        return self.data[1]

    @property
    def is_poor(self) -> bool:
        """Whether the quality is below `LOW_QUALITY`."""
        return self.quality < LOW_QUALITY

    @property
    def has_border(self) -> bool:
        """Whether a border was found, so that the thumb and the colours are of the picture inside."""
        return self.data[2:10] != _WHOLE

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """Left, upper, right and lower edge of the picture inside its border, as shares of the whole; else `None`."""
        if not self.has_border:
            return None
        edges = (int.from_bytes(self.data[at : at + 2], "little") for at in (2, 4, 6, 8))
        left, upper, right, lower = (edge / 0xFFFF for edge in edges)
        return left, upper, right, lower

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole picture as shown, in pixels."""
        return int.from_bytes(self.data[10:14], "little"), int.from_bytes(self.data[14:18], "little")

    @property
    def grey(self) -> NDArray[np.uint8]:
        """The thumb: 32 x 32 grey values of the inner picture, uint8."""
        return self._array(_GREY, (_SIDE, _SIDE))

    @property
    def colour(self) -> NDArray[np.uint8]:
        """Cb and Cr (128 for none) of the inner picture in 8 x 8 cells: uint8 of shape (2, 8, 8)."""
        return self._array(_COLOUR, (2, _CELLS, _CELLS))

    def turned(self, turn: int) -> Look:
        """The look of the picture turned by an EXIF orientation, 1 to 8.

        Raises:
            ValueError: for another number.
        """
        name_of(turn)
        return self if turn == NO_TURN else Look.trusted(turn_look(self.data, turn))

    def negative(self, *, colours: bool = True) -> Look:
        """The look of the picture's negative, to a level of rounding: 255 less the grey, colours on the other side.

        The border and the quality are the same, for both come from differences of grey.

        Args:
            colours: whether colours are inverted too, and not the brightness alone.
        """
        import numpy as np

        grey, colour = 255 - self.grey, self.colour
        if colours:
            colour = np.minimum(256 - colour.astype(np.uint16), 255).astype(np.uint8)
        return Look.trusted(self.data[:_COLOUR] + colour.tobytes() + grey.tobytes())

    def inner_code(self, turn: int = NO_TURN) -> bytes:
        """The `phash` of 64 bits, 8 bytes, of the thumb turned by an orientation: of the inner picture, or the whole.

        Raises:
            ValueError: for an orientation that is not 1 to 8.
        """
        name_of(turn)
        return self._codes(look_codes(self.data), turn)[:_CODE]

    def parts(self, turn: int = NO_TURN) -> bytes:
        """Codes of parts of the picture turned by an orientation, 8 bytes each.

        Each is a `phash` of 64 bits, of the thumb: of the inner picture (only if there is a box), then of it with 8 %
        cut off at the left, right, top and bottom. So 32 bytes, or 40.

        Raises:
            ValueError: for an orientation that is not 1 to 8.
        """
        name_of(turn)
        return self._parts(self._codes(look_codes(self.data), turn))

    def all_codes(self) -> tuple[list[bytes], list[bytes]]:
        """`inner_code` and `parts` at each orientation from 1 to 8, in about the time of one."""
        codes = look_codes(self.data)
        turns = [self._codes(codes, turn) for turn in ALL_TURNS]
        return [turn[:_CODE] for turn in turns], [self._parts(turn) for turn in turns]

    def _codes(self, codes: bytes, turn: int) -> bytes:
        length = len(codes) // len(ALL_TURNS)
        return codes[(turn - 1) * length : turn * length]

    def _parts(self, codes: bytes) -> bytes:
        return codes if self.has_border else codes[_CODE:]

    def __bytes__(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        width, height = self.size
        border = ", with a border" if self.has_border else ""
        return f"<Look of {width} x {height}, quality {self.quality}{border}>"

    def _array(self, start: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        import numpy as np

        count = int(np.prod(shape))
        return np.frombuffer(self.data, np.uint8, count, start).reshape(shape)
