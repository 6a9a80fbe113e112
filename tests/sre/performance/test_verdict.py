"""Verdicts against planted truth, the share of false alarms on unchanged series of every awkward kind, and invariants."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.errors import NoDataError
from sre.core.series import FloatArray
from sre.performance.model import Comparison, Standard
from sre.performance.verdict import compare

LATENCY = Standard(bad="up")
THROUGHPUT = Standard(bad="down")


def noisy(rng: np.random.Generator, count: int, *, memory: float = 0.0, spread: float = 0.1) -> FloatArray:
    """Return values around 1 whose logarithms are an autoregression of this spread."""
    noise = rng.standard_normal(count + 100) * spread * math.sqrt(1 - memory**2)
    values = np.zeros(count + 100)
    for index in range(1, count + 100):
        values[index] = memory * values[index - 1] + noise[index]
    return np.exp(values[100:])


def share_called(verdicts: list[Comparison]) -> float:
    return sum(one.verdict in ("regression", "improvement", "changed") for one in verdicts) / len(verdicts)


def test_a_slower_service_is_a_regression_of_the_right_size() -> None:
    rng = np.random.default_rng(1)
    found = compare(0.2 * noisy(rng, 60), 0.27 * noisy(rng, 60), LATENCY)
    assert found.verdict == "regression"
    assert found.lower_ratio is not None
    assert found.upper_ratio is not None
    assert found.lower_ratio < 0.35 < found.upper_ratio
    assert found.effect_ratio == pytest.approx(0.35, abs=0.05)
    assert found.difference == pytest.approx(0.07, abs=0.01)


@pytest.mark.parametrize(
    ("standard", "factor", "verdict"),
    [
        (LATENCY, 1.2, "regression"), (LATENCY, 1 / 1.2, "improvement"),
        (THROUGHPUT, 1.2, "improvement"), (THROUGHPUT, 1 / 1.2, "regression"), (Standard(), 1.2, "changed"),
    ],
)  # fmt: skip
def test_the_direction_that_is_bad_decides(standard: Standard, factor: float, verdict: str) -> None:
    rng = np.random.default_rng(2)
    assert compare(noisy(rng, 50), factor * noisy(rng, 50), standard).verdict == verdict


def test_a_trifle_is_no_change_however_sure() -> None:
    rng = np.random.default_rng(3)
    before, after = noisy(rng, 400, spread=0.002), 1.01 * noisy(rng, 400, spread=0.002)
    found = compare(before, after, LATENCY)
    assert found.verdict == "no_change"
    assert found.p_value < 1e-6
    assert compare(before, after, Standard("up", smallest_ratio=0.005)).verdict == "regression"


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3), (4, 4), (1, 60), (3, 8)])
def test_samples_in_which_nothing_could_be_seen_give_no_verdict(first: int, second: int) -> None:
    """Their most extreme order has a probability over 1 %: 2 / (n + m choose n)."""
    assert 2 / math.comb(first + second, first) > 0.01
    found = compare(np.full(first, 1.0), np.full(second, 9.0) + np.arange(second), LATENCY)
    assert found.verdict == "cannot_tell"


@pytest.mark.parametrize(("first", "second"), [(5, 5), (3, 20), (2, 20), (1, 200)])
def test_samples_that_could_just_be_told_apart_are(first: int, second: int) -> None:
    found = compare(1 + np.arange(first) / 1000, 9 + np.arange(second) / 1000, LATENCY)
    assert found.verdict == "regression"


def test_flat_values_that_moved_are_a_change_and_those_that_did_not_are_none() -> None:
    assert compare(np.full(30, 5.0), np.full(30, 6.0), LATENCY).verdict == "regression"
    assert compare(np.full(30, 5.0), np.full(30, 5.0), LATENCY).verdict == "no_change"
    assert compare(np.zeros(30), np.zeros(30), LATENCY).verdict == "no_change"


def test_a_side_without_values_is_no_data() -> None:
    with pytest.raises(NoDataError):
        compare(np.array([np.nan]), np.ones(3), LATENCY)


UNCHANGED = {
    "independent": lambda rng: (noisy(rng, 60), noisy(rng, 60)),
    "wide spread": lambda rng: (noisy(rng, 60, spread=0.5), noisy(rng, 60, spread=0.5)),
    "dependent": lambda rng: np.split(noisy(rng, 120, memory=0.6), 2),
    "very dependent": lambda rng: np.split(noisy(rng, 240, memory=0.9), 2),
    "skewed": lambda rng: (rng.pareto(2.0, 60) + 0.1, rng.pareto(2.0, 60) + 0.1),
    "with outliers": lambda rng: tuple(
        noisy(rng, 50) * np.where(rng.random(50) < 0.08, rng.uniform(5, 50, 50), 1) for _ in "ab"
    ),
    "a hard ceiling": lambda rng: (
        1 - rng.exponential(0.1, 60).clip(0, 0.9),
        1 - rng.exponential(0.1, 60).clip(0, 0.9),
    ),
    "unequal lengths": lambda rng: (noisy(rng, 200, memory=0.3), noisy(rng, 15, memory=0.3)),
    "unequal spreads and lengths": lambda rng: (noisy(rng, 90, spread=0.05), noisy(rng, 15, spread=0.4)),
    "tiny": lambda rng: (noisy(rng, 5), noisy(rng, 6)),
    "few whole numbers": lambda rng: (rng.integers(3, 6, 60).astype(float), rng.integers(3, 6, 60).astype(float)),
    "mostly zero": lambda rng: (rng.poisson(0.2, 120) / 500, rng.poisson(0.2, 120) / 500),
    "with zeros and below": lambda rng: (rng.normal(0.5, 1, 60), rng.normal(0.5, 1, 60)),
}


@pytest.mark.parametrize("kind", UNCHANGED)
def test_unchanged_series_are_seldom_called_changed(kind: str) -> None:
    """Promise: 1 %. Of 200 pairs at most 6, which a true 1 % exceeds once in 250 times; rank tests call up to 40 %."""
    rng = np.random.default_rng(5)
    pairs = [UNCHANGED[kind](rng) for _ in range(200)]
    standard = Standard("up", smallest_ratio=0.0)
    assert share_called([compare(before, after, standard, is_adjoining=True) for before, after in pairs]) <= 0.03


CHANGED = {
    "independent": lambda rng: (noisy(rng, 60), 1.1 * noisy(rng, 60)),
    "dependent": lambda rng: (noisy(rng, 120, memory=0.6), 1.2 * noisy(rng, 120, memory=0.6)),
    "skewed": lambda rng: (rng.pareto(3.0, 120) + 0.1, 1.6 * (rng.pareto(3.0, 120) + 0.1)),
    "with outliers": lambda rng: (noisy(rng, 50), 1.15 * noisy(rng, 50) * np.where(rng.random(50) < 0.08, 20, 1)),
    "a throttle": lambda rng: tuple(top * np.minimum(1, 1.1 * noisy(rng, 60, spread=0.25)) for top in (1, 1.06)),
    "unequal lengths": lambda rng: (noisy(rng, 200), 1.15 * noisy(rng, 15)),
    "tiny": lambda rng: (noisy(rng, 6, spread=0.02), 1.3 * noisy(rng, 6, spread=0.02)),
    "mostly zero": lambda rng: (rng.poisson(0.2, 120) / 500, rng.poisson(0.9, 120) / 500),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_changes_worth_acting_on_are_found(kind: str) -> None:
    rng = np.random.default_rng(6)
    found = [compare(before, after, LATENCY) for before, after in (CHANGED[kind](rng) for _ in range(60))]
    assert sum(one.verdict == "regression" for one in found) >= 54


def test_the_interval_holds_the_true_effect() -> None:
    """At 99 %; of 200, fewer than 194 would be a promise broken."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        found = compare(noisy(rng, 60, memory=0.4), 1.1 * noisy(rng, 40, memory=0.4), LATENCY)
        lower, upper = found.lower_ratio, found.upper_ratio
        held += (lower is None or lower <= 0.1) and (upper is None or upper >= 0.1)
    assert held >= 194


