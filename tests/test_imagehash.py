"""The drop-in against ImageHash 4.3.2 itself: names, signatures, settings and errors."""

from __future__ import annotations

import functools
import inspect
import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dropin import FUNCTIONS, PICTURE, assert_same, outcome
from lookalike import imagehash as ours

theirs = pytest.importorskip("imagehash", reason="needs ImageHash 4.3.2 to compare with")

# What ImageHash's module has by importing it for itself.
ITS_IMPORTS = {"Callable", "Literal", "absolute_import", "division", "print_function", "sys"}


# Names and signatures


def test_every_public_name_is_there() -> None:
    public = {name for name in dir(theirs) if not name.startswith("_")} - ITS_IMPORTS
    assert public <= set(ours.__all__)
    assert all(hasattr(ours, name) for name in ours.__all__)


@pytest.mark.parametrize("name", ["ANTIALIAS", "MeanFunc", "NDArray", "WhashMode", "__version__", "Image", "numpy"])
def test_plain_values_are_the_same(name: str) -> None:
    assert getattr(ours, name) == getattr(theirs, name)


def test_types_of_callables_read_the_same() -> None:
    assert str(ours.HashFunc).replace("lookalike.", "") == str(theirs.HashFunc)


CALLABLES = (
    *FUNCTIONS,
    "crop_resistant_hash",
    "hex_to_hash",
    "hex_to_flathash",
    "hex_to_multihash",
    "old_hex_to_hash",
    "ImageHash",
    "ImageMultiHash",
    "ImageHash.__sub__",
    "ImageMultiHash.__sub__",
    "ImageMultiHash.hash_diff",
    "ImageMultiHash.matches",
    "ImageMultiHash.best_match",
)


@pytest.mark.parametrize("path", CALLABLES)
def test_signatures_are_the_same(path: str) -> None:
    mine, its = (inspect.signature(functools.reduce(getattr, path.split("."), module)) for module in (ours, theirs))
    assert [(p.name, p.kind) for p in mine.parameters.values()] == [(p.name, p.kind) for p in its.parameters.values()]
    for my_parameter, its_parameter in zip(mine.parameters.values(), its.parameters.values(), strict=True):
        defaults = [getattr(p.default, "__name__", p.default) for p in (my_parameter, its_parameter)]
        assert defaults[0] == defaults[1]


@pytest.mark.parametrize("name", ["ImageHash", "ImageMultiHash"])
def test_objects_have_the_same_attributes(name: str) -> None:
    mine, its = getattr(ours, name), getattr(theirs, name)
    assert {n for n in dir(its) if n not in dir(object)} <= set(dir(mine))
    assert {n for n in vars(its) if n.startswith("__")} - {"__weakref__", "__ne__"} <= set(vars(mine))


def test_importing_it_loads_neither_scipy_nor_pywavelets() -> None:
    code = "import sys, lookalike.imagehash; print({'scipy', 'pywt', 'imagehash', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


# Settings, good and bad


SIZES = [
    2,
    3,
    8,
    8.0,
    7.5,
    np.int64(8),
    np.uint8(8),
    np.float64(8),
    np.array(8),
    True,
    1,
    0,
    -1,
    None,
    "8",
    2**31,
    2**70,
]


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f not in ("whash", "colorhash")])
@pytest.mark.parametrize("size", SIZES, ids=repr)
def test_hash_sizes(function: str, size: Any) -> None:
    its = outcome(lambda: getattr(theirs, function)(PICTURE, size))
    mine = outcome(lambda: getattr(ours, function)(PICTURE, size))
    assert_same(mine, its)
    if isinstance(its, ValueError):
        assert str(mine).startswith(str(its))


@pytest.mark.parametrize("factor", [1, 2, 5, 0, -1, 2.0, None, "4", np.int64(2), 2**40], ids=repr)
@pytest.mark.parametrize("function", ["phash", "phash_simple"])
def test_factors(function: str, factor: Any) -> None:
    its = outcome(lambda: getattr(theirs, function)(PICTURE, 8, factor))
    assert_same(outcome(lambda: getattr(ours, function)(PICTURE, 8, factor)), its)


