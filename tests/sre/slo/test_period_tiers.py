"""Tiers of a period: the book's factors, an SLO's own settings, windows of whole slices."""

import pytest

from sre.core.slo.model import AlertingSettings, RatioIndicator, Slo, TierSetting
from sre.core.slo.windows import RollingWindow
from sre.core.times import Duration
from sre.slo.period_tiers import period_tiers

DAY = 86_400.0


def slo(**tiers: TierSetting) -> Slo:
    return Slo(
        "x",
        0.999,
        RollingWindow(Duration(30 * DAY)),
        RatioIndicator(bad="bad_total", total="all_total"),
        alerting=AlertingSettings(tiers=tiers),
    )


def test_thirty_days_have_the_factors_of_the_book() -> None:
    """Source: The Site Reliability Workbook, ch. 5, section 6."""
    tiers = period_tiers(slo(), period_seconds=30 * DAY)
    assert [(tier.name, tier.factor) for tier in tiers] == [
        ("fast", pytest.approx(14.4)),
        ("medium", pytest.approx(6)),
        ("slow", pytest.approx(3)),
        ("steady", pytest.approx(1)),
    ]


def test_a_tier_turned_off_is_left_out_and_a_severity_is_taken_over() -> None:
    tiers = period_tiers(slo(fast=TierSetting(False), slow=TierSetting(severity="page")), period_seconds=30 * DAY)
    assert [(tier.name, tier.severity) for tier in tiers] == [
        ("medium", "page"),
        ("slow", "page"),
        ("steady", "ticket"),
    ]


def test_slices_widen_the_windows_and_the_share_of_the_budget_stays() -> None:
    """Slices of 20 minutes: 30m becomes 40m; 6h holds 18 of them. 2h and 1d, 6h and 3d are whole already."""
    tiers = {tier.name: tier for tier in period_tiers(slo(), period_seconds=30 * DAY, base_seconds=1200)}
    assert (tiers["fast"].long_seconds, tiers["fast"].short_seconds) == (3600, 1200)
    assert (tiers["medium"].long_seconds, tiers["medium"].short_seconds) == (6 * 3600, 2400)
    assert (tiers["slow"].long_seconds, tiers["slow"].short_seconds) == (DAY, 7200)
    for tier in tiers.values():
        assert tier.factor * tier.long_seconds / (30 * DAY) == pytest.approx(tier.budget_share)


def test_a_tier_whose_two_windows_are_one_slice_says_nothing() -> None:
    assert "fast" not in [tier.name for tier in period_tiers(slo(), period_seconds=30 * DAY, base_seconds=3600)]
