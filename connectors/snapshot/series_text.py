"""A series as text: `name{label="value"}`, in the spelling of exposition files, PromQL and CSV headers."""

import re
from typing import Final

from sre.core.labels import METRIC_NAME, Labels

METRIC_PATTERN: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
# Alternatives that exclude each other, so that no text makes the match slow.
LABELS_PATTERN: Final = r'\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}'
_SERIES: Final = re.compile(rf"({METRIC_PATTERN})?[ \t]*({LABELS_PATTERN})?", re.DOTALL)
_QUOTED: Final = r'"((?:[^"\\]|\\.)*)"'
# name="value", "quoted name"="value", or (Prometheus 3) the metric name alone in quotes.
_PAIR: Final = re.compile(
    rf"[ \t]*(?:(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)|{_QUOTED})[ \t]*(?:=[ \t]*{_QUOTED})?[ \t]*(?P<end>,|$)", re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", '"': '"', "\\": "\\"}


class NotASeriesError(ValueError):
    """The text does not name a series; says what is wrong."""


def series_labels(text: str) -> Labels:
    """Return the label set that `text` spells, the metric name among it.

    Raises:
        NotASeriesError: It is not a metric name with labels.
    """
    match = _SERIES.fullmatch(text.strip())
    if match is None or not text.strip():
        raise NotASeriesError('is not a series such as name{label="value"}')
    return labels_of(match[1], match[2])


def labels_of(metric: str | None, braces: str | None) -> Labels:
    """Return the label set of a metric name and a text in braces, either of which may be missing."""
    pairs: dict[str, str] = {METRIC_NAME: metric} if metric else {}
    inside = braces[1:-1].strip() if braces else ""
    at = 0
    while at < len(inside):
        match = _PAIR.match(inside, at)
        if match is None:
            raise NotASeriesError('has labels that are not name="value"')
        name, value = _pair(match)
        if name in pairs:
            raise NotASeriesError("has the same label twice")
        pairs[name] = value
        at = match.end()
    if not pairs:
        raise NotASeriesError("has neither a name nor labels")
    return Labels(pairs)


def _pair(match: re.Match[str]) -> tuple[str, str]:
    plain, quoted_name, value = match["name"], match[2], match[3]
    if value is not None:
        return plain or _unescaped(quoted_name), _unescaped(value)
    if quoted_name is None:
        raise NotASeriesError("has a label without a value")
    return METRIC_NAME, _unescaped(quoted_name)


def _unescaped(text: str) -> str:
    # An unknown escape stays as it is, as Prometheus reads it.
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text) if "\\" in text else text
