"""The article's job on real photographs: from a folder to a page with the matches.

    python demo/demo.py [FOLDER]

FOLDER is where the photographs are put (`.demo/photos` by default); the page goes beside it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
from photos import make_photos

import lookalike

HASHES = ["ahash", "phash", "dhash", "whash", "colorhash"]
QUERY = "rocket_watermarked.jpg"


def main(folder: Path) -> None:
    """Make the photographs and walk through them."""
    make_photos(folder)
    home = Path(os.path.relpath(folder.parent))
    # The table names the pictures as they are given: `photos/cat.png` reads better than a long path.
    os.chdir(folder.parent)
    photos = Path(folder.name)

    section("1. Fingerprint a folder: a row for each picture, a column for each hash")
    frame = lookalike.fingerprint_many(photos)
    show(frame[["image", *HASHES]])

    section("2. Duplicates: pictures whose hash an earlier one has too")
    for on in HASHES:
        list_duplicates(frame, on)
    print("\ncolorhash knows nothing but colours: the motorcycle's other view is no copy.")

    # What was there before the two pictures that come now.
    known = frame[~frame.image.str.contains("grey|watermarked")]

    section("3. Is a new picture there already?")
    for name, on, radius in (("cat_grey.jpg", "ahash", 0), (QUERY, "phash", 0), (QUERY, "phash", 6)):
        answer = lookalike.is_duplicate(known, photos / name, on=on, radius=radius)
        print(f"{name:<22} by {on} within {radius} bits: {'yes' if answer else 'no'}")

    section(f"4. Rank the pictures by their distance to {QUERY}")
    ranked = lookalike.find_similar(known, photos / QUERY, on="phash")
    show(ranked[["image", "phash", "hamming_distance"]].head(6))

    section("5. Why bits, and not hex digits as in the article: both distances to coffee.png")
    show(both_distances(frame, "dhash", str(photos / "coffee.png")).head(8))

    section("6. See it")
    page = lookalike.gallery(ranked, query=photos / QUERY, title=f"What looks like {QUERY}?").save("gallery.html")
    print(f"open {home / page} in a browser: the ranking, with the pictures")


def list_duplicates(frame: pd.DataFrame, on: str) -> None:
    """Print each duplicate by one hash, and what it is one of."""
    found = lookalike.find_duplicates(frame, on=on)
    pairs = zip(found.image, found.duplicate_of, strict=True)
    originals: dict[str, list[str]] = {}
    for image, original in pairs:
        originals.setdefault(Path(original).name, []).append(Path(image).stem)
    for n, (original, copies) in enumerate(originals.items()):
        print(f"{on if n == 0 else '':<10} {original:<15} = {', '.join(copies)}")


def both_distances(frame: pd.DataFrame, on: str, image: str) -> pd.DataFrame:
    """One column of hashes, with its distances to one image's in bits and in hex digits, nearest first."""
    table = frame[["image", on]].copy()
    query = table[on][table.image == image].item()
    table["bits"] = [lookalike.hamming_distance(query, text) for text in table[on]]
    table["hex_digits"] = [lookalike.hex_digit_distance(query, text) for text in table[on]]
    return table.sort_values("bits", kind="stable")


def section(title: str) -> None:
    """Print a heading."""
    print(f"\n{title}\n{'-' * len(title)}")


def show(table: pd.DataFrame) -> None:
    """Print a table in full, without its row labels."""
    print(table.to_string(index=False))


if __name__ == "__main__":
    default = Path(__file__).parents[1] / ".demo" / "photos"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
