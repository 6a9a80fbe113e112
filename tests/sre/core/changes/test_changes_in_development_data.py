"""Accuracy on real series, where the development data is at hand; the bounds are the targets of the issue."""

from collections.abc import Sequence

import numpy as np
import pytest

from sre.core.changes.search import found_changes
from tests.support.changepoint_cases import FOLDER, annotated_f1, perf_cases, perf_score, tcpd_scores, window_score

needs_data = pytest.mark.skipif(not FOLDER.is_dir(), reason="the development data is not on this machine")


def test_agreement_with_annotators_is_scored_as_published() -> None:
    """Source: the definition worked by hand: truths {0, 10, 20} and {0, 11}; 10 is near both, 50 near none."""
    annotations = {"one": [10, 20], "other": [11]}
    precision, recall = 2 / 3, (2 / 3 + 2 / 2) / 2
    assert annotated_f1([10, 50], annotations) == pytest.approx(2 * precision * recall / (precision + recall))
    assert annotated_f1([], {"one": [], "other": [7]}) == pytest.approx(2 * 1 * 0.75 / 1.75)


@needs_data
def test_changes_of_noisy_benchmarks_are_found_where_they_are() -> None:
    """Source: the issue: location F1 0.92 with at most 0.01 false points a series; every third case."""
    cases = perf_cases()[::3]
    found = {values.tobytes(): _places(values) for values, _ in cases}
    score = perf_score(lambda values: found[values.tobytes()], margin=10, cases=cases)
    assert score.f1 >= 0.92
    assert score.false_rate <= 0.01
    assert score.false_alarm_rate <= 0.01
    assert perf_score(lambda values: found[values.tobytes()], margin=5, cases=cases).f1 >= 0.85


@needs_data
def test_changes_that_people_see_are_found() -> None:
    """Source: the issue: F1 0.72 on series that people annotated."""
    assert np.mean(list(tcpd_scores(_places).values())) >= 0.72


@needs_data
def test_windows_that_people_called_anomalous_are_found() -> None:
    """Source: the issue: F1 0.60."""
    assert window_score(_windows).f1 >= 0.60


def _places(values: np.ndarray) -> list[int]:
    return [change.index for change in found_changes(values).changes]


def _windows(values: np.ndarray, periods: Sequence[int]) -> list[tuple[int, int]]:
    found = found_changes(values, periods=periods)
    return [(window.start_index, window.end_index) for window in found.anomalies]
