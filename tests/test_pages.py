"""Pages of hostile texts: whatever a name, a fact or an error says, the page has the same tags."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands import noise
from lookalike import compare
from lookalike.comparing.comparison import Comparison
from lookalike.show import gallery
from lookalike.show.page import escaped
from lookalike.show.sections import Shown, gallery_of_sections
from pages import policy_of, shape

BAD = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "</title><img src=x onerror=alert(1)>",
    '" onload=alert(1) x="',
    "' onerror='alert(1)",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<!-- ",
    "--><b>",
    "<![CDATA[",
    "<?php",
    "&lt;script&gt;",
    "&#x3c;b&#x3e;",
    "\x00<b\x00>",
    '<a href="//evil.example">',
    "\u202e<b>\u2066",
    "<svg/onload=alert(1)>",
    "`${alert(1)}`",
    "</bdi></div></figure>",
    "\ud800<b>",
    "<\u212acript>",
]
HOSTILE = st.sampled_from(BAD) | st.text(st.sampled_from("<>\"'&;=/!-ab \n\x00"), max_size=20) | st.text(max_size=20)
PICTURE = noise(1, 40)


def page_of(image: str, other: str, error: str, form: str, title: str) -> Any:
    """A gallery in which every text that can come from outside is one of these."""
    frame = pd.DataFrame(
        {
            "image": [image, other],
            "phash": [form, "8"],
            "width": [4, 3],
            "height": [4, 3],
            "format": [form, form],
            "error": [None, error],
            "duplicate_of": [other, other],
        },
        dtype=object,  # half of a character is a text there too
    )
    return gallery(frame, title=title, query=PICTURE, sources=[PICTURE, PICTURE], thumbnail=40)


PLAIN = page_of("a.png", "b.png", "no", "PNG", "title")


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
@example(*BAD[:5])
@example(*BAD[5:10])
@example(*BAD[10:15])
@example(*BAD[15:20])
@settings(max_examples=30, deadline=None)
def test_a_gallery_has_the_same_tags(image: str, other: str, error: str, form: str, title: str) -> None:
    texts = [f"x{text}x" for text in (image, other, error, form, title)]
    if len(set(texts[:2])) < 2:
        return
    # Folders and lines of their own are what some of these are for.
    made = page_of(
        *[re.sub("[/\\\\]", "|", text) for text in texts[:2]], *[text.replace("\n", "|") for text in texts[2:]]
    )
    plain = page_of("xa", "xb", "xc", "xd", "xe")
    assert shape(made.html()) == shape(plain.html())
    assert shape(made.fragment) == shape(plain.fragment)
    assert f'content="{policy_of(plain.html())}"' in made.html()
    made.html().encode()


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=30, deadline=None)
def test_a_gallery_of_groups_has_the_same_tags(image: str, badge: str, facts: str, heading: str) -> None:
    def shown(*texts: str) -> list[tuple[str, tuple[str, ...]]]:
        image, badge, facts, heading = (f"x{re.sub('[/' + chr(10) + chr(92) * 2 + ']', '|', text)}" for text in texts)
        cards = [Shown(image, PICTURE, badge, facts)]
        return shape(gallery_of_sections(heading, heading, [(heading, cards)], more=heading).html())

    assert shown(image, badge, facts, heading) == shown("a", "b", "c", "d")


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return compare(PICTURE, noise(1, 60))


@pytest.mark.parametrize("name", ["".join(BAD)])
def test_an_evidence_page_has_the_same_tags(compared: Comparison, name: str) -> None:
    from dataclasses import replace

    # What comes from files and their names, into a comparison that is made already.
    reasons = tuple(f"{name}{reason}" for reason in compared.reasons)
    hostile = replace(compared, a=name, b=f"{name}/{name}", reasons=reasons)
    page, plain = (_without_keys(one.show().html()) for one in (hostile, compared))
    assert shape(page) == shape(plain)
    assert f'content="{policy_of(plain)}"' in page


def _without_keys(page: str) -> str:
    return re.sub("lke-[0-9a-f]{8}", "lke", page)


@given(HOSTILE)
def test_escaped_text_ends_no_attribute(text: str) -> None:
    found: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, attrs))

    Reader().feed(f'<p title="{escaped(text)}">')
    ((tag, attributes),) = found
    assert (tag, [name for name, _ in attributes]) == ("p", ["title"])


def test_no_page_leads_anywhere(compared: Comparison) -> None:
    """There is not a link in them, so that none can be `javascript:` or tell where it was followed from."""
    for page in (PLAIN.html(), compared.show().html()):
        names = {name for _, attributes in shape(page) for name in attributes}
        assert not names & {"href", "srcset", "action", "formaction", "style", "xlink:href", "background", "ping"}
        assert not [name for name in names if name.startswith("on")]
        assert '<meta name="referrer" content="no-referrer">' in page
        assert set(re.findall(r'\bsrc="([a-z]+:[a-z/]*)', page)) == {"data:image/jpeg"}


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser here")
def test_a_browser_holds_a_page_to_its_policy(compared: Comparison) -> None:
    """Ours has no fault in its eyes, and what would get into it does nothing."""
    bad = '<style>body{color:red}</style><script>document.title="ran"</script><img src="http://127.0.0.1:9/a.png">'
    assert _complaints(compared.show().html()) == []
    broken = _complaints(PLAIN.html().replace("</main>", f'{bad}<p style="color:red" onclick="x()"></main>'))
    assert len(broken) == 5  # and none of what is ours
    assert all("Content Security Policy" in line for line in broken)


def _complaints(page: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        path.write_text(page, encoding="utf-8", newline="")
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
        done = subprocess.run(
            [*command, f"--user-data-dir={folder}/profile", path.as_uri()], capture_output=True, text=True, timeout=60
        )
    assert "<title>ran" not in done.stdout
    return [line for line in done.stderr.splitlines() if ":CONSOLE:" in line]


def test_the_notebook_shows_the_same(compared: Comparison) -> None:
    assert PLAIN._repr_html_() == PLAIN.fragment
    assert "<script" not in PLAIN._repr_html_()
    assert np.isfinite(compared.confidence)
