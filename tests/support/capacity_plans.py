"""Resources of capacity plans made by hand: one unit carries one, no headroom, so that demand is units."""

import numpy as np

from sre.capacity.plan.model import Commitment, Demand, Prices, Resource, ResourcePlan, Sizing
from sre.capacity.plan.schedule import resource_plan

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
YEAR_DAYS = 365
MONTH_DAYS = 30.436875


def demand_of(paths, **changes) -> Demand:
    """Return a demand with these daily peaks, shape (futures, days) or (days,)."""
    futures = np.atleast_2d(np.asarray(paths, dtype=np.float64))
    basis = "forecast" if futures.shape[0] > 1 else "assumed"
    facts = {
        "start_ms": START_MS,
        "paths": futures,
        "expected": np.median(futures, axis=0),
        "basis": basis,
        "words": "made by hand",
        "present_peak": float(futures[:, 0].max()),
        "highest_seen": float(futures[:, 0].max()),
    }
    return Demand(**{**facts, **changes})


def resource_of(paths, *, units_now: int, commitments=(), on_demand: float | None = 100.0, **changes) -> Resource:
    """Return a resource whose demand is counted in units; changes go to the resource."""
    prices = None if on_demand is None else Prices("EUR", on_demand, tuple(commitments))
    facts = {
        "name": "api",
        "kind": "replicas",
        "unit": "",
        "units_now": units_now,
        "unit_capacity": 1.0,
        "demand": demand_of(paths),
        "sizing": Sizing(headroom_ratio=0.0),
        "prices": prices,
    }
    return Resource(**{**facts, **changes})


def plan_of(paths, *, units_now: int, risk_ratio: float = 0.1, **changes) -> ResourcePlan:
    """Return the plan of such a resource."""
    return resource_plan(resource_of(paths, units_now=units_now, **changes), risk_ratio=risk_ratio)


def a_year(*months: float) -> list[float]:
    """Return a demand by day that has so many units in each of twelve equal months."""
    assert len(months) == 12
    return [float(months[min(11, int((day + 0.5) / MONTH_DAYS))]) for day in range(YEAR_DAYS)]


def yearly(per_month: float, *, upfront: float = 0.0, name: str = "1 year", term_months: float = 12.0) -> Commitment:
    """Return a commitment of a year."""
    return Commitment(name, term_months, per_month, upfront)
