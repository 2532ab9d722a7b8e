"""Hard edits of several steps: reposts, what thieves do; and other pictures over it."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from .borders import barred, captioned, framed, phone
from .canvas import between, either, encoded, reopened, scaled
from .collages import grid, other_part, pasted
from .edit import Edit
from .geometry import cropped, rotated
from .hard import memed, on_screen, stickered, subtitled
from .marks import corner_text, logo, tiled
from .screens import post
from .tones import filtered

__all__ = ["EDITS"]

Generator = np.random.Generator
Picture = Image.Image


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


def _saved(image: Picture, rng: Generator, least: int, most: int) -> bytes:
    return encoded(image, "JPEG", quality=int(rng.integers(least, most + 1)))


def _taken(image: Picture, rng: Generator, per_cent: float) -> bytes:
    """A part of it, scaled, with a badge, as JPEG of quality 40."""
    part = scaled(cropped(image, rng, per_cent, "any"), between(rng, 0.5, 1.4))
    return _saved(logo(part, rng, between(rng, 10, 18)), rng, 40, 40)


def _toned(image: Picture, rng: Generator) -> Picture:
    """Brightness, contrast and colours changed by up to a quarter each."""
    for tool in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = tool(image).enhance(between(rng, 0.75, 1.25))
    return image


def _mirrored_part(image: Picture, rng: Generator, per_cent: float) -> bytes:
    return _saved(_toned(cropped(_mirrored(image), rng, per_cent, "any"), rng), rng, 40, 75)


def _screens_chain(image: Picture, rng: Generator) -> bytes:
    """A screenshot of a post, posted again and taken again, cut back roughly, saved badly."""
    first = reopened(post(image, rng), quality=int(rng.integers(50, 86)))
    second = cropped(first, rng, between(rng, 70, 85), "centre")
    third = reopened(post(scaled(second, between(rng, 0.7, 1)), rng), quality=int(rng.integers(50, 86)))
    return _saved(cropped(third, rng, between(rng, 75, 92), "any"), rng, 40, 70)


def _turned_part(image: Picture, rng: Generator) -> Picture:
    return filtered(rotated(cropped(image, rng, 60, "any"), rng, between(rng, 5, 25), bool(rng.integers(2))), rng)


def _mirrored_paste(image: Picture, rng: Generator, other: Picture) -> Picture:
    return captioned(pasted(_mirrored(_toned(image, rng)), rng, other, 40), rng, "below")


def _mirrored_collage(image: Picture, rng: Generator, other: Picture) -> bytes:
    cells = [cropped(_mirrored(image), rng, 80, "any"), *(other_part(other, rng) for _ in range(3))]
    order = [cells[int(place)] for place in rng.permutation(4)]
    return _saved(grid(order, 2, (round(image.width / 2), round(image.height / 2)), 6, (255, 255, 255)), rng, 40, 70)


def _grey_part(image: Picture, rng: Generator) -> bytes:
    part = cropped(image, rng, 50, "any").convert("L").convert("RGB")
    return _saved(scaled(part, between(rng, 0.4, 0.8)), rng, 40, 70)


def _projected(image: Picture, rng: Generator) -> Picture:
    return on_screen(captioned(image, rng, "below"), rng, strong=False)


EDITS = (
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
    *(
        Edit(f"taken-{keep}", "hard", f"cut to {keep} %, scaled, a badge, JPEG of quality 40",
             partial(_taken, per_cent=keep), keep)
        for keep in (85, 60)
    ),
    *(
        Edit(f"mirrored-crop-{keep}", "hard", f"mirrored, cut to {keep} %, other tones, JPEG of quality 40 to 75",
             partial(_mirrored_part, per_cent=keep), keep)
        for keep in (85, 60)
    ),
    Edit("repost-chain", "hard", "screenshot of a screenshot of a post, cut, saved badly", _screens_chain),
    Edit("rotated-crop-filter", "hard", "cut to 60 %, turned by 5 to 25 degrees, filtered", _turned_part),
    Edit("mirrored-paste", "hard", "mirrored, over 40 % of another picture, a caption", _mirrored_paste,
         needs_other=True),
    Edit("mirrored-collage", "hard", "mirrored, cut to 80 %, one of four, saved badly", _mirrored_collage,
         needs_other=True),
    Edit("grey-crop", "hard", "cut to 50 %, no colours, smaller, saved badly", _grey_part),
    Edit("projected", "hard", "a caption, then a photo of the screen", _projected),
)  # fmt: skip
