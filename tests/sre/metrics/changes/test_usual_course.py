"""The course of a day is taken out of a short stretch before a step is looked for in it."""

import numpy as np

from sre.core.deploy_matching import Moment
from sre.core.labels import Labels
from sre.core.series import FloatArray, Grid, IntArray
from sre.metrics.changes.location import step_in
from sre.metrics.changes.model import DatedChange, Rows
from sre.metrics.changes.refining import Look, refined_change
from sre.metrics.changes.usual import without_usual

MINUTE, DAY_MS = 60_000, 86_400_000
COARSE_MS = 10 * MINUTE


def course(times_ms: IntArray) -> FloatArray:
    """Return a level with a steep morning: 100 at night, 400 at noon."""
    return np.asarray(250 - 150 * np.cos(2 * np.pi * times_ms / DAY_MS))


def searched(days: int, *, seed: int = 1) -> Rows:
    grid = Grid(0, COARSE_MS, days * 144)
    values = course(grid.times_ms())[None, :] + np.random.default_rng(seed).normal(scale=2, size=(1, grid.count))
    return Rows(grid, (Labels(),), values, np.isfinite(values))


def morning(days: int, *, step_at: int, size: float) -> Rows:
    """Return four hours from six in the morning of the last day on, minute by minute, with a step."""
    start = (days - 1) * DAY_MS + 6 * 60 * MINUTE
    grid = Grid(start, MINUTE, 240)
    noise = np.random.default_rng(2).normal(scale=2, size=240)
    values = (course(grid.times_ms()) + size * (np.arange(240) >= step_at) + noise)[None, :]
    return Rows(grid, (Labels(),), values, np.isfinite(values))


def test_a_morning_is_flat_without_its_usual_course() -> None:
    coarse, fine = searched(5), morning(5, step_at=300, size=0.0)
    times = fine.grid.times_ms()
    left = without_usual(coarse, 0, times_ms=times, values=fine.values[0], before_ms=int(times[120]))
    assert fine.values[0].std() > 30
    assert left.std() < 4


def test_one_earlier_day_is_not_usual_yet() -> None:
    coarse, fine = searched(2), morning(2, step_at=300, size=0.0)
    times = fine.grid.times_ms()
    left = without_usual(coarse, 0, times_ms=times, values=fine.values[0], before_ms=int(times[120]))
    assert np.array_equal(left, fine.values[0])


def test_days_that_foretell_nothing_change_nothing() -> None:
    noise = np.random.default_rng(3)
    grid = Grid(0, COARSE_MS, 5 * 144)
    values = noise.normal(size=(1, grid.count))
    coarse = Rows(grid, (Labels(),), values, np.isfinite(values))
    times = 4 * DAY_MS + MINUTE * np.arange(240, dtype=np.int64)
    stretch = noise.normal(scale=0.1, size=240)
    left = without_usual(coarse, 0, times_ms=times, values=stretch, before_ms=int(times[120]))
    assert np.array_equal(left, stretch)


def test_a_step_in_a_steep_morning_is_dated_to_the_minute() -> None:
    """By its values alone the best split of the morning lies elsewhere."""
    coarse, fine = searched(5), morning(5, step_at=40, size=15.0)
    raw = step_in(fine.values[0])
    assert raw is not None
    assert abs(raw.index - 40) > 20
    at = int(fine.grid.times_ms()[45])
    change = DatedChange(
        0, Moment(at, at - 20 * MINUTE, at + 20 * MINUTE), before=250, after=275, direction="up",
        effect=9, ratio=1.1, confidence=0.99,
    )  # fmt: skip
    look = Look(fine, 0, coarse, 0, fine.grid.start_ms, fine.grid.end_ms, has_season=True)
    found = refined_change(change, look)
    assert abs(found.moment.at_ms - int(fine.grid.times_ms()[40])) <= MINUTE
    assert found.full_ms is None
