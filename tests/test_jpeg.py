"""Our JPEG reader gives, byte for byte, what libjpeg-turbo gives at the same scale.

`make test` compares a sample of the real files beside the project, and some hundred generated ones. The whole proof:

    python tests/test_jpeg.py [--seeds N] [PATH...]

compares every JPEG file there (or in PATH), and N generated and N damaged files of each sort, and prints what
differs, by name.
"""

from __future__ import annotations

import argparse
import io
import itertools
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from jpeg_oracle import PIXELS, SCALES, Comparison, Difference, compare, pillow
from jpeg_writer import wild
from lookalike import _core

# Grey at every scale, and colour at the one that colours are counted at.
FILES_WANTED = [*((scale, "none") for scale in SCALES), (1, "exact")]
ALL_WANTED = [*itertools.product(SCALES, ("none", "exact"))]
FOLDERS = ("photos", "neardup", "bad")
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# Made by fuzzers: a component is sent once more after all of it was there. libjpeg decodes it again, or what there is
# of it; our reader has stopped by then, or starts afresh.
SENT_TWICE = (
    "jpeg__full__images__id:004404,src:004313,op:havoc,rep:1.jpg",
    "jpeg__full__images__id:005139,sync:jpeg_turbo,src:003915.jpg",
    "jpeg__full__images__id:005452,sync:jpeg_turbo,src:004148.jpg",
    "jpeg_turbo__full__images__id:003660,src:001806,op:havoc,rep:4.jpg",
    "6989bbc1e94ced9e16d221e515693e73dee774a3",
)

# Pillow warns about damaged EXIF data and large pictures.
pytestmark = pytest.mark.filterwarnings("ignore")


