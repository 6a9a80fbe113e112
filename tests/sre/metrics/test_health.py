import math

import pytest

from sre.metrics.health import (
    Baseline,
    baseline_of,
    errors_verdict,
    health_rules,
    latency_verdict,
    overall,
    saturation_verdict,
    traffic_verdict,
    worse,
)

RULES = health_rules()
USUAL = Baseline((0.2, 0.2, 0.2), 0.2)
NONE = Baseline()


@pytest.mark.parametrize(
    ("ratio", "baseline", "requests", "verdict"),
    [
        (0.0, NONE, 1e6, "ok"),
        (0.0029, NONE, 1e6, "ok"),
        (0.004, NONE, 1e6, "degraded"),
        (0.0144, NONE, 1e6, "bad"),
        (0.5, NONE, None, "bad"),
        (0.02, Baseline((0.018,)), 1e6, "degraded"),
        (0.05, Baseline((0.018,)), 1e6, "bad"),
        (0.2, NONE, 10.0, "ok"),
        (0.3, NONE, 10.0, "bad"),
        (None, NONE, 1e6, "unknown"),
        (math.nan, NONE, 0.0, "unknown"),
    ],
)
def test_errors(ratio: float | None, baseline: Baseline, requests: float | None, verdict: str) -> None:
    """*source*: The SRE Workbook, ch. 5: burn rate 14.4 pages and 3 opens a ticket at 99.9 %; minimum of 3 *our choice*."""
    assert errors_verdict(ratio, baseline, requests=requests, rules=RULES.errors).verdict == verdict


@pytest.mark.parametrize(
    ("seconds", "baseline", "verdict"),
    [
        (0.2, USUAL, "ok"),
        (0.249, USUAL, "ok"),
        (0.26, USUAL, "degraded"),
        (0.4, USUAL, "bad"),
        (0.008, Baseline((0.004,)), "ok"),
        (0.3, Baseline((0.2,) * 6, 0.3), "ok"),
        (0.28, Baseline((0.28,) * 6, 0.2), "degraded"),
        (0.5, NONE, "ok"),
        (2.0, NONE, "degraded"),
        (30.0, NONE, "bad"),
        (None, USUAL, "unknown"),
    ],
)
def test_latency(seconds: float | None, baseline: Baseline, verdict: str) -> None:
    """*our choice*: factors 1.25 and 2; *source* for no baseline: Nielsen (1993), 1 s and 10 s."""
    assert latency_verdict(seconds, baseline, rules=RULES.latency).verdict == verdict


@pytest.mark.parametrize(
    ("rate", "baseline", "verdict"),
    [
        (10.0, Baseline((10.0,)), "ok"),
        (6.0, Baseline((10.0,)), "ok"),
        (4.0, Baseline((10.0,)), "degraded"),
        (4.0, Baseline((10.0, 10.0), 4.2), "ok"),
        (0.5, Baseline((10.0,)), "bad"),
        (0.0, Baseline((10.0,)), "bad"),
        (None, Baseline((10.0,)), "bad"),
        (25.0, Baseline((10.0,)), "degraded"),
        (0.001, Baseline((0.01,)), "ok"),
        (None, NONE, "unknown"),
        (0.0, NONE, "unknown"),
        (5.0, NONE, "ok"),
    ],
)
def test_traffic(rate: float | None, baseline: Baseline, verdict: str) -> None:
    assert traffic_verdict(rate, baseline, window_seconds=3600, rules=RULES.traffic).verdict == verdict


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(0.79, "ok"), (0.8, "degraded"), (0.95, "bad"), (1.2, "bad"), (None, "unknown")]
)
def test_saturation(ratio: float | None, verdict: str) -> None:
    assert saturation_verdict(ratio, rules=RULES.saturation).verdict == verdict


def test_a_baseline_is_a_median_so_one_odd_day_does_not_move_it() -> None:
    baseline = baseline_of([1.0, 1.1, 90.0, None, 0.9, math.nan, 1.0], days_back=[7, 6, 5, 4, 3, 2, 1])
    assert baseline.values == (1.0, 1.1, 90.0, 0.9, 1.0)
    assert baseline.median == 1.0
    assert baseline.same_weekday == 1.0
    assert baseline.nearest_to(50.0) == 1.0
    assert baseline_of([None], days_back=[1]) == Baseline()


def test_a_reason_says_the_value_and_what_is_usual() -> None:
    assert latency_verdict(0.4, USUAL, rules=RULES.latency).why == "400 ms, 2 times the usual 200 ms"
    errors = errors_verdict(0.05, Baseline((0.001,)), requests=1e4, rules=RULES.errors)
    assert errors.why == "5 % of requests fail, above 1.44 % (usually 0.1 %)"


def test_a_service_is_ok_only_if_something_its_users_feel_is_known_to_be_ok() -> None:
    assert overall(symptoms=("ok", "unknown"), causes=("ok", "unknown")) == "ok"
    assert overall(symptoms=("unknown", "unknown"), causes=("ok", "ok")) == "unknown"
    assert overall(symptoms=("ok", "ok"), causes=("bad", "ok")) == "bad"
    assert overall(symptoms=("degraded", "unknown"), causes=()) == "degraded"


def test_nothing_is_ok_while_something_its_users_feel_could_not_be_read() -> None:
    assert overall(symptoms=("ok", "unknown"), causes=("ok", "ok"), are_symptoms_read=False) == "unknown"
    assert overall(symptoms=("bad", "unknown"), causes=("ok", "ok"), are_symptoms_read=False) == "bad"
    assert overall(symptoms=("ok", "unknown"), causes=("degraded",), are_symptoms_read=False) == "degraded"


def test_the_worse_of_two_stands_and_the_first_of_equals() -> None:
    fine, poor = saturation_verdict(0.1, rules=RULES.saturation), saturation_verdict(0.9, rules=RULES.saturation)
    unknown = saturation_verdict(None, rules=RULES.saturation)
    assert worse(fine, poor) is poor
    assert worse(poor, fine) is poor
    assert worse(fine, unknown) is fine
