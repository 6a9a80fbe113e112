import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.labels import Labels
from sre.core.series import Samples
from sre.metrics.model import RankKey
from sre.metrics.series_figures import (
    figures_of,
    measured_samples,
    points_of,
    ranking,
    shared_labels,
    single_line,
    totals_of,
)
from tests.support.hand_built import measured


def test_figures_of_a_series_worked_by_hand() -> None:
    figures = figures_of(measured([4.0, None, 1.0, 7.0, math.nan, 2.0]), 0)
    assert (figures.last, figures.minimum, figures.mean, figures.maximum) == (2.0, 1.0, 3.5, 7.0)
    assert figures.last_ms == 5000
    assert figures.point_count == 5
    # Linear interpolation between ranks: position 0.95 * 3 = 2.85 of [1, 2, 4, 7].
    assert figures.p95 == pytest.approx(4 + 0.85 * 3)


def test_a_series_of_only_nan_has_no_figures() -> None:
    figures = figures_of(measured([math.nan, math.inf]), 0)
    assert (figures.last, figures.mean, figures.p95, figures.last_ms) == (None, None, None, None)
    assert figures.point_count == 2


@pytest.mark.parametrize(
    ("key", "order"),
    [("max", "bacd"), ("min", "bacd"), ("last", "acbd"), ("mean", "acbd"), ("change", "abcd")],
)
def test_each_rank_key_orders_as_it_says(key: RankKey, order: str) -> None:
    rows = measured([1.0, 5.0, 6.0], [-1.0, -9.0, 0.0], [2.0, 2.0, 2.0], [None, math.nan, None])
    assert "".join(chr(97 + row) for row in ranking(rows, key)) == order


def test_ties_are_ordered_by_labels() -> None:
    assert ranking(measured([1.0], [1.0], [1.0]), "max") == (0, 1, 2)


def test_totals_worked_by_hand() -> None:
    totals = totals_of(measured([1.0, 2.0], [10.0, None], [math.nan, math.nan]), [0, 1, 2])
    assert totals.series_count == 3
    assert totals.last_sum == 12.0
    assert totals.mean == pytest.approx(13 / 3)
    assert (totals.minimum, totals.maximum) == (1.0, 10.0)
    assert totals_of(measured([math.nan]), [0]).last_sum is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=4, max_size=4), min_size=2, max_size=6))
def test_shown_and_others_add_up_to_all(rows: list[list[float | None]]) -> None:
    """Whatever is cut, the parts amount to the whole."""
    data = measured(*rows)
    order = ranking(data, "max")
    parts = [totals_of(data, order[:1]), totals_of(data, order[1:])]
    whole = totals_of(data, order)
    assert sum(part.last_sum or 0.0 for part in parts) == pytest.approx(whole.last_sum or 0.0, abs=1e-6)
    assert max((p.maximum for p in parts if p.maximum is not None), default=None) == whole.maximum
    assert min((p.minimum for p in parts if p.minimum is not None), default=None) == whole.minimum


def test_thinned_points_keep_the_peak_at_its_own_time() -> None:
    row: list[float | None] = [1.0] * 100
    row[37] = 50.0
    points = points_of(measured(row), 0, limit=10)
    assert len(points) == 10
    assert (37.0, 50.0) in points
    assert points == sorted(points)


def test_points_are_all_there_when_they_fit() -> None:
    assert points_of(measured([1.0, None, math.nan]), 0, limit=10) == [(0.0, 1.0), (2.0, None)]


def test_raw_samples_keep_their_own_times() -> None:
    first = Samples(Labels({"a": "1"}), np.array([10, 20, 35]), np.array([1.0, 2.0, 3.0]))
    second = Samples(Labels({"a": "2"}), np.array([12]), np.array([9.0]))
    data = measured_samples([first, second])
    assert points_of(data, 0, limit=9) == [(0.01, 1.0), (0.02, 2.0), (0.035, 3.0)]
    assert points_of(data, 1, limit=9) == [(0.012, 9.0)]
    assert data.point_count == 4


def test_shared_labels_are_those_all_series_agree_on() -> None:
    both = [Labels({"job": "api", "pod": "a"}), Labels({"job": "api", "pod": "b", "zone": "x"})]
    assert shared_labels(both) == Labels({"job": "api"})
    assert shared_labels([Labels({"__name__": "up", "job": "api"})]) == Labels({"__name__": "up"})
    assert shared_labels([]) == Labels()


def test_a_single_line_takes_the_highest_and_keeps_gaps() -> None:
    assert single_line(measured([1.0, None, math.nan], [2.0, None, 5.0]), steps=3) == [2.0, None, 5.0]
    assert single_line(measured_samples([]), steps=2) == [None, None]
