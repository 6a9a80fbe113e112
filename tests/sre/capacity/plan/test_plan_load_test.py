"""Load tests fitted by the Universal Scalability Law, against published fits, planted laws and searches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.plan.load_test import LoadPoint, ScalabilityFit, fitted_law, unit_capacity
from sre.core.errors import InputError

moderate = settings(max_examples=60, deadline=None, derandomize=True)
# SPEC SDM91 on a Sun SPARCcenter 2000: simulated users, scripts an hour.
SDM91 = [(1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2)]


def _points(rows: list[tuple[float, float]]) -> list[LoadPoint]:
    return [LoadPoint(throughput=rate, concurrency=load) for load, rate in rows]


def _law(contention: float, coherency: float, alone: float = 100.0) -> ScalabilityFit:
    return ScalabilityFit(alone, contention, coherency, 1.0, 1e12, 1.0)


def test_the_published_fit_of_a_benchmark_is_found() -> None:
    """*Source*: R package usl (Moeding, Gunther), tests/summary: alpha 2.773e-02, beta 1.044e-04, gamma 90.00, R2 0.9896."""
    fit = fitted_law(_points(SDM91))
    assert fit.contention == pytest.approx(0.02773, abs=5e-6)
    assert fit.coherency == pytest.approx(1.044e-4, abs=5e-8)
    assert fit.alone == pytest.approx(90.00, abs=0.005)
    assert fit.fit_ratio == pytest.approx(0.9896, abs=5e-5)


def test_an_exact_curve_gives_its_own_coefficients() -> None:
    """*Source*: R package usl, tests/usl-nls: contention and coherency of 0.02 each, one worker does 1."""
    rows = [(1, 1.0), (2, 1.8868), (4, 3.0769), (6, 3.5294), (8, 3.5398), (10, 3.3557)]
    fit = fitted_law(_points(rows))
    assert (fit.contention, fit.coherency, fit.alone) == pytest.approx((0.02, 0.02, 1.0), abs=5e-5)


def test_throughput_peaks_where_gunther_says() -> None:
    """*Source*: Gunther, Guerrilla Capacity Planning (2007): the maximum lies at sqrt((1 - s) / k)."""
    assert _law(0.05, 0.0005).peak_concurrency == pytest.approx((0.95 / 0.0005) ** 0.5)
    assert _law(0.05, 0.0).peak_concurrency == float("inf")


@moderate
@given(contention=st.floats(0.001, 0.5), coherency=st.one_of(st.just(0.0), st.floats(1e-6, 0.05)))
def test_the_knee_is_where_throughput_over_latency_is_largest(contention: float, coherency: float) -> None:
    """*Source*: Kleinrock (1979), power; *independent*: a search over a grid."""
    law = _law(contention, coherency)
    loads = np.geomspace(1, 1e4, 40_001)
    power = [law.throughput(load) / law.latency_seconds(load) for load in loads]
    assert law.knee_concurrency == pytest.approx(loads[int(np.argmax(power))], rel=0.001)


@moderate
@given(load=st.floats(1, 500), contention=st.floats(0, 0.5), coherency=st.floats(0, 0.01))
def test_concurrency_is_throughput_times_latency(load: float, contention: float, coherency: float) -> None:
    """*Source*: Little (1961), L = lambda W."""
    law = _law(contention, coherency)
    assert law.throughput(load) * law.latency_seconds(load) == pytest.approx(load)


@moderate
@given(
    load=st.floats(1, 500), contention=st.floats(0.001, 0.5), coherency=st.one_of(st.just(0.0), st.floats(1e-6, 0.01))
)
def test_the_concurrency_within_a_latency_has_just_that_latency(
    load: float, contention: float, coherency: float
) -> None:
    law = _law(contention, coherency)
    assert law.concurrency_within(law.latency_seconds(load)) == pytest.approx(load, rel=1e-6)


def test_a_unit_is_planned_at_the_knee_never_above_what_was_measured() -> None:
    fit = fitted_law(_points(SDM91))
    found = unit_capacity(fit)
    assert found.concurrency == pytest.approx(26.96, abs=0.01)
    assert found.throughput == pytest.approx(fit.throughput(fit.knee_concurrency))
    assert found.throughput < 1853.2
    straight = fitted_law(_points([(1, 100.0), (2, 200.0), (4, 400.0), (8, 800.0)]))
    assert unit_capacity(straight).throughput == pytest.approx(800.0)
    assert any("real limit was not seen" in note for note in straight.notes)


def test_a_limit_of_latency_decides_where_one_is_given() -> None:
    """Worked by hand: with s = 0.1 and one worker doing 100/s, N workers take (1 + 0.1 (N - 1)) / 100 s: 11 take 20 ms."""
    law = _law(0.1, 0.0)
    found = unit_capacity(law, max_latency_seconds=0.020)
    assert found.concurrency == pytest.approx(11.0)
    assert found.throughput == pytest.approx(11 / 0.020)


def test_a_latency_no_request_can_keep_is_refused() -> None:
    with pytest.raises(InputError, match="alone takes 10 ms"):
        unit_capacity(_law(0.1, 0.0), max_latency_seconds=0.005)


def test_concurrency_comes_from_throughput_and_latency_where_it_is_missing() -> None:
    """*Source*: Little (1961)."""
    by_load = fitted_law(_points(SDM91))
    by_latency = fitted_law([LoadPoint(rate, latency_seconds=load / rate) for load, rate in SDM91])
    assert by_latency.contention == pytest.approx(by_load.contention)
    assert by_latency.notes == ()


def test_levels_that_contradict_littles_law_are_told() -> None:
    points = [LoadPoint(rate, load, 0.3 * load / rate) for load, rate in SDM91]
    assert any("Little's law" in note for note in fitted_law(points).notes)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(1, 100.0), (2, 190.0), (4, 350.0)], "at least 4"),
        ([(1, 100.0), (1, 101.0), (2, 190.0), (4, 350.0)], "at least 4"),
        ([(1, 100.0), (2, 20.0), (4, 700.0), (8, 30.0), (16, 900.0)], "does not follow"),
    ],
)
def test_a_test_that_carries_no_fit_is_refused(rows: list[tuple[float, float]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        fitted_law(_points(rows))


@moderate
@given(
    contention=st.floats(0, 0.3),
    coherency=st.floats(0, 0.002),
    alone=st.floats(1, 1e4),
    seed=st.integers(0, 1000),
)
def test_a_noisy_law_is_found_again(contention: float, coherency: float, alone: float, seed: int) -> None:
    """*Planted*: 1 % of noise; the fitted curve stays within 5 % of the true one at every measured level."""
    loads = [1, 2, 4, 8, 16, 32, 64, 96]
    true = _law(contention, coherency, alone)
    noise = np.random.default_rng(seed).normal(1, 0.01, len(loads))
    fit = fitted_law(
        [LoadPoint(true.throughput(load) * wobble, load) for load, wobble in zip(loads, noise, strict=True)]
    )
    assert fit.contention >= 0
    assert fit.coherency >= 0
    for load in loads:
        assert fit.throughput(load) == pytest.approx(true.throughput(load), rel=0.05)
