"""How long requests take, as counts in the buckets of a histogram.

Durations follow the log-logistic law, whose distribution function 1 / (1 + (x / median) ** -exponent) is closed and
whose tail is as heavy as that of real services.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from connectors.demo import shop
from connectors.demo.flow import Outcomes
from connectors.demo.incident import POOL_TIMEOUT_SECONDS, PoolLaw
from connectors.demo.regression import SHARE_SEEN_BY_WEB, slowdown
from connectors.demo.schedule import MINUTES
from connectors.demo.shop import Route
from sre.core.series import FloatArray, IntArray

# (median seconds, exponent) of requests that waited for a connection, were refused, or ran into the limit.
_WAITED: Final = (1.3, 3.5)
_REFUSED: Final = (0.015, 3.0)
_TIMED_OUT: Final = (POOL_TIMEOUT_SECONDS + 0.02, 90.0)
_NEEDS_POOL: Final = frozenset({shop.READ_CART, shop.ORDER, shop.CART, shop.CHECKOUT})


@dataclass(frozen=True, slots=True, eq=False)
class LatencyLaw:
    """The law of durations of one route; arrays of shape (minutes,).

    Attributes:
        median_seconds: Of requests that did not wait for the pool.
        wait_ratio: Share of requests that did.
    """

    median_seconds: FloatArray
    tail_exponent: float
    wait_ratio: FloatArray


def law_of(route: Route, *, pool: PoolLaw) -> LatencyLaw:
    """Return how long a route takes over the two weeks."""
    factor = np.ones(MINUTES)
    if route.service == "catalog":
        factor = slowdown()
    elif route in (shop.HOME, shop.PRODUCT):
        factor = 1.0 + SHARE_SEEN_BY_WEB * (slowdown() - 1.0)
    wait_ratio = pool.wait_ratio if route in _NEEDS_POOL else np.zeros(MINUTES)
    return LatencyLaw(route.median_seconds * factor, route.tail_exponent, wait_ratio)


def bucket_counts(
    law: LatencyLaw, outcomes: Outcomes, *, bounds_seconds: tuple[float, ...], generator: np.random.Generator
) -> IntArray:
    """Return requests by bucket and minute, shape (bounds + 1, minutes); the last bucket has no upper bound."""
    counts = generator.multinomial(outcomes.at_usual_pace, _usual_shares(law, bounds_seconds))
    for odd, (median, exponent) in ((outcomes.refused, _REFUSED), (outcomes.timed_out, _TIMED_OUT)):
        minutes = np.flatnonzero(odd)
        shares = np.diff(_cumulative(np.array([median]), exponent, bounds_seconds), prepend=0.0, append=1.0, axis=1)
        counts[minutes] += generator.multinomial(odd[minutes], shares[0])
    return np.ascontiguousarray(counts.T)


def seconds_in_buckets(counts: IntArray, *, bounds_seconds: tuple[float, ...]) -> FloatArray:
    """Return the summed duration of requests by the minute, shape (minutes,); each bucket stands for its middle."""
    bounds = np.array(bounds_seconds)
    middles = np.concatenate([[bounds[0] * 0.6], np.sqrt(bounds[:-1] * bounds[1:]), [bounds[-1] * 1.3]])
    return np.asarray(middles @ counts)


def _usual_shares(law: LatencyLaw, bounds_seconds: tuple[float, ...]) -> FloatArray:
    below = _cumulative(law.median_seconds, law.tail_exponent, bounds_seconds)
    minutes = np.flatnonzero(law.wait_ratio)
    if minutes.size:
        waited = _cumulative(np.array([_WAITED[0]]), _WAITED[1], bounds_seconds)
        ratio = law.wait_ratio[minutes, np.newaxis]
        below[minutes] = (1.0 - ratio) * below[minutes] + ratio * waited
    return np.diff(below, prepend=0.0, append=1.0, axis=1)


def _cumulative(median_seconds: FloatArray, exponent: float, bounds_seconds: tuple[float, ...]) -> FloatArray:
    """Return the share of durations up to each bound, shape (minutes, bounds)."""
    return np.asarray(1.0 / (1.0 + np.outer(median_seconds**exponent, np.array(bounds_seconds) ** -exponent)))
