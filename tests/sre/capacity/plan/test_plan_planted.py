"""A year of measured daily peaks with a known law, planned for a year ahead: the true day lies where the plan says."""

import numpy as np

from sre.capacity.plan.measured import measured_demand
from sre.capacity.plan.model import DAY_MS, Resource, Sizing
from sre.capacity.plan.schedule import resource_plan
from tests.support.capacity_series import DAY, MONDAY_MS

PAST_DAYS, AHEAD_DAYS, SEEDS = 400, 365, 8
MONTH_DAYS = 365.2425 / 12


def _peaks(seed: int) -> np.ndarray:
    """Return peaks that grow by 3 % a month, are a fifth higher at weekends, and vary by 3 %."""
    day = np.arange(PAST_DAYS + AHEAD_DAYS)
    weekend = 1 + 0.2 * np.isin(day % 7, [5, 6])
    return (
        100 * 1.03 ** (day / MONTH_DAYS) * weekend * (1 + 0.03 * np.random.default_rng(seed).standard_normal(day.size))
    )


def test_the_day_a_growing_demand_passes_its_capacity_is_foretold() -> None:
    """*Planted*: an interval from a risk of 10 % on either side holds four fifths; by chance at least five of eight."""
    held, on_time = 0, 0
    for seed in range(SEEDS):
        peaks = _peaks(seed)
        past, ahead = peaks[:PAST_DAYS], peaks[PAST_DAYS:]
        capacity = 1.22 * float(past.max())
        true_day = int(np.argmax(ahead > capacity))
        times = MONDAY_MS + np.arange(PAST_DAYS, dtype=np.int64) * DAY_MS
        demand = measured_demand(times, past, step_seconds=DAY, start_ms=int(times[-1]), days=AHEAD_DAYS)
        resource = Resource("api", "other", "", 1, capacity, demand, Sizing(0.0), 14.0, 30)
        plan = resource_plan(resource, risk_ratio=0.1)
        early, late = plan.overload.earliest_ms, plan.overload.latest_ms
        assert early is not None
        true_ms = demand.day_ms(true_day)
        held += early <= true_ms and (late is None or true_ms <= late)
        on_time += plan.steps[0].needed_by_ms <= true_ms
    assert held >= 5
    assert on_time >= 6
