"""Student's t distribution, from the incomplete beta function.

Source: Abramowitz & Stegun (1964), 26.5.8 (continued fraction) and 26.7.1; evaluated by the method of Lentz (1976).
"""

import math
from functools import lru_cache

_TINY = 1e-300
_MOST_TERMS = 400
_MOST_HALVINGS = 80
# Beyond, the normal distribution differs by less than one in ten thousand of its quantiles.
_NORMAL_FROM = 2e4


def two_sided_p(statistic: float, *, degrees: float) -> float:
    """Return the probability of a t at least this far from 0, 0..1.

    Args:
        degrees: Degrees of freedom, > 0; need not be whole.
    """
    if math.isinf(statistic):
        return 0.0
    if degrees > _NORMAL_FROM:
        return math.erfc(abs(statistic) / math.sqrt(2))
    return _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + statistic * statistic))


@lru_cache(maxsize=4096)
def critical_value(confidence_ratio: float, *, degrees: float) -> float:
    """Return the t that is not passed on either side with this probability."""
    level = 1 - confidence_ratio
    low, high = 0.0, 2.0
    while two_sided_p(high, degrees=degrees) > level:
        high *= 2
    for _ in range(_MOST_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, degrees=degrees) > level else (low, middle)
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / (a * _continued_fraction(a, b, x))


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Return 1 + d1/(1 + d2/(1 + ...)) of 26.5.8."""
    value = upper = 1.0
    lower = 0.0
    for term in range(1, _MOST_TERMS):
        half, is_odd = divmod(term, 2)
        if is_odd:
            part = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            part = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / ((1 + part * lower) or _TINY)
        upper = (1 + part / upper) or _TINY
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-14:
            break
    return value