WHASH = [
    {"hash_size": size} for size in (1, 2, 8, np.int64(8), 64, 256, 3, 6, -1, -8, 8.0, None, "8")
] + [{"image_scale": scale} for scale in (8, 16, np.int64(64), 512, 1, 4, 7, -8, 64.0, "8")] + [
    {"mode": "db4"},
    {"mode": "DB4", "image_scale": 32},
    {"mode": "db1"},
    {"mode": "nope"},
    {"mode": None},
    {"mode": "db4", "hash_size": 1},
    {"hash_size": 3, "image_scale": 7},
    {"hash_size": 64, "image_scale": 32},
    {"remove_max_haar_ll": False},
    {"remove_max_haar_ll": 0},
    {"remove_max_haar_ll": "yes", "mode": "db4"},
]  # fmt: skip


@pytest.mark.parametrize("settings", WHASH, ids=repr)
def test_whash_settings(settings: dict[str, Any]) -> None:
    its = outcome(lambda: theirs.whash(PICTURE, **settings))
    mine = outcome(lambda: ours.whash(PICTURE, **settings))
    assert_same(mine, its)
    if isinstance(its, AssertionError):
        assert str(mine) == str(its)
        assert isinstance(mine, ours.WhashError)
        assert isinstance(mine, ValueError)


@pytest.mark.parametrize("settings", [{"hash_size": 0}, {"image_scale": 0}], ids=repr)
def test_whash_refuses_zero_like_other_sizes(settings: dict[str, Any]) -> None:
    assert isinstance(outcome(lambda: theirs.whash(PICTURE, **settings)), OverflowError)
    with pytest.raises(ours.WhashError, match="is not power of 2"):
        ours.whash(PICTURE, **settings)


@pytest.mark.parametrize("mode", ["db2", "sym4", ""])
def test_other_wavelets_are_refused(mode: Any) -> None:
    with pytest.raises(ValueError, match="expected 'haar' or 'db4' as the wavelet"):
        ours.whash(PICTURE, mode=mode)


@pytest.mark.parametrize("binbits", [1, 2, 3, 6, 8, 24, np.int64(3), 0, -1, 3.0, None, "3"], ids=repr)
def test_binbits(binbits: Any) -> None:
    its = outcome(lambda: theirs.colorhash(PICTURE, binbits))
    assert_same(outcome(lambda: ours.colorhash(PICTURE, binbits)), its)


def _plain_colors(picture: Image.Image, binbits: int) -> Any:
    """ImageHash's own formula in Python's integers, from its own 46-bit answer's counts."""
    grey = np.asarray(picture.convert("L"))
    hue, saturation, _ = (np.asarray(band) for band in picture.convert("HSV").split())
    oracle = pytest.importorskip("oracle")
    return oracle.color_bits(oracle.color_counts(grey, hue, saturation), grey.size, binbits)


@pytest.mark.parametrize("binbits", [3, 40, 41, 60, 64, 200, 1100])
def test_binbits_without_overflow(binbits: int) -> None:
    small = PICTURE.resize((40, 30))
    assert (ours.colorhash(small, binbits).hash == _plain_colors(small, binbits)).all()


MEANS = {
    "mean": np.mean,
    "median": np.median,
    "max": np.max,
    "min": np.min,
    "constant": lambda pixels: 100,
    "fraction": lambda pixels: 99.5,
    "row": lambda pixels: pixels.mean(axis=0),
    "shape": lambda pixels: pixels.shape[0] * 10,
    "nan": lambda pixels: float("nan"),
    "none": lambda pixels: None,
    "writes": lambda pixels: pixels.fill(0),
    "not callable": 5,
}


@pytest.mark.parametrize("name", MEANS)
def test_any_mean(name: str) -> None:
    mean: Any = MEANS[name]
    its = outcome(lambda: theirs.average_hash(PICTURE, 9, mean))
    assert_same(outcome(lambda: ours.average_hash(PICTURE, 9, mean=mean)), its)


@pytest.mark.parametrize("function", [*FUNCTIONS, "crop_resistant_hash"])
@pytest.mark.parametrize(
    "thing", [None, "photo.jpg", b"GIF", 5, np.zeros((8, 8), np.uint8)], ids=lambda t: type(t).__name__
)
def test_what_is_nopicture(function: str, thing: Any) -> None:
    if function != "whash":  # where an array's `size` gets it one step further
        assert isinstance(outcome(lambda: getattr(theirs, function)(thing)), AttributeError)
    with pytest.raises(AttributeError, match=f"expected a PIL image, got {type(thing).__name__}.*PIL.Image.open"):
        getattr(ours, function)(thing)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0), (1, 1), (1, 5), (2, 3)])
