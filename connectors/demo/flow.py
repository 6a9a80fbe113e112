"""Requests on their way through the shop: who calls whom, what is served, what fails, and who notices.

    web /             -> catalog /items
    web /product/{id} -> catalog /items/{id}, inventory /stock/{sku}
    web /cart         -> checkout /carts/{id}
    web /checkout     -> checkout /orders -> payments Authorize, inventory /reservations

A call that fails makes its caller fail, so the counts of a caller hold those of what it calls, minute by minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from connectors.demo import shop
from connectors.demo.incident import TIMED_OUT_SHARE, PoolLaw
from connectors.demo.noise import stream
from connectors.demo.schedule import MINUTES
from connectors.demo.shop import Route
from sre.core.series import IntArray

_REFUNDS_PER_MINUTE = 2.4


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """How the requests of one route ended, by the minute; arrays of shape (minutes,).

    Attributes:
        served: Good answers.
        missing: "Not found" answers, the caller's own fault.
        failed: Failures that took as long as a good answer.
        refused: Failures that came back at once, because a queue was full.
        timed_out: Failures that came back when a time limit ran out.
    """

    served: IntArray
    missing: IntArray
    failed: IntArray
    refused: IntArray
    timed_out: IntArray

    @property
    def bad(self) -> IntArray:
        """Requests that count against the error budget."""
        return self.failed + self.refused + self.timed_out

    @property
    def total(self) -> IntArray:
        """All requests, however they ended."""
        return self.served + self.missing + self.bad

    @property
    def at_usual_pace(self) -> IntArray:
        """Requests whose duration follows the route's own law."""
        return self.served + self.missing + self.failed


def outcomes_of_all(pages: Mapping[Route, IntArray], *, pool: PoolLaw, seed: int) -> dict[Route, Outcomes]:
    """Return the outcome of every route, given the page views."""
    generator = stream(seed, "flow")
    listed = _served_alone(shop.LIST, pages[shop.HOME], generator)
    item = _served_alone(shop.ITEM, pages[shop.PRODUCT], generator)
    stock = _served_alone(shop.STOCK, pages[shop.PRODUCT], generator)
    cart = _with_pool(shop.READ_CART, pages[shop.CART], (), pool=pool, generator=generator)
    order, authorize, reserve = _orders(pages[shop.CHECKOUT], pool=pool, generator=generator)
    return {
        shop.HOME: _calling(shop.HOME, pages[shop.HOME], (listed,), generator),
        shop.PRODUCT: _calling(shop.PRODUCT, pages[shop.PRODUCT], (item, stock), generator),
        shop.CART: _calling(shop.CART, pages[shop.CART], (cart,), generator),
        shop.CHECKOUT: _calling(shop.CHECKOUT, pages[shop.CHECKOUT], (order,), generator),
        shop.LIST: listed,
        shop.ITEM: item,
        shop.READ_CART: cart,
        shop.ORDER: order,
        shop.AUTHORIZE: authorize,
        shop.REFUND: _served_alone(shop.REFUND, generator.poisson(_REFUNDS_PER_MINUTE, MINUTES), generator),
        shop.STOCK: stock,
        shop.RESERVE: reserve,
    }


def split_between_replicas(outcomes: Outcomes, *, generator: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """Return what each of the two replicas handled; every request goes to either by chance."""
    kinds = (outcomes.served, outcomes.missing, outcomes.failed, outcomes.refused, outcomes.timed_out)
    first = [generator.binomial(kind, 0.5) for kind in kinds]
    return Outcomes(*first), Outcomes(*(kind - part for kind, part in zip(kinds, first, strict=True)))


def _orders(
    requests: IntArray, *, pool: PoolLaw, generator: np.random.Generator
) -> tuple[Outcomes, Outcomes, Outcomes]:
    # An order that got no database connection never reaches payments and inventory: their traffic dips.
    starved = generator.binomial(requests, pool.failure_ratio)
    authorize = _served_alone(shop.AUTHORIZE, requests - starved, generator)
    reserve = _served_alone(shop.RESERVE, requests - starved, generator)
    order = _with_pool(shop.ORDER, requests, (authorize, reserve), pool=pool, generator=generator, starved=starved)
    return order, authorize, reserve


def _served_alone(route: Route, requests: IntArray, generator: np.random.Generator) -> Outcomes:
    return _calling(route, requests, (), generator)


def _with_pool(
    route: Route,
    requests: IntArray,
    callees: tuple[Outcomes, ...],
    *,
    pool: PoolLaw,
    generator: np.random.Generator,
    starved: IntArray | None = None,
) -> Outcomes:
    lacking = generator.binomial(requests, pool.failure_ratio) if starved is None else starved
    timed_out = generator.binomial(lacking, TIMED_OUT_SHARE)
    none = np.zeros_like(lacking)
    of_pool = Outcomes(none, none, none, lacking - timed_out, timed_out)
    return _calling(route, requests, (of_pool, *callees), generator)


def _calling(
    route: Route, requests: IntArray, callees: tuple[Outcomes, ...], generator: np.random.Generator
) -> Outcomes:
    """Return the outcome of a route that needs all of `callees`; two calls of one request never fail together."""
    none = np.zeros_like(requests)
    refused = sum((callee.refused for callee in callees), none)
    timed_out = sum((callee.timed_out for callee in callees), none)
    inherited = sum((callee.failed for callee in callees), none)
    healthy = np.maximum(0, requests - refused - timed_out - inherited)
    failed = inherited + generator.binomial(healthy, route.own_error_ratio)
    rest = requests - refused - timed_out - failed
    missing = _missing(route, rest, callees, generator)
    return Outcomes(rest - missing, missing, failed, refused, timed_out)


def _missing(route: Route, rest: IntArray, callees: tuple[Outcomes, ...], generator: np.random.Generator) -> IntArray:
    if not route.missing_ratio:
        return np.zeros_like(rest)
    if callees:
        return np.minimum(rest, callees[0].missing)
    return generator.binomial(rest, route.missing_ratio)
