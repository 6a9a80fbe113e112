"""The whole report from counts: which burn stands for now, and what follows when the history is not known."""

from datetime import UTC, datetime, timedelta

import pytest

from sre.core.slo.budget import EventCounts
from sre.core.slo.burn_rate import BurnRateTier, TierState, tiers_for
from sre.core.slo.tiers import default_tiers
from sre.core.slo.windows import CalendarWindow, RollingWindow, period_at
from sre.core.times import Duration
from sre.slo.history import EventHistory
from sre.slo.report import BudgetFacts, budget_report, current_burn

AT = datetime(2026, 11, 11, tzinfo=UTC)
DAY = 86_400.0
ROLLING = period_at(RollingWindow(Duration(30 * DAY)), at=AT)
MONTH = period_at(CalendarWindow("month"), at=AT)
TIERS = tiers_for(default_tiers(), objective_ratio=0.999, period_seconds=30 * DAY)


def windows(error_ratio: float) -> dict[float, EventCounts]:
    lengths = {seconds for tier in TIERS for seconds in (tier.long_seconds, tier.short_seconds)}
    return {seconds: EventCounts(1_000_000, 1_000_000 * error_ratio) for seconds in lengths}


def facts(*, bad: float, error_ratio: float | None = None, period: object = ROLLING, **others: object) -> BudgetFacts:
    counts = {} if error_ratio is None else windows(error_ratio)
    return BudgetFacts(0.999, period, EventCounts(1_000_000, bad), TIERS, counts, **others)  # type: ignore[arg-type]


def test_counts_alone_below_the_allowance_last() -> None:
    report = budget_report(facts(bad=480))
    assert report.exhaustion.at is None
    assert "lasts" in report.exhaustion.basis


def test_a_fast_burn_without_history_gives_the_earliest_date_and_says_so() -> None:
    """Half is left; burn 10 spends a whole budget in 3 days, so half in a day and a half."""
    report = budget_report(facts(bad=500, error_ratio=0.01))
    assert report.exhaustion.at == AT + timedelta(days=1.5)
    assert "may last longer" in report.exhaustion.basis


def test_a_calendar_budget_that_outlives_its_period_has_no_date() -> None:
    """Ten of thirty days have passed, so 3,000 are allowed. Burn 1.2 would need 20.8 days for the rest; 20 are left."""
    assert budget_report(facts(bad=500, error_ratio=0.0012, period=MONTH)).exhaustion.at is None
    report = budget_report(facts(bad=500, error_ratio=0.0015, period=MONTH))
    assert report.exhaustion.at == AT + timedelta(days=2_500 / 3_000 * 30 / 1.5)


def test_a_spent_calendar_budget_is_dated_by_its_history() -> None:
    """3,000 allowed: 2,000 on the first day, the rest on the fourth."""
    bads = (2_000.0, 0, 0, 1_500, 0, 0, 0, 0, 0, 0)
    history = EventHistory(MONTH.start, DAY, (100_000.0,) * 10, bads)
    report = budget_report(facts(bad=3_500, error_ratio=0.0, period=MONTH, history=history))
    assert report.exhaustion.at == MONTH.start + timedelta(days=4)
    assert report.policy.level == "exhausted"


def test_all_tiers_fire_in_a_full_outage_and_none_in_a_clean_hour() -> None:
    assert all(state.is_firing for state in budget_report(facts(bad=0, error_ratio=1.0)).tiers)
    assert not any(state.is_firing for state in budget_report(facts(bad=0, error_ratio=0.0)).tiers)


def _state(tier: BurnRateTier, long: float | None, short: float | None) -> TierState:
    return TierState(tier, long, short)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([(20, 20), (9, 9), (4, 4), (2, 2)], (20, 3_600)),
        ([(20, 1), (9, 9), (4, 4), (2, 2)], (9, 6 * 3_600)),
        ([(20, 1), (9, 1), (2, 2), (0.4, 2)], (0.4, 3 * DAY)),
        ([(20, 1), (9, 1), (2, 2), (None, None)], (2, DAY)),
        ([(None, None)] * 4, (0.7, 99)),
    ],
)
def test_the_fastest_firing_tier_or_else_the_longest_window_stands_for_now(
    rates: list[tuple[float | None, float | None]], expected: tuple[float, float]
) -> None:
    states = tuple(_state(tier, *pair) for tier, pair in zip(TIERS, rates, strict=True))
    assert current_burn(states, default=(0.7, 99)) == expected