@pytest.mark.parametrize("function", [*FUNCTIONS, "crop_resistant_hash"])
def test_tiny_pictures(function: str, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (40, 200, 90))
    mine = outcome(lambda: getattr(ours, function)(picture))
    if function == "whash" and 0 in size:
        assert isinstance(mine, ours.WhashError)
    else:
        assert_same(mine, outcome(lambda: getattr(theirs, function)(picture)))


def test_pictures_are_left_alone() -> None:
    picture = PICTURE.convert("P")
    picture.info["transparency"] = 3
    before = (picture.mode, picture.size, picture.tobytes(), dict(picture.info))
    for function in (*FUNCTIONS, "crop_resistant_hash"):
        outcome(lambda f=function: getattr(ours, f)(picture))
    assert (picture.mode, picture.size, picture.tobytes(), dict(picture.info)) == before


def _file(kind: str) -> io.BytesIO:
    data = io.BytesIO()
    if kind == "frames":
        PICTURE.save(data, "GIF", save_all=True, append_images=[PICTURE.rotate(180), PICTURE.rotate(90)])
    else:
        PICTURE.save(data, "JPEG", quality=90)
    return io.BytesIO(data.getvalue()[: len(data.getvalue()) // 2] if kind == "truncated" else data.getvalue())


@pytest.mark.parametrize("function", [*FUNCTIONS, "crop_resistant_hash"])
def test_files_that_are_not_loaded_yet(function: str) -> None:
    for kind in ("whole", "truncated", "frames"):
        its = outcome(lambda k=kind: getattr(theirs, function)(Image.open(_file(k))))
        assert isinstance(its, OSError) == (kind == "truncated")
        assert_same(outcome(lambda k=kind: getattr(ours, function)(Image.open(_file(k)))), its)


def test_the_frame_that_is_open() -> None:
    with Image.open(_file("frames")) as picture:
        texts = []
        for frame in (0, 1, 2, 1):
            picture.seek(frame)
            texts.append(str(ours.dhash(picture)))
            assert texts[-1] == str(theirs.dhash(picture))
    assert texts[0] != texts[1] == texts[3]


# Parts


PARTS: list[dict[str, Any]] = [
    {},
    *({"limit_segments": limit} for limit in (0, 1, 2, -1, True, np.int64(1), 99, 2.0, "1")),
    *({"segment_threshold": level} for level in (0, -1, 255, 300, 90.5, 127.99999999, np.float64(127.99999999))),
    *({"segment_threshold": level} for level in (float("nan"), float("inf"), np.float32(99), np.int64(99), None, "a")),
    *({"min_segment_size": size} for size in (0, -1, 10**6, 1.5, 10**400, float("inf"), np.int64(3), None, "a")),
    *({"segmentation_image_size": side} for side in (1, 2, 50, np.int64(20), 0, -1, 10.0, None, "3")),
    {"hash_func": None},
]


@pytest.mark.parametrize("settings", PARTS, ids=repr)
def test_crop_resistant_settings(settings: dict[str, Any]) -> None:
    its = outcome(lambda: theirs.crop_resistant_hash(PICTURE, **settings))
    assert_same(outcome(lambda: ours.crop_resistant_hash(PICTURE, **settings)), its)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("size", [{}, "first", "keyword"])
def test_inner_hashes(function: str, size: Any) -> None:
    settings = {} if size == {} else {"binbits" if function == "colorhash" else "hash_size": 4}

    def inner(module: Any) -> Any:
        found = getattr(module, function)
        return found if not settings else functools.partial(functools.partial(found), **settings)

    its = theirs.crop_resistant_hash(PICTURE, inner(theirs), segmentation_image_size=80, min_segment_size=30)
    mine = ours.crop_resistant_hash(PICTURE, inner(ours), segmentation_image_size=80, min_segment_size=30)
    assert len(mine.segment_hashes) > 2
    assert_same(mine, its)


def test_any_inner_callable_gets_crops_as_there() -> None:
    seen: dict[str, list[Any]] = {"mine": [], "its": []}

    def keep(name: str) -> Any:
        return lambda crop: seen[name].append((crop.mode, crop.size, crop.tobytes()))

    mine = ours.crop_resistant_hash(PICTURE, keep("mine"), segmentation_image_size=80, min_segment_size=30)
    theirs.crop_resistant_hash(PICTURE, keep("its"), segmentation_image_size=80, min_segment_size=30)
    assert seen["mine"] == seen["its"]
    assert mine.segment_hashes == [None] * len(seen["its"])
