"""Frozen settings: the recipes and the limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["DEFAULT_LIMITS", "RECIPES", "Limits", "recipe_name"]

RECIPES = {"imagehash": "imagehash/1", "standard": "standard/2"}
"""Name of each recipe, and the version of it that this release computes.

A recipe is the exact road from a source to its bits. `imagehash` gives what ImageHash 4.3.2 gives for
the same PIL image; `standard` has one decode policy for every kind of source, and decodes a JPEG file
no further than its hashes need (version 1 decoded it in full).
"""
_VERSION = re.compile(r"(\w+)/[0-9]+")


def recipe_name(text: str) -> str:
    """The full name of a recipe with its version, from either form.

    Raises:
        ValueError: if there is no such recipe, or not in this version.
    """
    if text in RECIPES.values():
        return text
    version = _VERSION.fullmatch(text)
    if version and version[1] in RECIPES:
        raise ValueError(
            f"recipe {text!r} is of another release: this one computes {RECIPES[version[1]]}, whose bits differ; "
            "fingerprint the pictures again"
        )
    if text not in RECIPES:
        raise ValueError(f"unknown recipe {text!r}: expected one of {', '.join(RECIPES)}")
    return RECIPES[text]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one source may cost, and where it may lead, before it is refused.

    An address is asked for only where everyone could ask for it: not on this computer, in its network or at its
    cloud's metadata service, whatever name or redirect leads there. `allow_private` and `allow_hosts` are for one's
    own network.

    Attributes:
        pixels: width times height, checked before the pixels are decoded. Pillow has a limit of its own for
            files: it refuses more than twice `PIL.Image.MAX_IMAGE_PIXELS` (178,956,970 pixels unless that is
            raised too), and from half of that on it warns with `DecompressionBombWarning`.
        bytes: length of a file, of a download or of a member of an archive, unpacked. All that is in an archive may
            have 128 MB, or 200 times as many as the archive, whichever is more.
        seconds: from asking an address to its last byte, with redirects and further attempts.
        first_byte: seconds from sending a request to the first byte of its answer.
        redirects: how many an address may take.
        allow_private: whether addresses may lead to private, loopback and carriers' shared (100.64.0.0/10) ones.
        allow_hosts: hosts that may be at such ones: `"images.example"`, or `".example"` with all below it. An address
            or a network, such as `"10.1.0.0/16"`, may be whatever it is. All other hosts must be public.
        proxy: of an address such as `"http://proxy.example:3128"`, through which all others are asked for; it resolves
            their names, and what they lead to is for it to check. The environment's proxies are not used.
        members: how many an archive may have, whatever they are.
        side: width and height each: a picture that is all length costs more than its pixels.
        memory: bytes that decoding one picture may take. What that will be is reckoned from its size and format before
            any is asked for. With `isolate`, Linux holds it too.
        scans: passes over the picture that a JPEG file may take. Each costs a few bytes in the file; common
            progressive files have ten.
        decode_seconds: how long decoding one picture may take, for each 25 megapixels that it has or part of these.
            Looked at between rows and between reads; with `isolate` it holds whatever a decoder is doing.
        isolate: whether files that are decoded by C libraries (Pillow and its plugins) are decoded in a process of its
            own, so that one on which a decoder crashes or hangs, or swells beyond `memory`, costs its own row only.
    """

    pixels: int = 178_000_000
    bytes: int = 512 * 1024 * 1024
    seconds: float = 30.0
    first_byte: float = 15.0
    redirects: int = 5
    allow_private: bool = False
    allow_hosts: tuple[str, ...] = ()
    proxy: str | None = None
    members: int = 100_000
    side: int = 300_000
    memory: int = 450_000_000
    scans: int = 500
    decode_seconds: float = 4.0
    isolate: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.allow_hosts, str):
            raise TypeError(f"expected a list of hosts as allow_hosts, got the text {self.allow_hosts!r}")
        # Limits are kept as keys: no list may stay in them.
        object.__setattr__(self, "allow_hosts", tuple(self.allow_hosts))

    def isolated(self, isolate: bool) -> Limits:
        """The same, with `isolate` if it is wanted."""
        return replace(self, isolate=True) if isolate and not self.isolate else self


DEFAULT_LIMITS = Limits()
"""The limits unless others are given."""
