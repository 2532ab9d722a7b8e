"""Drop-in for `import imagehash`: the names, signatures, operators, texts and bits of ImageHash 4.3.2.

    >>> from PIL import Image
    >>> from lookalike import imagehash
    >>> photo = Image.linear_gradient("L")
    >>> print(imagehash.average_hash(photo))
    00000000ffffffff
    >>> imagehash.average_hash(photo) - imagehash.average_hash(photo.rotate(180))
    64

Every hash of every PIL image is the same, bit for bit, and needs neither SciPy nor PyWavelets. Texts
that ImageHash wrote are read here; its pickles too, where this module stands for it as
`sys.modules["imagehash"]`. It differs where ImageHash is broken, by chance or by mistake:

Values:
    * `hash(a)` is over the whole value. There it has 8 bits' worth of sums, so that sets and dicts of
      many hashes slow to a crawl. The numbers differ, as `hash` always may; they are the same in every
      process.
    * `a != None` is true; there it is false. Comparing with a foreign object is false; there it raises
      AttributeError. Anything whose `.hash` is an array compares by its bits.
    * `a - b` is a plain `int`, so that `json` can write it; there it is a NumPy number.
    * `ImageMultiHash`: `==` still means "matches", which is neither symmetric nor transitive, so the
      only `hash` that cannot contradict it says nothing: it is the length of a segment's hash, and a
      set of many gets slow. For exact dictionary keys take `str(a)`. `a != None` is true; there it
      raises. An `ImageMultiHash` without segments matches nothing; there it raises.

Reading texts:
    * `hex_to_hash` and `hex_to_multihash` read colour hashes: a text whose length is that of no square
      but that of 14 times some `binbits` gives the 14 x `binbits` hash. The square wins where both fit:
      `binbits` 1, 2, 6, 7 and a few from 23 on have the length of a square (read those with
      `hex_to_flathash`, which gives the right bits in one row). There a colour hash raises or becomes
      another hash.
    * A text that is neither, or has a bit too many for its square, is a ValueError; there it depends on
      its leading bits whether one gets an error or a hash of another shape.

Computing:
    * `phash` and `phash_simple`: a coefficient that equals the threshold in exact arithmetic gives 0.
      There the bit is the rounding noise of an FFT, and changes with the machine. Blank and symmetric
      pictures have such coefficients.
    * `whash`: what it refuses is a `WhashError`, both an AssertionError as there and a ValueError, and
      is refused under `python -O` as well. So is a `hash_size` of 0 or a picture without pixels, which
      end there in an OverflowError. `mode` is `"haar"` (also `"db1"`) or `"db4"`; other wavelets of
      PyWavelets are a ValueError. No warnings are printed about levels.
    * `colorhash`: any `binbits` of 1 or more; there the counts overflow from about 40 on. Counts are
      what they would be without the overflow.
    * Pictures are resized rows first, then columns, whatever Pillow does. There Pillow's version decides:
      12.2 and 12.3 begin with the columns where a picture is more than 100 times as tall as wide, 13 in
      many more.
    * `crop_resistant_hash`: where more regions are single pixels than there are pixels around the reduced
      picture, ImageHash runs into an IndexError; here its search ends.
    * Squares of more than 16384 pixels a side are an OverflowError, as those of 2**31 are there; a
      `hash_size` above 4096 is a ValueError.
    * What is no PIL image is an AttributeError as there, with a text that says what to do.

`hash_func` of `crop_resistant_hash`: our own functions, bare or in a `functools.partial`, hash the
segments of a grey picture that is made once; any other callable gets cropped PIL images as there.
"""

from __future__ import annotations

import numpy
from PIL import Image, ImageFilter

from .functions import (
    ANTIALIAS,
    MeanFunc,
    WhashError,
    WhashMode,
    average_hash,
    colorhash,
    dhash,
    dhash_vertical,
    phash,
    phash_simple,
    whash,
)
from .regions import HashFunc, crop_resistant_hash
from .texts import hex_to_flathash, hex_to_hash, hex_to_multihash, old_hex_to_hash
from .values import ImageHash, ImageMultiHash, NDArray

__all__ = [
    "ANTIALIAS",
    "HashFunc",
    "Image",
    "ImageFilter",
    "ImageHash",
    "ImageMultiHash",
    "MeanFunc",
    "NDArray",
    "WhashError",
    "WhashMode",
    "__version__",
    "average_hash",
    "colorhash",
    "crop_resistant_hash",
    "dhash",
    "dhash_vertical",
    "hex_to_flathash",
    "hex_to_hash",
    "hex_to_multihash",
    "numpy",
    "old_hex_to_hash",
    "phash",
    "phash_simple",
    "whash",
]

__version__ = "4.3.2"
"""The version of ImageHash that this module agrees with."""

# One address for each name, whichever file it stands in: pickles must not depend on our files.
for _public in (ImageHash, ImageMultiHash, WhashError):
    _public.__module__ = __name__
