"""Which objective to begin with: margins, ceilings, traffic and length of history, each row with its own reason."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.errors import InputError
from sre.slo.attainment import Attainment
from sre.slo.candidate_objectives import Candidate, candidates_for, rounded_down
from sre.slo.latency_thresholds import BucketDays
from sre.slo.low_traffic import least_provable_ratio
from sre.slo.recommendation import (
    Seen,
    Tried,
    dependency_ceiling,
    next_quarter,
    obstacles,
    recommendation,
)

DAY = 86_400.0
AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
SEEN = Seen(data_seconds=84 * DAY, period_seconds=28 * DAY, events_a_period=1e6)


def tried(objective: float, used: float, **others: Any) -> Tried:
    went = {"worst_period_used_ratio": used, "days": 84, "bad_days": 0, "weeks": 12, "weeks_met": 12}
    figures = {key: others.pop(key, value) for key, value in went.items()}
    rest = {"pages": 0, "tickets": 0, "paged_seconds": 0.0, "allowed_bad_a_period": 100.0, **others}
    return Tried(Candidate(objective, "usual"), Attainment(objective, used, **figures), **rest)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        pytest.param(tried(0.99, 0.75), None, id="just within the margin"),
        pytest.param(tried(0.99, 0.76), "no room", id="met, with no room"),
        pytest.param(tried(0.99, 1.2), "overspent it: 120%", id="overspent"),
        pytest.param(tried(0.99, 0.4, worst_period_used_ratio=1.1), "a rolling period", id="one bad period"),
        pytest.param(tried(0.99, 0.4, weeks_met=9), None, id="nine weeks of twelve"),
        pytest.param(tried(0.99, 0.4, weeks_met=8), "met in 8 of 12 weeks", id="eight weeks of twelve"),
        pytest.param(tried(0.99, 0.4, weeks_met=0), "met in none of 12 weeks", id="no week"),
        pytest.param(tried(0.99, 0.4, weeks=0, weeks_met=0, worst_period_used_ratio=None), None, id="no week known"),
        pytest.param(tried(0.99, 0.4, pages=24), None, id="two pages a week"),
        pytest.param(tried(0.99, 0.4, pages=25), "2.1 pages a week", id="more"),
        pytest.param(tried(0.99, 0.4, paged_seconds=8.4 * DAY), "10% of the time", id="one page that never ends"),
        pytest.param(tried(0.9999999, 0.4), "too few events", id="three failures would be too many"),
    ],
)
def test_what_stands_in_the_way_of_an_objective(one: Tried, words: str | None) -> None:
    found = obstacles(one, SEEN)
    assert (words is None and not found) or (words is not None and words in "; ".join(found))


def test_the_strictest_without_obstacles_is_chosen_and_the_next_ones_are_steps() -> None:
    """A quarter of the budget free: at 99.5 % 60 % used, at 99.9 % 300 %, so bad events must fall to a quarter."""
    rows = [tried(0.999, 3.0), tried(0.995, 0.6), tried(0.99, 0.3), tried(0.9999, 30.0)]
    found = recommendation(rows, SEEN, at=AT)
    assert found.chosen is not None
    assert found.chosen.objective_ratio == 0.995
    assert found.next_stricter is not None
    assert found.next_stricter.objective_ratio == 0.999
    assert [one.objective_ratio for one in found.tried] == [0.99, 0.995, 0.999, 0.9999]
    assert [(step.objective_ratio, step.begins.date().isoformat()) for step in found.steps] == [
        (0.999, "2027-01-01"),
        (0.9999, "2027-04-01"),
    ]
    assert [step.fewer_bad_ratio for step in found.steps] == [pytest.approx(0.75), pytest.approx(0.975)]


def test_dependencies_set_a_ceiling() -> None:
    """Source: Treynor et al., "The Calculus of Service Availability": two of 99.95 % and 99.9 % give 99.85 %."""
    ceiling = dependency_ceiling([0.9995, 0.999])
    assert ceiling == pytest.approx(0.9985005)
    found = recommendation([tried(0.995, 0.1), tried(0.999, 0.5)], SEEN, at=AT, ceiling_ratio=ceiling)
    assert found.chosen is not None
    assert found.chosen.objective_ratio == 0.995
    assert found.steps == ()
    assert dependency_ceiling([]) is None


def test_nothing_is_recommended_where_every_candidate_fails() -> None:
    found = recommendation([tried(0.9, 2.0), tried(0.99, 20.0)], SEEN, at=AT)
    assert (found.chosen, found.steps) == (None, ())
    assert found.next_stricter is not None
    assert found.next_stricter.objective_ratio == 0.9


def test_the_rule_of_three() -> None:
    """Source: Hanley and Lippman-Hand 1983: none of n gives 3/n; none of 100 rules out 3 %. Exactly: 0.97^100 = 4.8 %."""
    assert least_provable_ratio(100) == pytest.approx(0.03)
    assert (1 - least_provable_ratio(100)) ** 100 == pytest.approx(0.05, abs=0.003)
    assert least_provable_ratio(2) == 1.0


@pytest.mark.parametrize(
    ("data_days", "period_days", "is_short"), [(27, 7, True), (28, 14, False), (40, 30, True), (60, 30, False)]
)
def test_four_weeks_and_two_periods_are_the_least(data_days: float, period_days: float, is_short: bool) -> None:
    assert Seen(data_days * DAY, period_days * DAY, 1e6).is_short is is_short


@pytest.mark.parametrize(
    ("sli", "objective"),
    [
        (0.9981, 0.998),
        (0.998, 0.998),
        (0.99954, 0.9995),
        (0.9994, 0.999),
        (0.97, 0.95),
        (0.93, 0.9),
        (0.6, 0.5),
        (1.0, None),
        (0.4, None),
    ],
)
def test_what_was_achieved_is_rounded_to_a_number_people_use(sli: float, objective: float | None) -> None:
    assert rounded_down(sli) == (None if objective is None else pytest.approx(objective))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0.0, 1.0), st.none() | st.floats(0.5, 0.99999))
def test_candidates_rise_hold_what_was_asked_and_never_a_hundred_percent(sli: float, asked: float | None) -> None:
    found = [one.objective_ratio for one in candidates_for(sli, asked=asked)]
    assert found == sorted(set(found))
    assert all(0 < objective < 1 for objective in found)
    assert {0.99, 0.995, 0.999, 0.9995, 0.9999} <= set(found)
    assert asked is None or asked in found


def test_an_objective_asked_for_must_be_one() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        candidates_for(0.99, asked=1.0)


def test_what_somebody_asked_for_is_marked_so() -> None:
    origins = {one.objective_ratio: one.origin for one in candidates_for(0.9981, asked=0.999, defined=0.9995)}
    assert (origins[0.999], origins[0.9995], origins[0.998], origins[0.99]) == ("asked", "defined", "achieved", "usual")


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        ("2026-11-02", "2027-01-01"),
        ("2026-01-01", "2026-04-01"),
        ("2026-09-30", "2026-10-01"),
        ("2026-06-30", "2026-07-01"),
    ],
)
def test_the_next_quarter(at: str, begins: str) -> None:
    assert next_quarter(datetime.fromisoformat(at).replace(tzinfo=UTC)).date().isoformat() == begins


def buckets(*rows: list[float], total: list[float]) -> BucketDays:
    return BucketDays(tuple(0.1 * 2**row for row in range(len(rows))), np.array(rows), np.array(total))


def test_the_share_under_each_bound_over_all_and_on_the_worst_day() -> None:
    """Day one: 80, 95 and 100 of 100 were faster; day two: 100, 190, 200 of 200."""
    found = buckets([80, 100], [95, 190], [100, 200], total=[100, 200]).thresholds()
    assert [(one.bound_seconds, one.share_ratio, one.worst_day_ratio) for one in found] == [
        (0.1, pytest.approx(0.6), 0.5),
        (0.2, pytest.approx(0.95), 0.95),
        (0.4, 1.0, 1.0),
    ]


def test_the_least_bound_keeps_a_quarter_of_the_budget() -> None:
    """At 90 % a tenth may be slower and 7.5 % leave the margin: 0.1 has 8 % slower, 0.2 has 7 %."""
    days = buckets([92] * 7, [93] * 7, [100] * 7, total=[100] * 7)
    assert days.least_bound(0.9) == pytest.approx(0.2)
    assert days.least_bound(0.99) == pytest.approx(0.4)


def test_a_bound_that_most_weeks_broke_is_not_kept() -> None:
    """Quiet weeks with slow requests, one busy fast week: 2 % slow over all, but two of three weeks broke 10 %."""
    busy, quiet = [1_000.0] * 7, [10.0] * 7
    days = buckets([5.0] * 14 + busy, [10.0] * 14 + busy, total=[*quiet, *quiet, *busy])
    assert days.least_bound(0.9) == pytest.approx(0.2)


def test_days_without_data_or_traffic_say_nothing() -> None:
    nan = float("nan")
    days = buckets([nan, 0, 90], [nan, 0, 100], total=[nan, 0, 100])
    assert [one.share_ratio for one in days.thresholds()] == [0.9, 1.0]
    assert buckets([nan], total=[nan]).thresholds() == ()
    assert buckets([nan], total=[nan]).least_bound(0.9) is None


def test_no_finite_bound_may_be_kept() -> None:
    assert buckets([50] * 7, [60] * 7, total=[100] * 7).least_bound(0.9) is None
