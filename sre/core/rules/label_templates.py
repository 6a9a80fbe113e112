"""The templates that labels of alerts may hold, as far as they decide which alert is which."""

import re
from collections.abc import Mapping
from math import isfinite, isnan
from typing import Final

_ACTION: Final = re.compile(
    r"(?P<trim_left>\s*\{\{-\s|\{\{)\s*"
    r"(?:(?:\$labels|\.Labels)\.(?P<label>\w+)|(?P<value>\$value|\.Value))"
    r"\s*(?:\s-\}\}\s*|\}\})"
)
# Go writes whole numbers without an exponent up to here (strconv, format 'g' with the shortest precision).
_GO_PLAIN_EXPONENT: Final = 21


def expanded(template: str, labels: Mapping[str, str], *, value: float | None = None) -> str:
    """Return a template with `$labels.x` and `$value` put in; a label that is not there is empty, the rest stays.

    Args:
        value: Of the expression; None leaves `$value` as it is.
    """

    def put_in(found: re.Match[str]) -> str:
        if found["label"] is not None:
            return labels.get(found["label"], "")
        return found[0] if value is None else go_number(value)

    return _ACTION.sub(put_in, template)


def holds_value(templates: Mapping[str, str]) -> bool:
    """Whether the value of the expression goes into one of these labels: each new value makes another alert."""
    return any(found["value"] for text in templates.values() for found in _ACTION.finditer(text))


def is_template(text: str) -> bool:
    """Whether a label or annotation is more than plain text."""
    return "{{" in text


def go_number(value: float) -> str:
    """Return a number as `{{ $value }}` prints it."""
    if not isfinite(value):
        return "NaN" if isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    if value == int(value) and abs(value) < 10**_GO_PLAIN_EXPONENT:
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{exponent}" if exponent else mantissa
