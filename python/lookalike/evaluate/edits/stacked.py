"""Hard edits with other pictures, and several edits at once: collages, reposts, what thieves do."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from .borders import barred, captioned, framed, phone
from .canvas import between, either, reopened, scaled
from .edit import Edit
from .geometry import cropped, rotated
from .hard import memed, on_screen, stickered, subtitled
from .marks import corner_text, logo, tiled
from .tones import filtered

__all__ = ["EDITS"]

Generator = np.random.Generator
Picture = Image.Image


def _collage(image: Picture, rng: Generator, other: Picture, cells: int) -> Picture:
    """The picture in one of the cells, others (or parts of them) in the rest."""
    gap = round(between(rng, 0, 0.02) * image.width)
    across, down = (2, 1) if cells == 2 else (2, 2)
    page = Image.new("RGB", (across * image.width + gap, down * image.height + gap * (down - 1)), "white")
    mine = int(rng.integers(cells))
    for cell in range(cells):
        content = image if cell == mine else ImageOps.fit(cropped(other, rng, 60, "any"), image.size)
        page.paste(content, ((cell % 2) * (image.width + gap), (cell // 2) * (image.height + gap)))
    return scaled(page, between(rng, 0.5, 0.8))


def _pasted(image: Picture, rng: Generator, other: Picture, per_cent: float) -> Picture:
    """The whole picture, small, on another one: so much of the area."""
    page = ImageOps.fit(other, image.size)
    small = scaled(image, (per_cent / 100) ** 0.5)
    x, y = (int(rng.integers(0, max(1, a - b + 1))) for a, b in zip(page.size, small.size, strict=True))
    page.paste(small, (x, y))
    return page


def _inset(image: Picture, rng: Generator, other: Picture) -> Picture:
    copy = image.copy()
    small = ImageOps.fit(other, (round(image.width * 0.35), round(image.height * 0.35)))
    x = either(rng, 0, image.width - small.width)
    y = either(rng, 0, image.height - small.height)
    copy.paste(small, (x, y))
    return copy


def _blended(image: Picture, rng: Generator, other: Picture) -> Picture:
    return Image.blend(image, ImageOps.fit(other, image.size), between(rng, 0.2, 0.35))


def _blurred_sides(image: Picture, rng: Generator) -> Picture:
    """On a larger page that is filled with the picture itself, enlarged and blurred, as for another format."""
    wide = image.height >= image.width
    factor = between(rng, 1.4, 1.9)
    size = (round(image.width * factor), image.height) if wide else (image.width, round(image.height * factor))
    page = ImageOps.fit(image, size).filter(ImageFilter.GaussianBlur(0.03 * max(size)))
    page.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return page


def _mirrored(image: Picture) -> Picture:
    return ImageOps.mirror(image)


def _thief(image: Picture, rng: Generator) -> Picture:
    """Mirrored, cropped, filtered, saved badly."""
    part = filtered(cropped(_mirrored(image), rng, between(rng, 80, 92), "any"), rng)
    return reopened(part, quality=int(rng.integers(40, 71)))


def _shop(image: Picture, rng: Generator) -> Picture:
    return framed(logo(cropped(image, rng, 90, "any"), rng, 14), rng, 4)


def _repost(image: Picture, rng: Generator) -> Picture:
    """A screenshot of a screenshot, cut back roughly."""
    first = reopened(phone(image, rng), quality=int(rng.integers(50, 81)))
    return cropped(scaled(first, between(rng, 0.6, 0.9)), rng, between(rng, 75, 90), "any")


def _meme_repost(image: Picture, rng: Generator) -> Picture:
    meme = reopened(captioned(memed(image, rng), rng, "above"), quality=int(rng.integers(40, 71)))
    return corner_text(scaled(meme, between(rng, 0.5, 0.9)), rng)


def _clip(image: Picture, rng: Generator) -> Picture:
    return barred(subtitled(image, rng), rng, 12, "letter")


def _story(image: Picture, rng: Generator) -> Picture:
    part = rotated(image, rng, between(rng, 3, 8), fill=False)
    return barred(stickered(filtered(part, rng), rng, 3, 14), rng, 20, "letter")


def _tilted_filter(image: Picture, rng: Generator) -> Picture:
    return filtered(rotated(cropped(image, rng, 90, "any"), rng, 2, fill=False), rng)


def _mirrored_frame(image: Picture, rng: Generator) -> Picture:
    return framed(_mirrored(image), rng, 8)


def _turned_screen(image: Picture, rng: Generator) -> Picture:
    return phone(image.transpose(either(rng, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)), rng)


def _marked_crop(image: Picture, rng: Generator) -> Picture:
    return tiled(cropped(image, rng, between(rng, 65, 85), "any"), rng, 0.35)


def _projected(image: Picture, rng: Generator) -> Picture:
    return on_screen(captioned(image, rng, "below"), rng, strong=False)


EDITS = (
    Edit("collage-2", "hard", "beside another picture", partial(_collage, cells=2), 2, needs_other=True),
    Edit("collage-4", "hard", "one of four", partial(_collage, cells=4), 4, needs_other=True),
    Edit("pasted-70", "hard", "over 70 % of another picture", partial(_pasted, per_cent=70), 70, needs_other=True),
    Edit("pasted-35", "hard", "over 35 % of another picture", partial(_pasted, per_cent=35), 35, needs_other=True),
    Edit("inset", "hard", "another picture in its corner", _inset, needs_other=True),
    Edit("blended", "hard", "20 to 35 % of another picture shining through", _blended, needs_other=True),
    Edit("blurred-sides", "hard", "on a page filled with itself, blurred", _blurred_sides),
    Edit("thief", "hard", "mirrored, cut to 80 to 92 %, filtered, saved badly", _thief),
    Edit("shop", "hard", "cut to 90 %, a badge, a frame", _shop),
    Edit("repost", "hard", "screenshot, saved badly, cut back roughly", _repost),
    Edit("meme-repost", "hard", "capitals on it, a caption above, saved badly, signed", _meme_repost),
    Edit("clip", "hard", "subtitles and a letterbox", _clip),
    Edit("story", "hard", "tilted, filtered, stickers, bars", _story),
    Edit("tilted-filter", "hard", "cut to 90 %, turned by 2 degrees, filtered", _tilted_filter),
    Edit("mirrored-frame", "hard", "mirrored, in a frame", _mirrored_frame),
    Edit("turned-screenshot", "hard", "turned by a quarter, an app around it", _turned_screen),
    Edit("marked-crop", "hard", "cut to 65 to 85 %, a text all over", _marked_crop),
    Edit("projected", "hard", "a caption, then a photo of the screen", _projected),
)
