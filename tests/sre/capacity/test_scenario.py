"""Scenarios: nothing asked changes nothing, more is never later, and the arithmetic is that of compound growth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.assumed import assumed_growth
from sre.capacity.forecast import forecast
from sre.capacity.model import MONTH_SECONDS, Request, Scenario, Step
from sre.capacity.scenario import applied, crossing_seconds
from sre.core.errors import InputError
from tests.support.capacity_series import DAY, MONDAY_MS, history_of, law

MONTHLY = MONDAY_MS + np.round(np.arange(1, 13) * MONTH_SECONDS * 1000).astype(np.int64)


def _applied(paths: np.ndarray, scenario: Scenario, *, is_stock: bool = False, last_value: float = 0.0) -> np.ndarray:
    return applied(paths, scenario, times_ms=MONTHLY, last_ms=MONDAY_MS, last_value=last_value, is_stock=is_stock)


def test_a_level_compounds_month_by_month() -> None:
    """Worked example: 10 % a month is 1.21 after two months and 1.1^12 = 3.138 after a year."""
    grown = _applied(np.full(12, 100.0), Scenario(0.10))
    assert grown[1] == pytest.approx(121.0, rel=1e-6)
    assert grown[11] == pytest.approx(313.84, rel=1e-4)


def test_a_one_off_step_multiplies_a_level_from_its_day_on() -> None:
    stepped = _applied(np.full(12, 100.0), Scenario(one_off_factor=3, one_off_ms=int(MONTHLY[5])))
    assert stepped.tolist() == [100.0] * 5 + [300.0] * 7


def test_a_one_off_step_multiplies_the_rate_at_which_a_stock_fills() -> None:
    """Worked example: ten a month; from the seventh month twice that, so 60 + 2 x 60 after a year."""
    filled = 10.0 * np.arange(1, 13)
    stepped = _applied(filled, Scenario(one_off_factor=2, one_off_ms=int(MONTHLY[6])), is_stock=True)
    assert stepped[5] == pytest.approx(60)
    assert stepped[11] == pytest.approx(180)


def test_nothing_asked_changes_nothing() -> None:
    history = history_of(law(300, lambda i: 50 + i, noise=3.0), step_seconds=DAY)
    plain = forecast(history, Request(30, threshold=400.0))
    same = forecast(history, Request(30, threshold=400.0, scenario=Scenario(0.0, 1.0, MONDAY_MS)))
    assert np.array_equal(plain.expected, same.expected)
    assert plain.exhaustion == same.exhaustion


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.sampled_from(["level", "stock", "draining"]), st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 50))
def test_more_growth_is_never_later_nor_less_probable(kind: str, growth: float, more: float, seed: int) -> None:
    slopes = {"level": (100.0, 0.3, 130.0), "stock": (10.0, 2.0, 500.0), "draining": (500.0, -2.0, 0.0)}
    start, slope, threshold = slopes[kind]
    rng = np.random.default_rng(seed)
    values = (
        start + np.cumsum(np.maximum(rng.normal(slope, 1, 120), 0))
        if kind == "stock"
        else law(120, lambda i: start + slope * i, noise=4.0, seed=seed)
    )
    history = history_of(values, step_seconds=DAY)
    slow, fast = (
        forecast(history, Request(90, threshold=threshold, scenario=Scenario(ratio))).exhaustion
        for ratio in (growth, growth + more)
    )
    assert slow is not None
    assert fast is not None
    assert fast.probability_ratio >= slow.probability_ratio
    never = 10**15
    assert (fast.expected_ms or never) <= (slow.expected_ms or never)


def test_growth_without_history_crosses_where_logarithms_say() -> None:
    """Worked example: 15 % a month doubles 1,200 in ln 2 / ln 1.15 = 4.959 months."""
    request = Request(365, threshold=2400.0, scenario=Scenario(0.15))
    made = assumed_growth(start_value=1200.0, start_ms=MONDAY_MS, step=Step(DAY), request=request)
    assert made.exhaustion is not None
    assert made.exhaustion.expected_ms is not None
    months = (made.exhaustion.expected_ms - MONDAY_MS) / 1000 / MONTH_SECONDS
    assert months == pytest.approx(math.log(2) / math.log(1.15), rel=1e-6)
    assert made.lower is None
    assert made.judgement.trust == "none"


def test_growth_without_history_meets_the_one_off_step() -> None:
    at = MONDAY_MS + 30 * 86_400_000
    request = Request(90, threshold=3000.0, scenario=Scenario(0.0, 3.0, at))
    made = assumed_growth(start_value=1200.0, start_ms=MONDAY_MS, step=Step(DAY), request=request)
    assert made.exhaustion is not None
    assert made.exhaustion.expected_ms == at


@pytest.mark.parametrize(
    ("growth", "threshold", "seconds"),
    [(0.0, 2.0, None), (-0.1, 2.0, None), (0.1, 0.5, None), (-0.5, 0.5, MONTH_SECONDS), (1.0, 2.0, MONTH_SECONDS)],
)
def test_compounding_meets_a_threshold_only_on_its_way(growth: float, threshold: float, seconds: float | None) -> None:
    found = crossing_seconds(start_value=1.0, growth_ratio_per_month=growth, threshold=threshold)
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("scenario", [Scenario(-1.0), Scenario(11.0), Scenario(0.0, 0.0), Scenario(0.0, -3.0)])
def test_impossible_scenarios_are_refused(scenario: Scenario) -> None:
    with pytest.raises(InputError):
        forecast(history_of([1.0, 2.0] * 20), Request(5, scenario=scenario))
