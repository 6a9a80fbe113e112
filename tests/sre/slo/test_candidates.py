"""Settings as people write them down, and the approaches of the Site Reliability Workbook, ch. 5."""

import pytest

from sre.core.errors import InputError
from sre.core.slo.burn_rate import tiers_for
from sre.core.slo.tiers import default_tiers
from sre.slo.approaches import Frame, book_settings
from sre.slo.backtest import AlertSetting
from sre.slo.candidates import candidate_settings

DAY = 86_400.0
FRAME = Frame(period_seconds=30 * DAY, base_seconds=300.0)
BASE = AlertSetting(
    "as defined", 0.999, tiers_for(default_tiers(), objective_ratio=0.999, period_seconds=30 * DAY), 5.0
)


def read(*rows: object) -> tuple[AlertSetting, ...]:
    return candidate_settings(list(rows), base=BASE, frame=FRAME)


def test_a_candidate_changes_what_it_names_and_nothing_else() -> None:
    (one,) = read({"name": "looser", "objective": 0.995, "tiers": {"medium": False}})
    assert (one.name, one.objective_ratio, one.min_bad_events) == ("looser", 0.995, 5.0)
    assert [(tier.name, tier.factor) for tier in one.tiers] == [("fast", 14.4), ("slow", 3.0), ("steady", 1.0)]
    assert one.threshold_ratio(one.tiers[0]) == 0.072


def test_a_share_gives_the_factor_of_the_book() -> None:
    """Source: ch. 5, section 4: 5 % of 30 days within an hour is a burn rate of 36."""
    (one,) = read({"tiers": {"fast": {"share": 0.05}}})
    assert one.tiers[0].factor == pytest.approx(36)


def test_a_window_keeps_the_share_unless_told_otherwise() -> None:
    (one,) = read({"tiers": {"fast": {"long": "2h"}, "medium": {"factor": 8, "severity": "ticket"}}})
    by_name = {tier.name: tier for tier in one.tiers}
    assert by_name["fast"].factor == pytest.approx(7.2)
    assert by_name["fast"].short_seconds == 600.0
    assert (by_name["medium"].factor, by_name["medium"].severity) == (8.0, "ticket")


def test_a_tier_of_its_own_takes_its_place_by_length() -> None:
    (one,) = read({"tiers": {"very fast": {"long": "10m", "factor": 100}}})
    assert [tier.name for tier in one.tiers] == ["very fast", "fast", "medium", "slow", "steady"]
    assert (one.tiers[0].short_seconds, one.tiers[0].severity) == (300.0, "page")


def test_waiting_times_are_those_of_the_tier_else_of_the_candidate() -> None:
    (one,) = read({"for": "2m", "tiers": {"fast": {"for": 0}}})
    assert (one.for_seconds["fast"], one.for_seconds["medium"]) == (0.0, 120.0)


def test_names_may_be_keys() -> None:
    both = candidate_settings({"a": {"objective": 0.99}, "b": {"objective": 0.9}}, base=BASE, frame=FRAME)
    assert [(one.name, one.objective_ratio) for one in both] == [("a", 0.99), ("b", 0.9)]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read(
            {"objektive": 0.99, "objective": 99.9},
            {"tiers": {"fast": {"share": 2, "long": "7m"}, "new": {"factor": 3}}},
            {"tiers": {"fast": {"severity": "shout", "factor": 0, "for": "soon"}, "medium": 3}},
            {"tiers": {"fast": False, "medium": False, "slow": False, "steady": False}},
            "nonsense",
        )
    told = "\n".join(caught.value.next_steps)
    for path in (
        "[1].objektive: is not a setting; did you mean objective?",
        "[1].objective: is not a ratio",
        "[2].tiers.fast.share",
        "[2].tiers.fast.long: is no multiple of 5m",
        "[2].tiers.new: is a tier of its own without windows",
        "[3].tiers.fast.severity",
        "[3].tiers.fast.factor: is 0",
        "[3].tiers.fast.for",
        "[3].tiers.medium: is not a mapping",
        "[4].tiers: leaves no tier",
        "[5]: is not a mapping",
    ):
        assert path in told, path


@pytest.mark.parametrize("rows", [None, "text", 3, [], {}, [{"name": "a"}, {"name": "a"}], [{}] * 13])
def test_what_is_no_list_of_settings_is_refused(rows: object) -> None:
    with pytest.raises(InputError):
        candidate_settings(rows, base=BASE, frame=FRAME)


def test_the_approaches_are_those_of_the_chapter() -> None:
    """Source: ch. 5, iterations 1 to 6 for 99.9 % over 30 days: windows, burn rates, duration, severity."""
    found = book_settings(BASE, frame=FRAME)
    shape = [
        [(t.long_seconds / 3_600, t.short_seconds / 3_600, round(t.factor, 6), t.severity) for t in one.tiers]
        for one in found
    ]
    assert shape == [
        [(1 / 6, 1 / 6, 1.0, "page")],
        [(36.0, 36.0, 1.0, "page")],
        [(1 / 12, 1 / 12, 1.0, "page")],
        [(1.0, 1.0, 36.0, "page")],
        [(1.0, 1.0, 14.4, "page"), (6.0, 6.0, 6.0, "page"), (72.0, 72.0, 1.0, "ticket")],
        [(1.0, 1 / 12, 14.4, "page"), (6.0, 0.5, 6.0, "page"), (72.0, 6.0, 1.0, "ticket")],
    ]
    assert [set(one.for_seconds.values()) for one in found] == [{0.0}, {0.0}, {3_600.0}, {0.0}, {0.0}, {0.0}]


def test_approaches_that_do_not_fit_a_short_period_are_left_out() -> None:
    found = book_settings(BASE, frame=Frame(period_seconds=4 * 3_600.0, base_seconds=300.0))
    assert [len(one.tiers) for one in found] == [1, 1, 1, 1, 1, 1]
