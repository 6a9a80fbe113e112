"""Passing windows that are unlike the rest."""

import numpy as np
import pytest

from sre.core.changes.search import found_changes
from tests.support.noise import UNCHANGED, autoregression

COUNT = 1000


@pytest.mark.parametrize(
    "nature",
    [
        "independent",
        "autoregression 0.5",
        "autoregression 0.95",
        "counts",
        "rare counts",
        "quantised",
        "ramp",
        "two modes",
    ],
)
def test_usual_noise_has_no_anomalies(nature: str) -> None:
    """Source: nothing was planted; one series of fifteen is let pass. Known gap: the extremes of heavy tails are named."""
    rng = np.random.default_rng(30)
    assert sum(bool(found_changes(UNCHANGED[nature](rng, COUNT)).anomalies) for _ in range(15)) <= 1


def test_a_burst_is_a_window_with_what_was_expected() -> None:
    """Source: planted."""
    values = 40 + np.random.default_rng(1).standard_normal(COUNT)
    values[600:606] += 30
    found = found_changes(values)
    assert found.changes == ()
    (window,) = found.anomalies
    assert (window.start_index, window.end_index, window.direction) == (600, 605, "up")
    assert window.expected == pytest.approx(40, abs=0.5)
    assert 68 < window.worst < 74
    assert window.score > 20


def test_a_level_that_is_soon_left_again_is_a_window_and_no_change() -> None:
    """Our choice: what passes within a twentieth of the series is an event, not two changes."""
    values = 40 + np.random.default_rng(2).standard_normal(COUNT)
    values[500:540] -= 5
    found = found_changes(values)
    assert found.changes == ()
    (window,) = found.anomalies
    assert abs(window.start_index - 500) <= 2
    assert abs(window.end_index - 539) <= 2
    assert window.direction == "down"
    assert window.expected == pytest.approx(40, abs=0.5)


def test_a_missing_peak_of_the_day_is_an_anomaly_though_its_values_are_usual() -> None:
    """Source: planted: one day of ten stays at its nightly level."""
    values = UNCHANGED["daily sum"](np.random.default_rng(3), 480)
    values[192:216] = 70 + 5 * np.random.default_rng(4).standard_normal(24)
    (window,) = found_changes(values, periods=(48,)).anomalies
    assert 190 <= window.start_index < window.end_index <= 218
    assert window.direction == "down"


def test_a_series_that_bursts_all_the_time_has_to_burst_harder() -> None:
    """Source: planted: the same burst among none and among many like it."""
    rng = np.random.default_rng(5)
    values = 10 + rng.standard_normal(COUNT)
    values[777] += 25
    assert [window.start_index for window in found_changes(values).anomalies] == [777]
    values[20::50] += rng.uniform(15, 35, 20)
    assert found_changes(values).anomalies == ()


def test_errors_in_an_otherwise_silent_series_are_an_anomaly() -> None:
    """Our choice: where nothing ever happens, a burst is remarkable; one or two errors are not."""
    values = np.zeros(COUNT)
    values[100] = 1
    assert found_changes(values).anomalies == ()
    values[400:404] = (12, 40, 35, 8)
    (window,) = found_changes(values).anomalies
    assert 400 <= window.start_index <= window.end_index <= 403
    assert (window.worst, window.expected) == (40, 0)


def test_the_way_to_a_new_level_is_no_anomaly() -> None:
    """Our choice: a step that takes a few points is one change and nothing else."""
    values = 100 + np.random.default_rng(6).standard_normal(COUNT)
    values[500:] += 50
    values[497:500] += (12, 25, 38)
    found = found_changes(values)
    assert len(found.changes) == 1
    assert found.anomalies == ()


def test_no_more_windows_are_named_than_a_reader_can_use() -> None:
    """Our choice."""
    values = autoregression(np.random.default_rng(7), 0.3, 2000)
    values[100::220] += 40
    assert len(found_changes(values).anomalies) <= 4
