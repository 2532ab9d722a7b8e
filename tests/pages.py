"""A page as a browser takes it apart: its tags, and the policy that it should have."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

__all__ = ["policy_of", "shape"]


class _Shape(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.comments = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.comments += 1

    def handle_pi(self, data: str) -> None:
        self.comments += 1

    def unknown_decl(self, data: str) -> None:
        self.comments += 1


def shape(source: str) -> list[tuple[str, tuple[str, ...]]]:
    """All tags in order, with the names of their attributes. A comment or an instruction would be one too many."""
    page = _Shape()
    page.feed(source)
    page.close()
    return page.tags + [("comment", ())] * page.comments


def policy_of(source: str) -> str:
    """The policy that lets through the styles of a page, and nothing else, by hashes made here."""
    styles = re.findall("<style>(.*?)</style>", source, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    allowed = " ".join(f"'sha256-{text}'" for text in hashes)
    return f"default-src 'none'; img-src data:; style-src {allowed}; base-uri 'none'; form-action 'none'"
