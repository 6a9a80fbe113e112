"""Text from outside: label values, annotations, log lines, error messages.

It is data. It may hold control characters, terminal escapes, bidirectional overrides or sentences that look like
instructions, so it is cleaned and capped before it goes anywhere, and it only ever goes into data fields.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

DEFAULT_TEXT_LIMIT = 200

# CSI and OSC sequences first, then any lone escape (ECMA-48, 5.4 and 8.3.89).
ANSI_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
# What `quoted` makes, with the words that lead to it.
_QUOTATION = re.compile(r'(?::|,? saying)? ?"[^"]*"')
# Cc controls, Cf formats (bidi overrides, zero-width, tags), Cs surrogates, Co private use.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})


def cleaned(text: str, *, limit: int = DEFAULT_TEXT_LIMIT) -> str:
    """Return `text` on one line without control, ANSI or bidi characters, at most `limit` characters.

    A cut is marked with an ellipsis; the work is bounded by `limit`, not by the length of the text.
    """
    window = text[: limit * 4 + 64]
    stripped = ANSI_SEQUENCE.sub("", window)
    visible = "".join(" " if ch in "\t\r\n" else ch for ch in stripped if ch in "\t\r\n" or not _is_hidden(ch))
    flat = " ".join(visible.split())
    if len(flat) > limit or len(window) < len(text):
        return flat[: max(limit - 1, 0)].rstrip() + "…"
    return flat


def cleaned_lines(text: str, *, limit: int) -> str:
    """Return `text` with its line breaks, without any other control, ANSI or bidi character, at most `limit` long.

    A cut is marked with an ellipsis.
    """
    window = ANSI_SEQUENCE.sub("", text[: limit * 4 + 64].replace("\r\n", "\n").replace("\r", "\n"))
    visible = "".join(" " if ch == "\t" else ch for ch in window if ch in "\n\t" or not _is_hidden(ch)).strip()
    if len(visible) > limit or limit * 4 + 64 < len(text):
        return visible[: max(limit - 1, 0)].rstrip() + "…"
    return visible


def quoted(text: str, *, limit: int = DEFAULT_TEXT_LIMIT) -> str:
    """Return cleaned text in double quotes, so a reader sees where the data starts and ends."""
    return '"' + cleaned(text, limit=limit).replace('"', "'") + '"'


def without_quotations(text: str) -> str:
    """Return a message of ours without what it quotes, so that no text from outside is left in it.

    Relies on `quoted`, which leaves no double quote inside its own.
    """
    return _QUOTATION.sub("", text)


def nearest_names(wanted: str, names: Iterable[str], *, count: int = 5) -> tuple[str, ...]:
    """Return up to `count` of `names` closest to `wanted`: substrings first, then by similarity."""
    pool = sorted(set(names))
    lowered = wanted.lower()
    inside = [name for name in pool if lowered and (lowered in name.lower() or name.lower() in lowered)]
    similar = get_close_matches(wanted, pool, n=count, cutoff=0.5)
    return tuple(dict.fromkeys([*inside, *similar]))[:count]


def listed(names: Sequence[str], *, limit: int = 8) -> str:
    """Return names joined for a sentence, with how many more there are."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in HIDDEN_CATEGORIES
