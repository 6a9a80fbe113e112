"""Which distance of points suits a window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.steps import FRIENDLY_STEPS_SECONDS, default_step
from sre.core.times import Window

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
