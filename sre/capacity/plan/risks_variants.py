"""The same resource in another world: growth twice as fast, demand at the forecast's upper edge, less to a unit."""

from dataclasses import dataclass, replace

import numpy as np

from sre.capacity.plan.costs_usage import DAYS_A_MONTH
from sre.capacity.plan.demand import faster
from sre.capacity.plan.model import PIECES, Demand, Resource
from sre.core.series import FloatArray

UPPER_EDGE = 0.9
# A load test on one unit, or a figure from a data sheet, is taken to be wrong by this much (our choice).
OVERSTATED_BY = 1.2
# Where nobody said how many zones there are, three equal ones are taken: what most regions of clouds offer.
ASSUMED_ZONES = 3
_TREND_DAYS = 28
# Growth below this a month is none that could double (our choice).
_LEAST_GROWTH = 0.002
# What these carry is set, not estimated.
_EXACT_KINDS = ("disk", "memory", "connections")


@dataclass(frozen=True, slots=True)
class Faster:
    """A resource whose demand grows twice as fast; ratios a month, None for a stock, which fills by amounts."""

    resource: Resource
    growth_ratio: float | None
    added_per_month: float


def growing_twice_as_fast(resource: Resource) -> Faster | None:
    """Return the resource with twice the growth of the middle of its demand; None where that does not grow.

    What fills a disk is added, so twice as much is added; everything else compounds, so its growth a month is doubled.
    """
    demand = resource.demand
    months = demand.days / DAYS_A_MONTH
    added = float(demand.expected[-1] - demand.expected[0]) if demand.days > 1 else 0.0
    growth = growth_per_month(demand)
    if growth is None or growth < _LEAST_GROWTH or added <= 0:
        return None
    if resource.kind == "disk":
        more = np.maximum(demand.expected - demand.expected[0], 0.0)
        doubled = replace(demand, paths=demand.paths + more, expected=demand.expected + more)
        return Faster(replace(resource, demand=doubled), None, added / months)
    doubled = faster(demand, extra_ratio_per_month=growth / (1 + growth))
    return Faster(replace(resource, demand=doubled), growth, added / months)


def growth_per_month(demand: Demand) -> float | None:
    """Return how the middle of a demand grows, compounded a month: its last four weeks against its first.

    None where fewer than two weeks are known, or nothing is asked.
    """
    span = min(_TREND_DAYS, demand.days // 2)
    if span < 7:
        return None
    first, last = float(demand.expected[:span].mean()), float(demand.expected[-span:].mean())
    months = (demand.days - span) / DAYS_A_MONTH
    return float((last / first) ** (1 / months) - 1) if first > 0 else None


def at_upper_edge(resource: Resource) -> Resource | None:
    """Return the resource with the upper edge of its 80 % interval as its one future; None where there is none."""
    demand = resource.demand
    if demand.is_certain:
        return None
    # As many futures above it as a plan at the same risk accepts.
    edge = np.quantile(demand.paths, UPPER_EDGE, axis=0, method="lower")
    return replace(resource, demand=replace(demand, paths=edge[None, :], expected=edge))


def with_less_to_a_unit(resource: Resource) -> Resource | None:
    """Return the resource if a unit was estimated a fifth too high; None where its capacity is set, not estimated."""
    if resource.kind in _EXACT_KINDS:
        return None
    return replace(resource, unit_capacity=resource.unit_capacity / OVERSTATED_BY)


def over_zones(resource: Resource) -> Resource | None:
    """Return the resource sized to lose a zone; None where it is in one piece and nobody spread it."""
    if resource.sizing.zones > 1:
        return resource
    if resource.kind not in PIECES:
        return None
    return replace(resource, sizing=replace(resource.sizing, zones=ASSUMED_ZONES))


def peak_at_risk(demand: Demand, *, risk_ratio: float) -> FloatArray:
    """Return the highest peak so far that all but a share of the futures stay at or below, shape (days,)."""
    ever = np.sort(np.maximum.accumulate(demand.paths, axis=1), axis=0)
    tail = min(int(risk_ratio * ever.shape[0] + 1e-9), ever.shape[0] - 1)
    return np.asarray(ever[ever.shape[0] - 1 - tail])


def usual_peak_so_far(demand: Demand) -> FloatArray:
    """Return the highest peak so far of the middle future, shape (days,).

    Futures hold the noise of single days, so their peaks lie above what is expected of any one day.
    """
    return np.asarray(np.median(np.maximum.accumulate(demand.paths, axis=1), axis=0))


def share_reaching(demand: Demand, other: Demand) -> float | None:
    """Return the share of futures that rise as far above the middle one as another world does; None for one future.

    Compared over the last four weeks.
    """
    if demand.is_certain:
        return None
    span = min(_TREND_DAYS, demand.days)
    ends, others = (one.paths[:, -span:].mean(axis=1) for one in (demand, other))
    return float((ends >= np.median(others)).mean())