def test_what_is_said_to_be_seen_is_seen_nine_times_in_ten() -> None:
    rng = np.random.default_rng(8)
    unseen = np.median([compare(noisy(rng, 60), noisy(rng, 60), LATENCY).unseen_ratio for _ in range(30)])
    found = [compare(noisy(rng, 60), (1 + unseen) * noisy(rng, 60), LATENCY) for _ in range(200)]
    assert 0.83 <= share_called(found) <= 0.97


def test_a_climb_from_before_the_change_is_not_blamed_on_it() -> None:
    """A leak of 1 % a step makes any later stretch higher; the step beside it is what the change did."""
    rng = np.random.default_rng(9)
    climb = np.exp(0.01 * np.arange(80))
    unchanged = [
        compare(a[:40], a[40:], LATENCY, is_adjoining=True)
        for a in (climb * noisy(rng, 80, spread=0.02) for _ in range(40))
    ]
    assert share_called(unchanged) <= 0.05
    values = climb * noisy(rng, 80, spread=0.02) * np.where(np.arange(80) < 40, 1, 1.3)
    stepped = compare(values[:40], values[40:], LATENCY, is_adjoining=True)
    assert stepped.verdict == "regression"
    assert stepped.effect_ratio == pytest.approx(0.3, abs=0.06)
    assert any("before the change" in note for note in stepped.notes)


def test_missing_values_are_left_out() -> None:
    rng = np.random.default_rng(11)
    before, after = noisy(rng, 60), 1.3 * noisy(rng, 60)
    before[::7], after[3] = np.nan, np.nan
    found = compare(before, after, LATENCY, is_adjoining=True)
    assert (found.verdict, found.before.count, found.after.count) == ("regression", 51, 59)


samples = st.lists(st.floats(0.01, 100), min_size=6, max_size=40).map(np.array)


@given(samples, samples, st.sampled_from([0.001, 3.0, 1e9]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_unit_does_not_matter(before: FloatArray, after: FloatArray, factor: float) -> None:
    plain, scaled = compare(before, after, LATENCY), compare(before * factor, after * factor, LATENCY)
    assert plain.p_value == pytest.approx(scaled.p_value, rel=0.2, abs=1e-3)
    assert plain.effect_ratio == pytest.approx(scaled.effect_ratio, rel=1e-3, abs=1e-6)


@given(samples, samples)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_swapping_sides_swaps_the_verdict(before: FloatArray, after: FloatArray) -> None:
    opposite = {"regression": "improvement", "improvement": "regression"}
    there, back = compare(before, after, LATENCY), compare(after, before, LATENCY)
    assert back.verdict == opposite.get(there.verdict, there.verdict)


@given(samples, samples)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_effect_lies_in_its_interval(before: FloatArray, after: FloatArray) -> None:
    found = compare(before, after, LATENCY)
    assert found.effect_ratio is not None
    assert found.lower_ratio is None or found.lower_ratio <= found.effect_ratio + 1e-9
    assert found.upper_ratio is None or found.upper_ratio >= found.effect_ratio - 1e-9
