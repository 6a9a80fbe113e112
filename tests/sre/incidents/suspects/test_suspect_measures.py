"""The parts that a ranking is made of, each against arithmetic or another implementation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sre.core.labels import Labels
from sre.core.series import FloatArray
from sre.incidents.suspects.failures import failure_counts, failure_deviations
from sre.incidents.suspects.followers import explained_by_callees
from sre.incidents.suspects.gathering import gather
from sre.incidents.suspects.kinds import kind_of
from sre.incidents.suspects.model import Behaviour, Timeline
from sre.incidents.suspects.normality import normal_behaviour, recent_steps
from sre.incidents.suspects.onset import moves
from sre.incidents.suspects.rows import row_quantile
from sre.incidents.suspects.surprise import reference_surprises, surprise
from sre.incidents.suspects.visibility import calibration, visibility

VALUES = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan))


def timeline(normal: int, incident: int, *, step_ms: int = 60_000) -> Timeline:
    times = 1_767_571_200_000 + step_ms * np.arange(normal + incident, dtype=np.int64)
    return Timeline.around(times, incident_start_ms=int(times[normal]), incident_end_ms=int(times[-1]) + 1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(arrays(np.float64, (3, 7), elements=VALUES), st.floats(0, 1))
def test_quantiles_agree_with_numpy(values: FloatArray, ratio: float) -> None:
    """Source: numpy.nanquantile, row by row."""
    expected = [np.nanquantile(row, ratio) if np.isfinite(row).any() else math.nan for row in values]
    np.testing.assert_allclose(row_quantile(values, ratio), expected, rtol=1e-9, atol=1e-9)


def test_a_lasting_deviation_counts_the_logarithm_of_its_square() -> None:
    """Source: arithmetic; log(1 + 3^2) = log 10."""
    assert surprise(np.full((1, 6), 3.0)) == pytest.approx([math.log(10)])
    assert surprise(np.full((1, 6), -3.0)) == pytest.approx([math.log(10)])


def test_one_wild_step_counts_nothing_and_two_count_as_one() -> None:
    """Source: arithmetic; of a stretch of three, the most extreme step is left out and the mean is over two."""
    deviations = np.array([[0, 1000.0, 0, 0, 0, 0], [0, 1000.0, 3, 0, 0, 0]])
    assert surprise(deviations) == pytest.approx([0.0, math.log(10) / 2])


def test_up_and_down_do_not_add_up() -> None:
    """Our choice: noise in both directions is not a move in one."""
    assert surprise(np.array([[3.0, -3, 3, -3]])) < surprise(np.array([[3.0, 3, 3, 3]])) / 2 + 1e-9


def test_missing_steps_are_left_out_of_the_mean() -> None:
    """Source: arithmetic; of four steps with a sample in six, half a stretch suffices."""
    deviations = np.array([[3.0, math.nan, 3.0, 3.0, math.nan, 3.0], [math.nan] * 6])
    assert surprise(deviations) == pytest.approx([math.log(10), 0.0])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(arrays(np.float64, (2, 40), elements=VALUES), st.integers(2, 9))
def test_reference_windows_are_surprises_of_windows(deviations: FloatArray, length: int) -> None:
    """Our choice: computed in one sweep, but the same as cutting each window out."""
    stride = max(1, length // 2)
    cut = [surprise(deviations[:, start : start + length]) for start in range(0, 41 - length, stride)]
    np.testing.assert_allclose(reference_surprises(deviations, length=length), np.stack(cut, axis=1), atol=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(arrays(np.float64, (1, 11), elements=VALUES))
def test_a_surprise_is_the_best_trimmed_mean_of_half_the_window(deviations: FloatArray) -> None:
    """Source: the definition, stretch by stretch and step by step."""
    best = 0.0
    for sign in (1, -1):
        steps = [math.log1p(max(sign * value, 0.0) ** 2) if math.isfinite(value) else None for value in deviations[0]]
        for start in range(6):
            kept = sorted(step for step in steps[start : start + 6] if step is not None)
            if 2 * len(kept) >= 6:
                best = max(best, sum(kept[:-1]) / max(len(kept) - 1, 1))
    assert surprise(deviations)[0] == pytest.approx(best, abs=1e-9)


def test_there_are_no_windows_in_too_short_a_history() -> None:
    """Source: arithmetic."""
    assert reference_surprises(np.zeros((2, 4)), length=5).shape == (2, 0)


def test_the_scale_is_one_standard_deviation_of_normal_noise() -> None:
    """Source: 20,000 draws of a normal variable with the standard deviation 5."""
    values = 100 + 5 * np.random.default_rng(0).standard_normal((1, 20_000))
    found = normal_behaviour(values, timeline(19_990, 10), least_scale=np.zeros(1))
    assert found.scale == pytest.approx([5], rel=0.03)
    assert found.median == pytest.approx([100], abs=0.2)


def test_the_steps_before_the_incident_are_half_as_many_as_it_has() -> None:
    """Our choice: at least two."""
    assert np.flatnonzero(recent_steps(timeline(10, 6))).tolist() == [7, 8, 9]
    assert np.flatnonzero(recent_steps(timeline(10, 1))).tolist() == [8, 9]


def test_failures_count_by_their_poisson_deviance() -> None:
    """Source: D = 2 (y log(y / mu) - (y - mu)) with y = 10, mu = 5 is 3.8629; half a failure more in all is negligible."""
    share = np.array([0.005] * 1000 + [0.01])
    found = failure_deviations(share, np.full(1001, 1000.0), timeline(1000, 1))
    assert found[-1] == pytest.approx(math.sqrt(3.8629), rel=2e-3)
    assert found[0] == pytest.approx(0, abs=1e-3)


def test_the_same_share_of_more_requests_is_more_surprising() -> None:
    """Our choice: three of 100 failed says less than thirty of 1,000."""
    share = np.array([100.0] * 200 + [97.0])
    few, many = (failure_deviations(share, np.full(201, count), timeline(200, 1))[-1] for count in (100.0, 1000.0))
    assert 3 < few < many


def test_shares_of_success_and_of_failure_say_the_same() -> None:
    """Our choice: 99 % good is 1 % bad."""
    failed = np.abs(0.01 + 0.004 * np.random.default_rng(1).standard_normal(60))
    requests = np.full(60, 500.0)
    for good in (1 - failed, 100 * (1 - failed)):
        np.testing.assert_allclose(
            failure_deviations(good, requests, timeline(50, 10)),
            failure_deviations(failed, requests, timeline(50, 10)),
            atol=1e-6,
        )


def test_requests_are_those_of_the_same_labels_and_rates_are_made_counts() -> None:
    """Our choice: 2.5 requests a second are 150 a minute; whole numbers are counts already."""
    ratio = Behaviour("a", "error_ratio", np.full(4, 0.1), Labels({"route": "/pay"}), "errors")
    rates = Behaviour("a", "requests", np.full(4, 2.5), Labels({"route": "/pay"}), "traffic")
    counts = Behaviour("a", "requests", np.full(4, 900.0), Labels({"route": "/"}), "traffic")
    other = Behaviour("b", "error_ratio", np.full(4, 0.1), kind="errors")
    found = failure_counts([ratio, rates, counts, other], timeline(3, 1))
    assert list(found) == [0]
    np.testing.assert_allclose(found[0], 150.0)
    elsewhere = Behaviour("a", "error_ratio", np.full(4, 0.1), Labels({"route": "/x"}), "errors")
    np.testing.assert_allclose(failure_counts([elsewhere, rates, counts], timeline(3, 1))[0], 900.0)


def test_an_error_rate_is_not_taken_for_a_share() -> None:
    """Our choice: three errors a second are not 3 %."""
    rate = Behaviour("a", "errors_per_second", np.full(4, 3.0), kind="errors")
    requests = Behaviour("a", "requests", np.full(4, 90.0), kind="traffic")
    assert failure_counts([rate, requests], timeline(3, 1)) == {}


def test_an_onset_is_the_first_of_two_steps_out_of_range() -> None:
    """Our choice: a lone step is passed over, a gap does not end a move, the last step may stand alone."""
    nan = math.nan
    found = moves(
        np.array(
            [
                [0, 5, 0, 5, 5, 5],
                [0, 0, -5, nan, -5, -5],
                [0, 0, 0, 0, 0, 9],
                [0, 0, 9, 0, 0, 0],
                [2.9, 2.9, 2.9, 2.9, 2.9, 2.9],
            ],
            dtype=np.float64,
        )
    )
    assert found.first.tolist() == [3, 2, 5, -1, -1]
    assert found.sign.tolist() == [1, -1, 1, 1, 1]


def test_evidence_of_one_kind_hardly_adds_up_but_kinds_corroborate() -> None:
    """Source: arithmetic with the weights 0.8, 0.16 ... within a kind and 0.6, 0.24 ... between kinds."""
    zero = np.zeros(2)
    both = gather([Behaviour("a", "p95", zero, kind="latency"), Behaviour("a", "p99", zero, kind="latency")])
    mixed = gather([Behaviour("a", "p95", zero, kind="latency"), Behaviour("a", "cpu", zero, kind="resource")])
    evidence = np.array([[10.0], [10.0]])
    assert both.scores(evidence)[0, 0] == pytest.approx(0.6 * (8 + 1.6))
    assert mixed.scores(evidence)[0, 0] == pytest.approx((0.6 + 0.24) * 8)


def test_a_callee_explains_by_the_ratio_of_the_changes() -> None:
    """Source: arithmetic; half the change explains wholly, a tenth by a fifth, the wrong way not at all."""
    zero = np.zeros(2)
    series = [Behaviour(name, "latency", zero, kind="latency") for name in ("caller", "half", "tenth", "opposite")]
    for callee, expected in (("half", 1.0), ("tenth", 0.2), ("opposite", 0.0)):
        found = explained_by_callees(
            series,
            evidence=np.full(4, 5.0),
            change=np.array([1.0, 0.5, 0.1, -1.0]),
            callers=(("caller", callee), ("caller", "unknown"), ("caller", "caller")),
        )
        assert found.ratio[0] == pytest.approx(expected)
        assert found.by[0] == (callee if expected else "")


def test_cpu_does_not_travel_along_calls() -> None:
    """Our choice: a busy callee makes nobody else busy."""
    series = [Behaviour(name, "cpu", np.zeros(2), kind="resource") for name in ("caller", "callee")]
    found = explained_by_callees(series, evidence=np.full(2, 5.0), change=np.ones(2), callers=(("caller", "callee"),))
    assert found.ratio.tolist() == [0, 0]


def test_what_fault_free_windows_show_as_well_is_invisible() -> None:
    """Our choice: held against the most that the service showed, and against how often others went so far."""
    gathering = gather([Behaviour(name, "cpu", np.zeros(2), kind="resource") for name in ("calm", "wild")])
    references = np.zeros((2, 40))
    references[1, ::8] = 20.0
    calibrated = calibration(gathering, references)
    of_wild = gathering.scores(np.array([[0.0], [20.0]]))[:, 0]
    of_calm = gathering.scores(np.array([[20.0], [0.0]]))[:, 0]
    assert not visibility(of_wild, calibrated=calibrated, gathering=gathering).is_visible
    seen = visibility(of_calm, calibrated=calibrated, gathering=gathering)
    assert seen.is_visible
    assert seen.chance_ratio == pytest.approx(1 / 41)
    assert '"calm"' in seen.reason


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("http_request_duration_seconds", "latency"),
        ("latency p99", "latency"),
        ("PodServerLatencyP95(s)", "latency"),
        ("http_requests_total", "traffic"),
        ("http_requests_errors_total", "errors"),
        ("availability", "errors"),
        ("CpuUsageRate(%)", "resource"),
        ("db_pool_connections_in_use", "resource"),
        ("go_goroutines", "resource"),
        ("http_responses_5xx", "errors"),
        ("temperature_celsius", "other"),
    ],
)
def test_kinds_are_read_from_the_words_of_a_name(name: str, kind: str) -> None:
    """Our choice: names as exporters write them."""
    assert kind_of(name) == kind
