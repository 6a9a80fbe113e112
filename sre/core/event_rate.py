"""How sure a count of independent events is."""

import math
from collections.abc import Callable

# Beyond this many events the exact sum is slow and the cube-root form is right to four digits.
_EXACT_UP_TO = 1_000
_HALVINGS = 80
_Z_95 = 1.959963984540054


def count_interval(count: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean behind a count of events that come independently of each other.

    Args:
        count: Events that were seen, >= 0.

    Returns:
        Lower and upper bound of the expected count over the same time; 0 and 3.69 where nothing was seen.

    Source:
        Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936); beyond a thousand events
        Byar's approximation (Breslow and Day, Statistical Methods in Cancer Research II, 1987, ch. 2).
    """
    if count > _EXACT_UP_TO:
        return _byar(count)
    upper = _root(lambda mean: _at_most(count, mean) - 0.025, 0.0, count + 10 * math.sqrt(count + 1) + 10)
    if count == 0:
        return 0.0, upper
    return _root(lambda mean: 0.975 - _at_most(count - 1, mean), 0.0, float(count), rising=True), upper


def _byar(count: int) -> tuple[float, float]:
    more = count + 1
    lower = count * (1 - 1 / (9 * count) - _Z_95 / (3 * math.sqrt(count))) ** 3
    return lower, more * (1 - 1 / (9 * more) + _Z_95 / (3 * math.sqrt(more))) ** 3


def _at_most(count: int, mean: float) -> float:
    """Return the probability of `count` events or fewer."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def _root(function: Callable[[float], float], low: float, high: float, *, rising: bool = False) -> float:
    """Return where a monotone function crosses zero."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if (function(middle) < 0) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2
