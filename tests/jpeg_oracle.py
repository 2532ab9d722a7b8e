"""What libjpeg-turbo, inside Pillow, makes of a JPEG file at each scale: the samples that our reader must give.

Pillow's decoder is driven directly: `Image.draft` takes the scale from a wanted size, which small pictures cannot
express, and hides whether the library gave up. A test proves that the two ways agree.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from lookalike import _core

SCALES = (1, 2, 4, 8)
PIXELS = 200_000_000
END = b"\xff\xd9"

Planes = list[tuple[bytes, int, int]]


class RefusedError(Exception):
    """Pillow, or libjpeg-turbo in it, gives no picture."""


@dataclass(frozen=True)
class Decoded:
    """What Pillow gives.

    Attributes:
        planes: samples, width and height of each component.
        color: what the components are: L, YCbCr, RGB or CMYK.
        whole: the data does not break off: an end need not be added, as LOAD_TRUNCATED_IMAGES does.
    """

    planes: Planes
    color: str
    whole: bool


@dataclass(frozen=True)
class Difference:
    """The first of the samples that differ in one plane."""

    scale: int
    chroma: str
    plane: int
    text: str

    def __str__(self) -> str:
        return f"scale {self.scale}/8, chroma {self.chroma}, plane {self.plane}: {self.text}"


@dataclass
class Comparison:
    """One file through both decoders.

    Attributes:
        ours, theirs: why there is no picture, or None.
        whole: as in `Decoded`.
        missing: the share that our reader says is missing.
        smoothed: the planes are equal but for libjpeg's smoothing between blocks, which our reader leaves out.
        planes, samples: how many were compared.
        differences: one for each plane that is not equal.
    """

    ours: str | None = None
    theirs: str | None = None
    whole: bool = True
    missing: float = 0.0
    smoothed: bool = False
    planes: int = 0
    samples: int = 0
    differences: list[Difference] = field(default_factory=list)


def pillow(data: bytes, scale: int, *, color: bool) -> Decoded:
    """The planes of `data`; one in grey unless `color`, but all four of inks."""
    file = _opened(data)
    size = (-(-file.width * scale // 8), -(-file.height * scale // 8))
    modes = {"L": ["L"], "RGB": ["YCbCr", "RGB"] if color else ["L"], "CMYK": ["CMYK"]}[file.mode]
    for mode in modes:
        # Components that are stored as RGB are not converted to YCbCr: then this is an error, and the next is right.
        try:
            image, whole = _run(data, mode, 8 // scale, size)
        except RefusedError:
            if mode == modes[-1]:
                raise
        else:
            return Decoded([(band.tobytes(), *size) for band in image.split()], mode, whole)
    raise AssertionError(modes)


def _opened(data: bytes) -> JpegImageFile:
    try:
        file = JpegImageFile(io.BytesIO(data))
    except Exception as error:  # its parser lets the errors of many a function through
        raise RefusedError(f"{type(error).__name__}: {error}") from error
    if file.width * file.height > PIXELS or not file.tile:
        raise RefusedError(f"{file.width} x {file.height} pixels")
    return file


def _run(data: bytes, mode: str, denominator: int, size: tuple[int, int]) -> tuple[Image.Image, bool]:
    image = Image.new(mode, size)
    decoder = Image._getdecoder(mode, "jpeg", (mode, ""), (denominator, 0))
    decoder.setimage(image.im, (0, 0, *size))
    whole = True
    used, error = decoder.decode(data)
    if used >= 0:
        # It waits for more.
        whole = False
        used, error = decoder.decode(data[used:] + END)
    decoder.cleanup()
    if error < 0 or used >= 0:
        raise RefusedError(f"decoder status {error}" if error < 0 else "no end of the data")
    return image, whole


def without_smoothing(data: bytes, components: bytes) -> bytes:
    """A progressive file in which no AC coefficient is unknown: libjpeg smooths between blocks if one is.

    A scan without data for each component tells it that they are known, and leaves them as they are.
    """
    end = _end_of_scans(data)
    # One code, of one bit, for the end of a block; and no restart markers.
    tables = b"\xff\xdd\x00\x04\x00\x00\xff\xc4\x00\x14\x10\x01" + bytes(16)
    scans = [b"\xff\xda\x00\x08\x01" + bytes((number, 0, 1, 63, 0)) for number in components]
    return data[:end] + tables + b"".join(scans) + data[end:]


def _end_of_scans(data: bytes) -> int:
    """Where the end marker stands, or the data breaks off."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == END[1]:
            return at
        if marker == 0xFF:
            at += 1
        elif marker == 0 or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return len(data) - len(END) if data.endswith(END) else len(data)


def compare(data: bytes, wanted: list[tuple[int, str]]) -> Comparison:
    """`data` through both at each (scale, chroma) that is wanted."""
    result = _compare(data, data, wanted)
    file = _opened(data) if result.differences else None
    if file and file.info.get("progressive"):
        unsmoothed = _compare(data, without_smoothing(data, bytes(layer[0] for layer in file.layer)), wanted)
        if not unsmoothed.differences and unsmoothed.theirs == result.theirs:
            return replace(unsmoothed, smoothed=True, whole=result.whole)
    return result


def _compare(data: bytes, reference: bytes, wanted: list[tuple[int, str]]) -> Comparison:
    result = Comparison()
    for scale, chroma in wanted:
        theirs = ours = None
        try:
            theirs = pillow(reference, scale, color=chroma != "none")
            result.whole = theirs.whole
        except RefusedError as error:
            result.theirs = str(error)
        try:
            ours = _core.decode_jpeg(data, scale, chroma, PIXELS)
            result.missing = ours[2]
        except ValueError as error:
            result.ours = str(error)
        if ours is None or theirs is None:
            break
        _compare_planes(result, scale, chroma, ours[1], theirs.planes)
    return result


def _compare_planes(result: Comparison, scale: int, chroma: str, ours: Planes, theirs: Planes) -> None:
    if len(ours) != len(theirs):
        text = f"{len(ours)} planes, expected {len(theirs)}"
        result.differences.append(Difference(scale, chroma, 0, text))
    for index, (our, their) in enumerate(zip(ours, theirs, strict=False)):
        result.planes += 1
        result.samples += len(their[0])
        if our != their:
            result.differences.append(Difference(scale, chroma, index, _difference(our, their)))


def _difference(our: tuple[bytes, int, int], their: tuple[bytes, int, int]) -> str:
    if our[1:] != their[1:]:
        return f"{our[1]} x {our[2]} samples, expected {their[1]} x {their[2]}"
    wrong = [at for at, (a, b) in enumerate(zip(our[0], their[0], strict=True)) if a != b]
    y, x = divmod(wrong[0], our[1])
    widest = max(abs(our[0][at] - their[0][at]) for at in wrong)
    return (
        f"{len(wrong)} of {len(our[0])} samples of {our[1]} x {our[2]} differ, by at most {widest}, first at"
        f" x={x} y={y}: {our[0][wrong[0]]}, expected {their[0][wrong[0]]}"
    )
