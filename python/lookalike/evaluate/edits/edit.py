"""What an edit is, what it starts from, and how its result becomes a file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps

__all__ = ["FAMILIES", "LONGEST_SIDE", "Change", "Edit", "copy_of", "generator", "normal"]

FAMILIES = {
    "mild": "recompressed, scaled, other tones and colours, noise, blur, watermarks, logos",
    "turned": "mirrored, flipped, turned by quarters",
    "borders": "frames, letterboxes, captions, screenshots around the whole picture",
    "geometry": "rotation to 2 degrees, crops that keep 90 % of the area or more",
    "parts": "a part of the picture, or the picture as a part: crops, rotations, perspective, collages, pages of apps",
    "hard": "warps, overlays, photos of screens, several edits at once",
}
"""The families of edits, and what is in each."""

LONGEST_SIDE = 1280
"""Pixels: an edit begins with a picture no larger than this, as sites keep them."""

QUALITY = (80, 96)
"""Of the JPEG file that a copy is saved as, unless the edit says how: drawn from this range."""

Change = Callable[..., "Image.Image | bytes"]


@dataclass(frozen=True)
class Edit:
    """One way in which people and platforms change a picture.

    Attributes:
        name: unique, such as `"jpeg-50"`.
        family: one of `FAMILIES`.
        strength: how much, in the edit's own unit (per cent, degrees, quality); 0 where there is only one.
        text: what it does, in a line.
        change: takes the picture and a random generator (and another picture, if `needs_other`).
        needs_other: whether it puts the picture together with another one.
    """

    name: str
    family: str
    text: str
    change: Change
    strength: float = 0.0
    needs_other: bool = False

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"expected a family among {', '.join(FAMILIES)}; got {self.family!r}")

    def apply(
        self, image: Image.Image, rng: np.random.Generator, other: Image.Image | None = None
    ) -> Image.Image | bytes:
        """The edited picture; bytes of a file where the way it is saved belongs to the edit.

        Args:
            image: an RGB picture, as `normal` gives it; it is not changed.
            rng: all choices that the edit leaves open are drawn from it.
            other: another picture, for edits that need one; made up if there is none.
        """
        if not self.needs_other:
            return self.change(image, rng)
        from .canvas import made_up

        return self.change(image, rng, made_up(rng, image.size) if other is None else other)


def normal(image: Image.Image, longest: int = LONGEST_SIDE) -> Image.Image:
    """The picture as people see it: upright, alpha on white, RGB, no side longer than `longest`."""
    image.draft("RGB", (longest, longest))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if "A" in image.getbands() or "transparency" in image.info:
        alpha = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(alpha, mask=alpha.getchannel("A"))
    image = image.convert("RGB")
    if max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits are shown by their upper half; of other numbers, those from 0 to 255 are shown."""
    values: Any = np.asarray(image, np.float64)
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and values.max() > 255)
    return Image.fromarray(np.clip(values / 257 if sixteen else values, 0, 255).astype(np.uint8))


def generator(seed: int, original: str, edit: str) -> np.random.Generator:
    """The generator of one edit of one original: the same on every machine, in whatever folder it is."""
    name = original.replace("\\", "/").rpartition("/")[2]
    digest = hashlib.sha256(f"{seed}\0{name}\0{edit}".encode(errors="surrogateescape")).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def copy_of(image: Image.Image, edit: Edit, seed: int, original: str, other: Image.Image | None = None) -> bytes:
    """The edited copy as the bytes of a file.

    Args:
        image: as for `Edit.apply`.
        edit: what is done to it.
        seed: of all that is drawn.
        original: the name of the picture.
        other: as for `Edit.apply`.
    """
    rng = generator(seed, original, edit.name)
    made = edit.apply(image, rng, other)
    if isinstance(made, bytes):
        return made
    file = io.BytesIO()
    made.convert("RGB").save(file, "JPEG", quality=int(rng.integers(*QUALITY)))
    return file.getvalue()
