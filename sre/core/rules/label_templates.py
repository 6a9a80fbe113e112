"""The templates that labels of alerts may hold, as far as they decide which alert is which."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from math import isfinite, isnan
from typing import Final

# White space is looked at from where it begins, or a long run of it would be read again from each of its characters.
_ACTION: Final = re.compile(
    r"(?P<trim_left>(?<!\s)\s*\{\{-\s|\{\{-\s|\{\{)\s*"
    r"(?:(?:\$labels|\.Labels)\.(?P<label>\w+)"
    r"|(?P<value>\$value|\.Value)(?:\s*\|\s*(?P<shown>humanize(?:1024|Percentage)?))?)"
    r"\s*(?:\s-\}\}\s*|\}\})"
)
# Go writes an exponent below and from these powers of ten on (strconv, format 'g' with the shortest precision).
_PLAIN_EXPONENTS: Final = range(-4, 6)


def expanded(template: str, labels: Mapping[str, str], *, value: float | None = None) -> str:
    """Return a template with `$labels.x` and `$value` put in; a label that is not there is empty, the rest stays.

    `$value` may go through one of humanize, humanize1024 and humanizePercentage.

    Args:
        value: Of the expression; None leaves `$value` as it is.
    """

    def put_in(found: re.Match[str]) -> str:
        if found["label"] is not None:
            return labels.get(found["label"], "")
        return found[0] if value is None else _SHOWN[found["shown"]](value)

    return _ACTION.sub(put_in, template)


def holds_value(templates: Mapping[str, str]) -> bool:
    """Whether the value of the expression goes into one of these labels: each new value makes another alert."""
    return any(found["value"] for text in templates.values() for found in _ACTION.finditer(text))


def is_template(text: str) -> bool:
    """Whether a label or annotation is more than plain text."""
    return "{{" in text


def template_safe(text: str) -> str:
    """Return text from outside so that a Go template prints it as it is."""
    return text.replace("{{", '{{ "{{" }}') if "{{" in text else text


def go_number(value: float) -> str:
    """Return a number as `{{ $value }}` prints it."""
    if not isfinite(value):
        return "NaN" if isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    exact = Decimal(repr(value)).normalize()
    if value == 0 or exact.adjusted() in _PLAIN_EXPONENTS:
        return f"{exact:f}"
    shown = "".join(map(str, exact.as_tuple().digits))
    return f"{'-' * (value < 0)}{shown[0]}{'.' * (len(shown) > 1)}{shown[1:]}e{exact.adjusted():+03d}"


def humanized(value: float) -> str:
    """Return a number with an SI prefix, as Prometheus' template function `humanize`."""
    if value == 0 or not isfinite(value):
        return _four_digits(value)
    return _prefixed(value, 1000.0, "kMGTPEZY") if abs(value) >= 1 else _shrunk(value)


def humanized_1024(value: float) -> str:
    """Return a number with a binary prefix, as Prometheus' template function `humanize1024`."""
    if abs(value) <= 1 or not isfinite(value):
        return _four_digits(value)
    return _prefixed(value, 1024.0, ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"))


def humanized_percentage(value: float) -> str:
    """Return a ratio as percent, as Prometheus' template function `humanizePercentage`."""
    return f"{_four_digits(value * 100)}%"


def _prefixed(value: float, base: float, prefixes: Iterable[str]) -> str:
    shown = ""
    for prefix in prefixes:
        if abs(value) < base:
            break
        shown, value = prefix, value / base
    return f"{_four_digits(value)}{shown}"


def _shrunk(value: float) -> str:
    shown = ""
    for prefix in "munpfazy":
        if abs(value) >= 1:
            break
        shown, value = prefix, value * 1000
    return f"{_four_digits(value)}{shown}"


def _four_digits(value: float) -> str:
    return f"{value:.4g}" if isfinite(value) else go_number(value)


_SHOWN: Final[Mapping[str | None, Callable[[float], str]]] = {
    None: go_number,
    "humanize": humanized,
    "humanize1024": humanized_1024,
    "humanizePercentage": humanized_percentage,
}
