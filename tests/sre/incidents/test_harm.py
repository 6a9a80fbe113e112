"""What data say to the severity rules. Limits: *our choice*, those of the health check where it has them."""

from dataclasses import replace

import pytest

from sre.incidents.harm import BudgetHarm, Harm, joined_facts, measured_facts
from sre.incidents.severity_rules import Known
from sre.metrics.health import health_rules

BURNING = BudgetHarm("a", "s", 0.999, (20.0, 30.0), 14.4, (7.0, 8.0), 6.0, 0.5)


def harm(**values: float) -> Harm:
    return replace(Harm("a", traffic_per_second=10.0), **values)  # type: ignore[arg-type]


def test_the_service_that_suffers_most_gives_the_fact() -> None:
    facts = measured_facts([harm(failing_ratio=0.02), Harm("b", failing_ratio=0.3, traffic_per_second=5.0)], [])
    assert facts["failing_ratio"].value == 0.3
    assert facts["failing_ratio"].words.startswith('"b": 30 % of requests fail')


def test_so_few_failures_that_they_are_chance_are_no_fact() -> None:
    few = Harm("a", failing_ratio=0.1, traffic_per_second=0.05)
    assert few.is_by_chance
    assert "failing_ratio" not in measured_facts([few], [])


def test_the_limits_of_chance_are_those_of_the_health_check() -> None:
    rules = health_rules()
    enough = (rules.errors.min_failed - 0.5) / 300
    assert not Harm("a", failing_ratio=1.0, traffic_per_second=enough).is_by_chance
    assert Harm("a", failing_ratio=1.0, traffic_per_second=enough - 1e-6).is_by_chance
    usual = rules.traffic.small_requests / 300
    assert Harm("a", traffic_per_second=0.0, usual_per_second=usual).traffic_factor == 0
    assert Harm("a", traffic_per_second=0.0, usual_per_second=usual * 0.99).traffic_factor is None


def test_a_service_that_is_seen_no_more_is_a_doubt_not_health() -> None:
    gone = Harm("a", usual_per_second=10.0)
    fact = measured_facts([gone], [])["traffic_factor"]
    assert (fact.value, fact.is_doubtful) == (0.0, True)
    assert "nothing is seen of it any more" in fact.words
    assert measured_facts([Harm("a", usual_per_second=10.0, unread=["traffic"])], []) == {}


def test_many_times_next_to_nothing_is_still_nothing() -> None:
    assert harm(failing_ratio=0.0009, usual_ratio=0.00001).error_factor is None
    assert harm(failing_ratio=0.02, usual_ratio=0.0).error_factor == pytest.approx(200)


def test_a_difference_that_buckets_do_not_tell_is_no_slowness() -> None:
    assert harm(latency_seconds=0.012, usual_latency_seconds=0.004).latency_factor is None
    assert harm(latency_seconds=0.6, usual_latency_seconds=0.2).latency_factor == pytest.approx(3)


@pytest.mark.parametrize(
    ("fast", "expected"), [((20.0, 30.0), True), ((20.0, 10.0), False), ((20.0, None), None), ((10.0, 30.0), False)]
)
def test_a_budget_burns_fast_when_both_windows_say_so(fast: tuple[float, float | None], expected: bool | None) -> None:
    assert BudgetHarm("a", "s", 0.999, fast, 14.4, (None, None), None, None).is_burning_fast is expected


@pytest.mark.parametrize(
    ("consumed", "fast", "expected"),
    [(1.2, (2.0, 3.0), True), (1.2, (2.0, 0.1), False), (0.9, (20.0, 30.0), False), (None, (2.0, 3.0), None)],
)
def test_a_budget_is_gone_when_it_is_spent_and_still_burns(
    consumed: float | None, fast: tuple[float, float], expected: bool | None
) -> None:
    assert BudgetHarm("a", "s", 0.999, fast, 14.4, (None, None), None, consumed).is_gone is expected


def test_one_slo_that_burns_is_enough_and_is_named() -> None:
    calm = BudgetHarm("calm", "s", 0.999, (0.1, 0.1), 14.4, (0.1, 0.1), 6.0, 0.1)
    facts = measured_facts([], [calm, BURNING])
    assert facts["burning_fast"].value is True
    assert 'SLO "a"' in facts["burning_fast"].words
    assert measured_facts([], [calm])["burning_fast"].value is False


def test_of_what_was_told_and_measured_the_worse_counts_with_both_named() -> None:
    told, measured = {"failing_ratio": Known(0.1, "told")}, {"failing_ratio": Known(0.4, "measured")}
    both = joined_facts(told, measured)["failing_ratio"]
    assert (both.value, both.words) == (0.4, "measured (and told)")
    traffic = joined_facts({"traffic_factor": Known(0.5, "told")}, {"traffic_factor": Known(0.1, "measured")})
    assert traffic["traffic_factor"].value == 0.1
