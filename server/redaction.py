"""The last look at every text that leaves: hidden characters and secrets are taken out.

Secrets never should get here; this is the net under the connectors, not the place where secrets are handled.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import TypeAlias

from sre.core.text import ANSI_SEQUENCE, HIDDEN_CATEGORIES

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"

REDACTED = "[redacted]"
# A shorter value would blank out ordinary words.
_MIN_SECRET_CHARS = 6
_KEPT_CONTROLS = frozenset("\n\t")
# Shapes of credentials, each with the part to keep: scheme and header names, keys of assignments, user info of URLs.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.~-]{12,}"), rf"\1 {REDACTED}"),
    (re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@:\"']{1,256}:[^\s/@\"']{1,256}@"), rf"\1{REDACTED}@"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"), REDACTED),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), REDACTED),
    (re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|glsa_[A-Za-z0-9_]{30,}|xox[abprs]-[A-Za-z0-9-]{10,})"), REDACTED),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"), REDACTED),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"), REDACTED),
    (
        re.compile(
            r"(?i)\b(password|passwd|secret|api[_-]?key|access[_-]?token|client[_-]?secret)(\s*[=:]\s*)[^\s,;&\"'{}]{4,}"
        ),
        rf"\1\2{REDACTED}",
    ),
)


# Case-folded, a part of every text that a shape matches: most answers hold none, and `in` costs next to nothing.
_HINTS: tuple[str, ...] = (
    "bearer", "basic", "://", "eyj", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "glsa_", "xox", "sk-",
    "private key", "passw", "secret", "api_key", "api-key", "apikey", "access_token", "access-token", "accesstoken",
)  # fmt: skip
_ESCAPED_CONTROL = re.compile(r"\\[bfnrtu]")


class Redactor:
    """Takes known secrets, credential shapes and hidden characters out of text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= _MIN_SECRET_CHARS}, key=len, reverse=True)
        self._known = _any_of(known)
        self._known_in_json = _any_of(known + [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in known])

    def text(self, text: str) -> str:
        """Return `text` safe to send: newlines and tabs stay, other control and format characters go."""
        shown = text if text.isascii() and text.isprintable() else _without_hidden(text)
        if self._known is not None:
            shown = self._known.sub(REDACTED, shown)
        for shape, kept in _SHAPES:
            shown = shape.sub(kept, shown)
        return shown

    def is_clean(self, serialised: str) -> bool:
        """Return whether JSON text needs no look at its single strings, which is so nearly always.

        Escaped control characters and line breaks count as unclean: a shape could hide behind one.
        """
        return (
            serialised.isprintable()
            and not _ESCAPED_CONTROL.search(serialised)
            and not (self._known_in_json and self._known_in_json.search(serialised))
            and not _may_hold_credentials(serialised)
        )

    def tree(self, value: JsonValue) -> JsonValue:
        """Return a JSON value with every string in it made safe, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.tree(item) for key, item in value.items()}
        return value


def _may_hold_credentials(text: str) -> bool:
    folded = text.casefold()
    return any(hint in folded for hint in _HINTS) and any(shape.search(text) for shape, _ in _SHAPES)


def _any_of(literals: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(re.escape(literal) for literal in literals)) if literals else None


def _without_hidden(text: str) -> str:
    plain = ANSI_SEQUENCE.sub("", text)
    return "".join(ch for ch in plain if ch in _KEPT_CONTROLS or unicodedata.category(ch) not in HIDDEN_CATEGORIES)
