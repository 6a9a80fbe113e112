"""Buckets of a classic histogram by their bound, however the label `le` spells the number.

Client libraries differ ("0.25", "2.5e-1"), and Prometheus 3 writes "1.0" where 2.x wrote "1"; an equality matcher on
one spelling silently loses the data of the other.
"""

import math
from collections.abc import Iterable
from decimal import Decimal

from sre.core.errors import InputError
from sre.core.exact import exact_number
from sre.core.promql_text import LabelMatch
from sre.core.text import quoted

BOUND_LABEL = "le"
_INFINITE = "[+]?[Ii]nf"


def bucket_match(bound: float) -> LabelMatch:
    """Return the matcher of every spelling of a bound and of no other number, as parts.

    Spellings are those that formatters make: plain with any number of zeros at either end, or scientific with one
    digit or all digits before the point ("0.25", "0.250", ".25", "2.5e-1", "2.5E-01", "25e-2").

    Args:
        bound: In the histogram's own unit, > 0; infinity is the last bucket.

    Raises:
        InputError: Not a number above 0.
    """
    if math.isinf(bound) and bound > 0:
        return (BOUND_LABEL, "=~", _INFINITE)
    if not math.isfinite(bound) or bound <= 0:
        raise InputError("A bucket's bound is a number above 0.", field="threshold_seconds", valid=("0.2", "0.5"))
    sign, digits, exponent = Decimal(repr(bound)).normalize().as_tuple()
    assert isinstance(exponent, int)
    assert not sign
    significant = "".join(str(digit) for digit in digits)
    return (BOUND_LABEL, "=~", "|".join(_spellings(significant, exponent)))


def bucket_matcher(bound_seconds: float) -> str:
    """Return the PromQL matcher of every spelling of a bound, such as `le=~"..."`; see `bucket_match`."""
    name, op, pattern = bucket_match(bound_seconds)
    return f'{name}{op}"{pattern}"'


def bounds_of(spellings: Iterable[str]) -> tuple[float, ...]:
    """Return the finite bounds among values of `le`, ascending, each once; what is no number is left out."""
    found: set[float] = set()
    for spelt in spellings:
        try:
            bound = float(spelt)
        except ValueError:
            continue
        if math.isfinite(bound):
            found.add(bound)
    return tuple(sorted(found))


def checked_bound(wanted: float, bounds: Iterable[float], *, field: str = "threshold_seconds") -> float:
    """Return the bound that equals `wanted`.

    Raises:
        InputError: No bucket ends there, so the share below it cannot be counted; lists the real bounds.
    """
    real = tuple(sorted(bounds))
    # A threshold that went through a conversion of units may be off in its last bit.
    close = [bound for bound in real if math.isclose(bound, wanted, rel_tol=1e-9)]
    if close:
        return close[0]
    below = max((bound for bound in real if bound < wanted), default=None)
    above = min((bound for bound in real if bound > wanted), default=None)
    nearest = [exact_number(bound) for bound in (below, above) if bound is not None]
    raise InputError(
        f"The histogram has no bucket that ends at {exact_number(wanted)}, so what is faster cannot be counted.",
        field=field,
        valid=tuple(exact_number(bound) for bound in real),
        next_steps=(f"take the nearest bound: {' or '.join(nearest) or quoted('none')}.",),
    )


def _spellings(digits: str, exponent: int) -> list[str]:
    """Return the patterns of digits x 10^exponent; `digits` ends in no zero."""
    plain = _plain(digits, exponent)
    scientific = _with_point(digits[0], digits[1:]) + _power(exponent + len(digits) - 1)
    if len(digits) == 1:
        return [plain, scientific]
    return [plain, scientific, _with_point(digits, "") + _power(exponent)]


def _plain(digits: str, exponent: int) -> str:
    if exponent >= 0:
        return _with_point(digits + "0" * exponent, "")
    whole, fraction = digits[:exponent], digits[exponent:].rjust(-exponent, "0")
    return _with_point(whole, fraction)


def _with_point(whole: str, fraction: str) -> str:
    if not fraction:
        return f"0*{whole}([.]0*)?"
    return f"0*{whole}[.]{fraction}0*"


def _power(exponent: int) -> str:
    if exponent == 0:
        return "[eE][+-]?0+"
    return f"[eE]{'-' if exponent < 0 else '[+]?'}0*{abs(exponent)}"