def is_jpeg(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\xff\xd8"


def jpeg_files(root: Path) -> list[Path]:
    """Every file below `root` that begins as JPEG does, whatever its name."""
    return [path for path in sorted(root.rglob("*")) if path.is_file() and is_jpeg(path)]


def compare_file(path: Path) -> Comparison:
    return compare(path.read_bytes(), FILES_WANTED)


# ---------------------------------------------------------------------------------------------- real files


@pytest.mark.parametrize("denominator", [1, 2, 4, 8])
def test_the_oracle_gives_what_draft_gives(photo: Path, denominator: int) -> None:
    for mode, color in (("L", False), ("YCbCr", True)):
        with Image.open(photo) as image:
            image.draft(mode, (image.width // denominator, image.height // denominator))
            draft = [(band.tobytes(), *image.size) for band in image.split()]
        assert pillow(photo.read_bytes(), 8 // denominator, color=color).planes == draft


def test_the_oracle_ends_a_truncated_file_as_pillow_does(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = photo.read_bytes()[: photo.stat().st_size // 2]
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with Image.open(io.BytesIO(data)) as image:
        image.draft("L", (image.width // 2, image.height // 2))
        expected = image.tobytes()
    ended = pillow(data, 4, color=False)
    assert (ended.planes[0][0], ended.whole) == (expected, False)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_sample_of_real_files(shared: Path, folder: str) -> None:
    files = [path for path in jpeg_files(shared / folder) if path.stat().st_size < 1_000_000]
    compared = 0
    for path in files[:: {"photos": 6, "neardup": 3, "bad": 3}[folder]]:
        result = compare_file(path)
        if path.name.endswith(SENT_TWICE):
            continue
        assert not result.differences, f"{path}: {result.differences[0]}"
        if folder != "bad":
            assert (result.ours, result.theirs, result.missing) == (None, None, 0.0), path
        compared += result.planes
    assert compared > 50


def test_a_large_file_of_each_sort(shared: Path) -> None:
    for folder in ("large-baseline", "large-progressive"):
        path = min((shared / "photos" / folder).glob("*.jpg"), key=lambda path: path.stat().st_size)
        assert compare_file(path) == Comparison(planes=7, samples=compare_file(path).samples)


# ---------------------------------------------------------------------------------------- files that Pillow writes


def picture(random: Random, mode: str, width: int, height: int) -> Image.Image:
    """Noise over a gradient, more or less of it: flat blocks, rough ones, and extremes."""
    bands = []
    for turn in range(len(mode)):
        ramp = Image.linear_gradient("L").rotate(90 * random.randrange(4)).resize((width, height))
        noise = Image.frombytes("L", (width, height), random.randbytes(width * height))
        bands.append(Image.blend(ramp, noise, random.choice((0.0, 0.1, 0.5, 1.0))))
        bands[turn] = bands[turn].point(lambda value: value if random.random() < 0.97 else 255)
    return Image.merge(mode, bands) if len(mode) > 1 else bands[0]


def pillow_jpeg(seed: int) -> bytes:
    """A small picture, encoded in one of the ways that Pillow knows."""
    random = Random(seed)
    mode = random.choice(("L", "RGB", "RGB", "RGB", "CMYK"))
    options: dict[str, object] = {
        "quality": random.choice((1, 20, 50, 75, 90, 100)),
        "progressive": random.random() < 0.5,
        "optimize": random.random() < 0.5,
    }
    if mode == "RGB" and random.random() < 0.2:
        options["keep_rgb"] = True
    else:
        options["subsampling"] = random.choice((0, 1, 2))
    if random.random() < 0.4:
        options[random.choice(("restart_marker_blocks", "restart_marker_rows"))] = random.randint(1, 5)
    file = io.BytesIO()
    picture(random, mode, random.randint(1, 70), random.randint(1, 70)).save(file, "JPEG", **options)
    return file.getvalue()


def damaged(seed: int) -> bytes:
    """Such a file with some bytes of its entropy-coded data changed, lost or doubled."""
    random = Random(seed)
    data = bytearray(pillow_jpeg(seed))
    start = data.rindex(b"\xff\xda") if random.random() < 0.5 else data.index(b"\xff\xda")
    start = min(start + 2 + data[start + 3], len(data) - 1)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(start, len(data))
        change = random.randrange(4)
        if change == 0:
            data[at] ^= 1 << random.randrange(8)
        elif change == 1:
            data[at] = random.choice((0, 0xFF, 0xD0, 0xD9, random.randrange(256)))
        elif change == 2:
            del data[at : at + random.randint(1, 8)]
        else:
            data[at:at] = data[at : at + random.randint(1, 8)]
        if start >= len(data):
            break
    return bytes(data)


def truncated(seed: int) -> bytes:
    """A file of any other sort that breaks off in its entropy-coded data."""
    random = Random(seed)
    data = pillow_jpeg(seed) if random.random() < 0.5 else wild(seed, progressive=random.random() < 0.5)
    start = data.index(b"\xff\xda") + 14
    return data[: random.randint(min(start, len(data)), len(data))]


SORTS = {
    "written by Pillow": pillow_jpeg,
    "wild sequential": lambda seed: wild(seed, progressive=False),
    "wild progressive": lambda seed: wild(seed, progressive=True),
    "wild progressive, incomplete": lambda seed: wild(seed, progressive=True, complete=False),
    "truncated": truncated,
    "damaged": damaged,
}


@pytest.mark.parametrize("sort", SORTS)
@given(seed=st.integers(0, 2**32))
def test_generated_files(sort: str, seed: int) -> None:
    data = SORTS[sort](seed)
    result = compare(data, ALL_WANTED)
    explained = sort == "damaged" and has_false_marker(data) and not any(is_mean(d) for d in result.differences)
    assert explained or not result.differences, f"SORTS[{sort!r}]({seed}): {result.differences[0]}"
    # What libjpeg-turbo has no upsampling for may be decoded here or not.
    assert result.ours is None or result.theirs is not None, f"SORTS[{sort!r}]({seed}): {result.ours}"


def is_mean(difference: Difference) -> bool:
    """Whether it is of samples that come of DC coefficients alone: these the slow decoder does write anew."""
    return difference.scale == 1 and difference.plane == 0


def has_false_marker(data: bytes) -> bool:
    """Whether a marker that is no restart stands within the data of the first scan, or fill bytes as if of one.

    If it comes in the midst of a unit, libjpeg-turbo's fast decoder gives up, and its slow one takes over upon
    coefficients that the fast one has left in the block.
    """
    scan = data[data.find(b"\xff\xda") + 2 : -2]
    return re.search(rb"\xff[^\x00\xd0-\xd7]", scan) is not None


@given(seed=st.integers(0, 2**32))
def test_coarse_colours_are_exact_where_nothing_is_subsampled(seed: int) -> None:
    random = Random(seed)
    file = io.BytesIO()
    picture(random, "RGB", random.randint(1, 70), random.randint(1, 70)).save(file, "JPEG", subsampling=0)
    data = file.getvalue()
    exact = _core.decode_jpeg(data, 1, "exact", PIXELS)
    assert _core.decode_jpeg(data, 1, "coarse", PIXELS) == exact
    assert _core.decode_jpeg(data, 8, "coarse", PIXELS)[1][1:] == exact[1][1:]


@given(seed=st.integers(0, 2**32))
def test_coarse_colours_are_one_sample_a_block_of_their_own(seed: int) -> None:
    data = wild(seed, progressive=seed % 2 == 0)
    try:
        (width, height, _, color, *_), planes, *_ = _core.decode_jpeg(data, 2, "coarse", PIXELS)
    except ValueError:
        reject()  # sampling factors that do not divide one another
    assert planes[0] == _core.decode_jpeg(data, 2, "none", PIXELS)[1][0] or color == "rgb"
    if color == "ycbcr":
        layers = [(across, down) for _, across, down, _ in JpegImageFile(io.BytesIO(data)).layer]
        widest, highest = (max(factor) for factor in zip(*layers, strict=True))
        sides = [
            (-(-width * across // (8 * widest)), -(-height * down // (8 * highest))) for across, down in layers[1:]
        ]
        assert [plane[1:] for plane in planes[1:]] == sides


def test_the_limit_of_pixels_holds() -> None:
    data = pillow_jpeg(1)
    (width, height, *_), *_ = _core.decode_jpeg(data, 1, "none", 4900)
    with pytest.raises(ValueError, match=f"at most {width * height - 1:,} pixels, got {width} x {height}"):
        _core.decode_jpeg(data, 1, "none", width * height - 1)


# --------------------------------------------------------------------------------------------------- the whole proof


class Report:
    """Counts of what was compared, and the names of what did not fit."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.counts: Counter[str] = Counter()
        self.lines: list[str] = []

    def add(self, name: str, result: Comparison) -> None:
        sort = _sort_of(result)
        if sort.endswith("different") and name.endswith(SENT_TWICE):
            sort += ", as known"
        self.counts["files"] += 1
        self.counts["planes"] += result.planes
        self.counts["bytes"] += result.samples
        self.counts[sort] += 1
        self.lines += [f"DIFFERENT {name}: {difference}" for difference in result.differences]
        if sort == ONLY_THEIRS:
            self.lines.append(f"NOT OURS  {name}: {result.ours}")
        if sort == ONLY_OURS:
            self.lines.append(f"ONLY OURS {name}: Pillow says {result.theirs} ({result.missing:.0%} missing)")

    def print(self) -> None:
        print("\n".join(self.lines))
        print(f"== {self.title}: " + ", ".join(f"{count} {what}" for what, count in self.counts.items()), flush=True)


ONLY_THEIRS, ONLY_OURS = "that only Pillow decodes", "that only we decode"


def _sort_of(result: Comparison) -> str:
    state = "whole" if result.whole else "truncated"
    if result.differences:
        return f"{state} and different"
    if result.ours is None and result.theirs is None:
        return f"{state} and equal" + (" but for smoothing" if result.smoothed else "")
    if result.ours is not None and result.theirs is not None:
        return "refused by both"
    return ONLY_THEIRS if result.ours is not None else ONLY_OURS


def _compare_seed(sort: str, seed: int) -> Comparison:
    return compare(SORTS[sort](seed), ALL_WANTED)


def _compare_all(title: str, names: Iterable[str], results: Iterable[Comparison]) -> int:
    report = Report(title)
    for name, result in zip(names, results, strict=True):
        report.add(name, result)
    report.print()
    return sum(count for what, count in report.counts.items() if what.endswith("different"))


def prove(paths: list[Path], seeds: int, pool: ProcessPoolExecutor) -> Iterator[int]:
    """How many files differ, of each sort."""
    for path in paths:
        files = jpeg_files(path) if path.is_dir() else [path]
        names = [str(file.relative_to(path.parent)) for file in files]
        yield _compare_all(path.name, names, pool.map(compare_file, files, chunksize=4))
    for sort in SORTS:
        names = [f"SORTS[{sort!r}]({seed})" for seed in range(seeds)]
        yield _compare_all(sort, names, pool.map(_compare_seed, [sort] * seeds, range(seeds), chunksize=16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, default=[SHARED / folder for folder in FOLDERS])
    parser.add_argument("--seeds", type=int, default=1000)
    options = parser.parse_args()
    start = time.monotonic()
    with ProcessPoolExecutor(2) as pool:
        different = sum(prove(options.paths, options.seeds, pool))
    print(f"{different} files differ, {time.monotonic() - start:.0f} s")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
