"""How often steps come too late on real series, where the development data is at hand.

*Source*: cumulated commits of public repositories and traffic, by day, cut at a known point, with the day on which each
really met its limit. The bounds leave room for chance on so few cases.
"""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from sre.capacity.forecast import forecast
from sre.capacity.model import History, Request, Step
from sre.capacity.plan.demand import forecast_demand
from sre.capacity.plan.model import DAY_MS, Demand, Resource, Sizing
from sre.capacity.plan.schedule import resource_plan

FOLDER = Path(os.environ.get("SRE_MCP_DEVELOPMENT_DATA", Path(__file__).parents[5] / "shared" / "data")) / "forecast"
LAST_MS = 1_767_571_200_000
# Every so many cases: the whole takes a minute.
EVERY = 3

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the development data is not on this machine")


def _cases() -> list[tuple[Demand, float, int]]:
    """Return the demand forecast, the limit, and the day on which it was met (0: never) of each case."""
    series: dict[str, list[float]] = {}
    with gzip.open(FOLDER / "threshold_series.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            series.setdefault(row["series_id"], []).append(float(row["value"]))
    with (FOLDER / "threshold_cases.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["freq"] == "D"][::EVERY]
    cases = []
    for row in rows:
        past = np.array(series[row["series_id"]][: int(row["n_history"])])
        made = forecast(History(Step(86_400.0), LAST_MS, past), Request(int(row["horizon"])))
        demand = forecast_demand(made, start_ms=LAST_MS, words="")
        cases.append((demand, float(row["threshold"]), int(row["crossing_step"])))
    return cases


def test_a_step_is_late_no_more_often_than_the_risk_that_was_accepted() -> None:
    cases = _cases()
    assert len(cases) >= 40
    lateness = {risk: np.mean([_is_late(*case, risk) for case in cases]) for risk in (0.1, 0.2, 0.5)}
    assert lateness[0.1] <= 0.16
    assert lateness[0.2] <= 0.26
    assert 0.15 <= lateness[0.5] <= 0.55
    assert lateness[0.1] <= lateness[0.2] <= lateness[0.5]


def _is_late(demand: Demand, limit: float, met_on_day: int, risk_ratio: float) -> bool:
    # A limit is met when it is reached; a unit carries up to just below it.
    resource = Resource("disk", "disk", "", 1, limit * (1 - 1e-9), demand, Sizing(0.0), 0.0, 1)
    plan = resource_plan(resource, risk_ratio=risk_ratio)
    needed = (plan.steps[0].needed_by_ms - LAST_MS) / DAY_MS + 1 if plan.steps else float("inf")
    return met_on_day > 0 and needed > met_on_day
