"""Text from outside inside a Markdown document: shown as it is, able to do nothing.

After this a text cannot open a heading, list, table cell, link, image, code, formula or HTML. Bare addresses are
escaped against automatic links (GitHub Flavored Markdown, 6.9); a renderer that links them all the same links what is
shown.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sre.core.text import cleaned

if TYPE_CHECKING:
    from jinja2 import Environment

TEXT_LIMIT = 2_000
# CommonMark 0.31, 2.4: any ASCII punctuation may be escaped. Only what can start something is, so text stays readable.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&$^])")
_AUTO_LINK = re.compile(r"(?i)\b(www|mailto|xmpp)([.:])")
_AT_LINE_START = re.compile(r"^(\d{1,9}(?=[.)])|(?=[-+=:!]))(.)")


def escaped(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Return `text` as one line of Markdown that renders as exactly that text."""
    plain = cleaned(text, limit=limit)
    safe = _SPECIAL.sub(r"\\\1", plain)
    safe = safe.replace("://", "\\://").replace("@", "\\@")
    safe = _AUTO_LINK.sub(r"\1\\\2", safe)
    return _AT_LINE_START.sub(r"\1\\\2", safe)


def code_span(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Return `text` as an inline code span; the fence is longer than any run of backticks inside (CommonMark 6.1)."""
    plain = cleaned(text, limit=limit)
    fence = "`" * (_longest_run(plain) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") or not plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def fenced(text: str, language: str = "") -> str:
    """Return text as a code block whose fence is longer than any run of backticks inside (CommonMark 4.5)."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def markdown_environment(templates: Path, filters: Mapping[str, Callable[..., object]]) -> "Environment":
    """Return what renders a folder's Markdown templates, with `md`, `code` and `fenced` for text from outside."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Not HTML: what comes from outside goes through these filters, and tests of each document try to break out.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": escaped, "code": code_span, "fenced": fenced, **filters}
    return environment


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
