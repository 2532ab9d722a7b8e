"""Cards as HTML: safe whatever their texts are, and readable on light and dark."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from .cards import Card

__all__ = ["Section", "escaped", "fragment", "page", "styled", "visible"]

# Signs that turn the direction of the text after them: a name with one can pose as another.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NAME_LENGTH = 42
_FOLDER_LENGTH = 24
# No source but the pictures inside; and of styles only our own, told by their hashes, so that not even one that got
# into the page would be used.
_POLICY = "default-src 'none'; img-src data:; style-src {}; base-uri 'none'; form-action 'none'"

# Colours come from the surrounding text, so that a notebook's own theme decides; a page brings its own.
_STYLE = """
.lookalike{--line:color-mix(in srgb,currentColor 14%,transparent);--soft:color-mix(in srgb,currentColor 5%,transparent);
--dim:color-mix(in srgb,currentColor 64%,transparent);font:14px/1.4 system-ui,-apple-system,"Segoe UI",sans-serif;
text-align:left}
.lookalike *{box-sizing:border-box}
.lookalike h1{font-size:22px;line-height:1.25;font-weight:650;letter-spacing:-.01em;margin:0 0 2px}
.lookalike p{margin:0}
.lookalike .lk-dim{color:var(--dim)}
.lookalike .lk-group{margin-top:24px}
.lookalike .lk-group>p{margin-bottom:8px}
.lookalike .lk-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(var(--lk-card),1fr));gap:14px}
.lookalike .lk-card{margin:0;border:1px solid var(--line);border-radius:10px;overflow:hidden;min-width:0;
content-visibility:auto;contain-intrinsic-size:auto var(--lk-card) auto calc(var(--lk-side) + 120px)}
.lookalike .lk-pic{position:relative;height:calc(var(--lk-side) + 16px);display:flex;align-items:center;
justify-content:center;background:var(--soft);padding:8px}
.lookalike .lk-pic img{display:block;max-width:100%;max-height:100%;width:auto;height:auto;margin:0;border-radius:3px}
.lookalike .lk-none{color:var(--dim);font-size:12px;text-align:center;overflow-wrap:anywhere;max-height:100%;
overflow:hidden;padding:0 6px}
.lookalike .lk-none b{display:block;font-size:20px;font-weight:400;line-height:1.2}
.lookalike .lk-badge{position:absolute;right:8px;bottom:8px;padding:1px 8px;border-radius:99px;font-size:12px;
font-weight:600;font-variant-numeric:tabular-nums;color:#fff;background:rgb(28 28 32/.78)}
.lookalike .lk-exact{background:#13753a}
.lookalike figcaption{padding:8px 10px 10px;text-align:left}
.lookalike .lk-name{font-weight:600;word-break:break-all;display:-webkit-box;-webkit-box-orient:vertical;
-webkit-line-clamp:2;overflow:hidden}
.lookalike .lk-line{font-size:12px;color:var(--dim);white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.lookalike dl{display:grid;grid-template-columns:auto 1fr;gap:1px 8px;margin:6px 0 0;font-size:11px;line-height:1.5}
.lookalike dt{color:var(--dim);font-weight:400}
.lookalike dd{margin:0;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow:hidden;
text-overflow:ellipsis;white-space:nowrap;user-select:all}
.lookalike .lk-query{display:flex;gap:20px;align-items:center;margin-top:16px;padding:14px;border-radius:12px;
background:var(--soft);flex-wrap:wrap}
.lookalike .lk-query img{display:block;max-width:100%;height:auto;border-radius:6px;margin:0}
.lookalike .lk-query .lk-name{font-size:16px}
.lookalike .lk-text{min-width:0;flex:1 1 240px}
.lookalike .lk-query dd{white-space:normal;overflow-wrap:anywhere}
@media(max-width:480px){.lookalike .lk-grid{grid-template-columns:1fr 1fr;gap:8px}}
.lookalike .lk-more{margin-top:18px;color:var(--dim)}
"""
_PAGE_STYLE = """
:root{color-scheme:light dark}
body{margin:0;background:#fff;color:#1b1b1f}
main{max-width:1280px;margin:0 auto;padding:28px 24px 48px}
@media(prefers-color-scheme:dark){body{background:#16161a;color:#e8e8ec}}
@media(max-width:480px){main{padding:16px 12px 32px}}
@media print{.lookalike .lk-card{break-inside:avoid;content-visibility:visible}}
"""


@dataclass(frozen=True, slots=True)
class Section:
    """Cards that belong together, under a line of text that can be empty."""

    heading: str
    cards: tuple[Card, ...]


def page(title: str, body: str, styles: Iterable[str] = ()) -> str:
    """A whole page that needs nothing else and may load nothing else.

    Args:
        title: of the page, as text.
        body: as HTML.
        styles: each that is in the body, to the letter: any other is ignored by the browser, and so is all that would
            run or be loaded.
    """
    hashes = " ".join(map(_hash_of, [_PAGE_STYLE, *styles]))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(hashes)}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{_PAGE_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def _hash_of(style: str) -> str:
    """A style as a content security policy tells it from others."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


def styled(thumbnail_side: int) -> str:
    """The style of `fragment`, for thumbnails of that many pixels.

    As a class of its own for each size, not as an attribute, which the policy of a page does not let through.
    """
    card = max(thumbnail_side + 18, 190)
    return f"{_STYLE}.lk-{thumbnail_side}{{--lk-side:{thumbnail_side}px;--lk-card:{card}px}}\n"


def fragment(
    title: str, summary: str, query: Card | None, sections: Iterable[Section], more: str, thumbnail_side: int
) -> str:
    """The gallery without the page around it, for a notebook. `thumbnail_side` is in pixels."""
    parts = [
        f"<style>{styled(thumbnail_side)}</style>",
        f'<div class="lookalike lk-{thumbnail_side}">',
        f'<h1>{escaped(title)}</h1>\n<p class="lk-dim">{escaped(summary)}</p>',
        _query(query) if query else "",
        *(_section(section) for section in sections),
        f'<p class="lk-more">{escaped(more)}</p>' if more else "",
        "</div>",
    ]
    return "\n".join(filter(None, parts))


def visible(text: str) -> str:
    """The text with every sign that does not show, or that hides others, written out: `\\x1b`, `\\u202e`."""
    return "".join(_written_out(sign) if _is_hidden(sign) else sign for sign in text)


def _is_hidden(sign: str) -> bool:
    return sign in _DIRECTIONS or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")


def _written_out(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escaped(text: str) -> str:
    """The text, made `visible`, for a place in a page or in an attribute between double quotes."""
    return html.escape(visible(text))


def _section(section: Section) -> str:
    heading = f'<p class="lk-dim"><bdi>{escaped(section.heading)}</bdi></p>\n' if section.heading else ""
    cards = "\n".join(map(_card, section.cards))
    return f'<section class="lk-group">\n{heading}<div class="lk-grid">\n{cards}\n</div>\n</section>'


def _card(card: Card) -> str:
    badge = ""
    if card.badge:
        style = "lk-badge lk-exact" if card.is_exact else "lk-badge"
        badge = f'<span class="{style}">{escaped(card.badge)}</span>'
    return (
        f'<figure class="lk-card"><div class="lk-pic">{_picture(card)}{badge}</div>\n'
        f"<figcaption>{_caption(card)}</figcaption></figure>"
    )


def _query(card: Card) -> str:
    picture = f'<div class="lk-large">{_picture(card)}</div>' if card.thumbnail or card.problem else ""
    badge = f'<p class="lk-line">{escaped(card.badge)}</p>'
    return f'<div class="lk-query">{picture}<div class="lk-text">{badge}{_caption(card, is_wide=True)}</div></div>'


def _picture(card: Card) -> str:
    small = card.thumbnail
    if small is None:
        return f'<div class="lk-none"><b aria-hidden="true">⌀</b>{escaped(card.problem)}</div>'
    alt = escaped(card.image)
    return f'<img src="{small.uri}" width="{small.width}" height="{small.height}" alt="{alt}" decoding="async">'


def _caption(card: Card, *, is_wide: bool = False) -> str:
    folder, name = _split(card.image)
    if not is_wide:
        folder, name = _last_folders(folder), _elided(name)
    note = card.problem if card.thumbnail else ""
    lines = [f'<div class="lk-name" title="{escaped(card.image)}"><bdi>{escaped(name)}</bdi></div>']
    lines += [
        f'<div class="lk-line"><bdi>{escaped(line)}</bdi></div>'
        for line in (folder, *card.facts.split("\n"), note)
        if line
    ]
    if card.hashes:
        pairs = (
            f'<dt>{escaped(kind)}</dt><dd title="{escaped(text)}">{escaped(text)}</dd>' for kind, text in card.hashes
        )
        lines.append(f"<dl>{''.join(pairs)}</dl>")
    return "\n".join(lines)


def _split(image: str) -> tuple[str, str]:
    """Folder (or site) and name."""
    folder, _, name = image.replace(os.sep, "/").rstrip("/").rpartition("/")
    return (folder, name) if name else ("", image or "no name")


def _elided(name: str) -> str:
    """A long name without its middle: its end, often a number, tells pictures of one series apart."""
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH // 3]}…{name[-2 * _NAME_LENGTH // 3 :]}"


def _last_folders(folder: str) -> str:
    """As many of the last folders as there is room for, at least one."""
    parts = folder.split("/")
    kept = parts[-1]
    while len(parts) > 1:
        parts.pop()
        longer = f"{parts[-1]}/{kept}"
        if len(longer) > _FOLDER_LENGTH:
            return f"…/{kept}"
        kept = longer
    return kept
