"""Which distance of points suits a window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.steps import FRIENDLY_STEPS_SECONDS, default_step
from sre.core.times import Duration, Window

END = datetime(2026, 1, 1, tzinfo=UTC)


def window(seconds: float) -> Window:
    return Window(END - timedelta(seconds=seconds), END)


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(60, 1), (250, 1), (251, 5), (3600, 15), (6 * 3600, 120), (86400, 600), (7 * 86400, 3600), (14 * 86400, 7200),
     (30 * 86400, 21600), (250 * 86400, 86400), (251 * 86400, 2 * 86400), (2000 * 86400, 8 * 86400)],
)  # fmt: skip
def test_a_window_gets_the_smallest_friendly_step_for_250_points(seconds: int, step: int) -> None:
    """Our choice, worked by hand: window / 250, rounded up to a step people read easily."""
    assert default_step(window(seconds)).seconds == step


@pytest.mark.parametrize(
    ("seconds", "spacing", "step"),
    [(1800, 60, 60), (3600, 15, 15), (3600, 15.004, 15), (300, 10, 15), (3600, 45, 60), (86400, 60, 600), (6 * 3600, 1800, 300),
     (30, 60, 30), (0.5, 60, 1), (60, 0.1, 1)],
)  # fmt: skip
def test_a_step_is_not_finer_than_the_samples(seconds: float, spacing: float, step: int) -> None:
    """Our choice. Never beyond the 5 min that an instant looks back, nor the window, or all samples could be missed."""
    assert default_step(window(seconds), sample_spacing=Duration(spacing)).seconds == step


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0.001, 90 * 365 * 86400.0))
def test_never_below_a_second_and_never_more_than_250_distances(seconds: float) -> None:
    """Our choice: an invariant; above a minute, at least a sixth of the 250 are used."""
    asked = window(max(seconds, 0.001))
    step = default_step(asked).seconds
    assert step >= 1
    assert asked.seconds / step <= 250
    assert step in FRIENDLY_STEPS_SECONDS or step % 86400 == 0
    if asked.seconds > 250:
        assert asked.seconds / step >= 250 / 6
