"""Text from outside inside a Markdown document: shown as it is, able to do nothing.

After this a text cannot open a heading, list, table cell, link, image, code, formula or HTML. Bare addresses are
escaped against automatic links (GitHub Flavored Markdown, 6.9); a renderer that links them all the same links what is
shown.
"""

import re

from sre.core.text import cleaned

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
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") or not plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
