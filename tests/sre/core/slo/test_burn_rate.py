"""Burn rates against the worked examples of The Site Reliability Workbook (2018), ch. 5."""

import pytest

from sre.core.errors import NoDataError
from sre.core.slo.budget import EventCounts
from sre.core.slo.burn_rate import (
    BurnRateTier,
    TierState,
    budget_spent_ratio,
    burn_rate,
    detection_seconds,
    factor_for_share,
    tiers_for,
)
from sre.core.slo.tiers import checked_tiers, default_tiers
from sre.slo.exhaustion import exhausted_at_linear
from tests.support.mcp import FixedClock

HOUR, DAY = 3600.0, 86_400.0
PERIOD_30D = 30 * DAY


def test_burn_rate_is_one_when_the_budget_lasts_exactly() -> None:
    assert burn_rate(EventCounts(1_000_000, 1_000), objective_ratio=0.999) == 1


@pytest.mark.parametrize(("error_ratio", "expected"), [(0.001, 1), (0.002, 2), (0.01, 10), (1.0, 1000)])
def test_burn_rate_follows_the_error_ratio(error_ratio: float, expected: float) -> None:
    """Source: ch. 5, section 4, table of burn rates for 99.9 %."""
    assert burn_rate(EventCounts(10_000, 10_000 * error_ratio), objective_ratio=0.999) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rate", "days"), [(1, 30.0), (2, 15.0), (10, 3.0), (1000, 43.2 / 60 / 24)], ids=["1", "2", "10", "1000"]
)
def test_time_to_exhaustion_is_that_of_the_book(rate: float, days: float) -> None:
    """Source: ch. 5, section 4, table of burn rates: burn 1 lasts 30 days, 2 lasts 15, 10 lasts 3, 1000 lasts 43 minutes."""
    now = FixedClock().now()
    at = exhausted_at_linear(at=now, remaining_ratio=1.0, burn_rate=rate, period_seconds=PERIOD_30D)
    assert at is not None
    assert (at - now).total_seconds() == pytest.approx(days * DAY)


def test_no_burn_never_exhausts() -> None:
    assert exhausted_at_linear(at=FixedClock().now(), remaining_ratio=1, burn_rate=0, period_seconds=1) is None


@pytest.mark.parametrize(
    ("share", "hours", "factor"), [(0.02, 1, 14.4), (0.05, 6, 6.0), (0.10, 24, 3.0), (0.10, 72, 1.0)]
)
def test_shares_of_the_budget_give_the_factors_of_the_book(share: float, hours: float, factor: float) -> None:
    """Source: ch. 5, section 5 and the example rules of section 6."""
    found = factor_for_share(budget_share=share, window_seconds=hours * HOUR, period_seconds=PERIOD_30D)
    assert found == pytest.approx(factor)
    assert budget_spent_ratio(rate=factor, for_seconds=hours * HOUR, period_seconds=PERIOD_30D) == pytest.approx(share)


def test_the_default_table_gives_the_books_alerts_for_30_days() -> None:
    tiers = tiers_for(default_tiers(), objective_ratio=0.999, period_seconds=PERIOD_30D)
    rows = [(t.severity, t.long_seconds / HOUR, t.short_seconds / 60, round(t.factor, 9)) for t in tiers]
    assert rows == [("page", 1, 5, 14.4), ("page", 6, 30, 6), ("ticket", 24, 120, 3), ("ticket", 72, 360, 1)]


def test_other_windows_derive_their_factors_from_the_same_shares() -> None:
    """28 days: the factors other generators print, 13.44, 5.6, 2.8 and 0.933."""
    tiers = tiers_for(default_tiers(), objective_ratio=0.999, period_seconds=28 * DAY)
    assert [t.factor for t in tiers] == pytest.approx([13.44, 5.6, 2.8, 28 / 30])


def test_a_tier_that_does_not_fit_into_the_period_is_left_out() -> None:
    tiers = tiers_for(default_tiers(), objective_ratio=0.999, period_seconds=DAY)
    assert [t.name for t in tiers] == ["fast", "medium"]


def test_a_full_outage_is_noticed_after_the_time_the_book_computes() -> None:
    """Source: ch. 5, section 4: 100 % errors, 99.9 %, 1 h window, burn 14.4 are seen after 52 s (0.001 x 3600 x 14.4)."""
    assert detection_seconds(factor=14.4, objective_ratio=0.999, long_seconds=HOUR) == pytest.approx(51.84)


def test_a_factor_beyond_a_full_outage_can_never_fire() -> None:
    """At 90 % a full outage burns at 10, below 14.4."""
    fast, medium = tiers_for(default_tiers(), objective_ratio=0.9, period_seconds=PERIOD_30D)[:2]
    assert not fast.can_fire
    assert medium.can_fire


@pytest.mark.parametrize(
    ("long", "short", "expected"),
    [(20.0, 20.0, True), (20.0, 1.0, False), (1.0, 20.0, False), (14.4, 20.0, False), (None, 20.0, False)],
)
def test_a_tier_fires_only_when_both_windows_are_above_the_factor(
    long: float | None, short: float | None, expected: bool
) -> None:
    tier = BurnRateTier("fast", "page", HOUR, 300, 0.02, 14.4, 51.84)
    assert TierState(tier, long, short).is_firing is expected


def test_no_traffic_has_no_burn_rate() -> None:
    with pytest.raises(NoDataError):
        burn_rate(EventCounts(0, 0), objective_ratio=0.999)


GOOD_ROW = {"name": "a", "severity": "page", "long": "1h", "short": "5m", "budget_share": 0.02}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "at least one"),
        ([GOOD_ROW, GOOD_ROW], "unique"),
        ([GOOD_ROW | {"short": "1h"}], "shorter"),
        ([GOOD_ROW | {"budget_share": 1.0}], "between 0 and 1"),
        ([GOOD_ROW | {"severity": "mail"}], "page or ticket"),
        ([GOOD_ROW, GOOD_ROW | {"name": "b", "long": "30m"}], "fast to slow"),
        ([GOOD_ROW | {"severity": "ticket"}, GOOD_ROW | {"name": "b", "long": "6h"}], "page to ticket"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_on_load(rows: list[dict[str, object]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_tiers(rows)
