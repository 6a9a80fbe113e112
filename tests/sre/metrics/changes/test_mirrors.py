"""A change in two weeks from which the weekly pattern was learnt: planted, searched, told once and in full size."""

import numpy as np
import pytest

from sre.core.changes.model import Change, Found
from sre.core.changes.search import found_changes
from sre.core.series import FloatArray
from sre.metrics.changes.mirrors import without_echoes
from sre.metrics.changes.relevance import is_slight

STEP_MINUTES = 20
DAY, WEEK = 1440 // STEP_MINUTES, 10_080 // STEP_MINUTES


def weeks(count: int, *, change_at: int, size: float, seed: int) -> FloatArray:
    """Return weeks with days and fuller weekends, in noise of 5, and one step."""
    place = np.arange(count * WEEK)
    course = 100 + 30 * np.sin(2 * np.pi * place / DAY) + 20.0 * ((place // DAY) % 7 >= 5)
    return course + size * (place >= change_at) + np.random.default_rng(seed).normal(scale=5, size=place.size)


@pytest.mark.parametrize("change_at", [WEEK + 60, WEEK + 200, WEEK + 400])
def test_a_change_in_the_second_week_is_told_once_with_its_size(change_at: int) -> None:
    """10 draws: a step of two standard deviations; at least 8 are found, of about their size, the rest is slight."""
    sizes, mistaken = [], 0
    for seed in range(10):
        values = weeks(2, change_at=change_at, size=10.0, seed=seed)
        found = without_echoes(found_changes(values, periods=(DAY, WEEK)), values, week=WEEK)
        near = [one for one in found.changes if abs(one.index - change_at) <= 4]
        others = [one for one in found.changes if one not in near]
        mistaken += not all(is_slight(one, steps=values.size) for one in others)
        sizes += [one.after - one.before for one in near]
    assert len(sizes) >= 8
    assert mistaken <= 1
    assert np.median(sizes) == pytest.approx(10, rel=0.1)


def change(index: int, step: float) -> Change:
    return Change(index, index, index, 100, 100 + step, "up" if step > 0 else "down", abs(step), 1 + step / 100, 0.99)


def flat(step_at: int, size: float) -> FloatArray:
    return 100 + size * (np.arange(2 * WEEK) >= step_at)


def test_the_step_between_the_weeks_tells_which_was_real() -> None:
    seam = WEEK
    late = Found(changes=(change(200, -4), change(seam, 4), change(200 + WEEK, 4)), periods=(WEEK,))
    early = Found(changes=(change(200, -4), change(seam, -4), change(200 + WEEK, 4)), periods=(WEEK,))
    (one,) = without_echoes(late, flat(200 + WEEK, 8), week=WEEK).changes
    assert (one.index, one.before, one.after, one.effect) == (200 + WEEK, 100, 108, 8)
    (one,) = without_echoes(early, flat(200, -8), week=WEEK).changes
    assert (one.index, one.before, one.after) == (200, 100, 92)


def test_where_no_week_was_taken_out_or_three_were_read_nothing_is_undone() -> None:
    changes = (change(200, -4), change(200 + WEEK, 4))
    for found, values in (
        (Found(changes=changes, periods=(DAY,)), flat(700, 8)),
        (Found(changes=changes, periods=(WEEK,)), np.concatenate([flat(700, 8), flat(0, 8)])),
    ):
        assert without_echoes(found, values, week=WEEK) == found


def test_changes_that_are_not_a_week_apart_stay() -> None:
    found = Found(changes=(change(200, -4), change(400, 4)), periods=(WEEK,))
    values = 100 - 4.0 * ((np.arange(2 * WEEK) >= 200) & (np.arange(2 * WEEK) < 400))
    assert without_echoes(found, values, week=WEEK) == found


def test_what_the_other_week_does_not_show_is_left_over_from_the_pattern() -> None:
    found = Found(changes=(change(300, 3),), periods=(WEEK,))
    assert without_echoes(found, np.full(2 * WEEK, 100.0), week=WEEK).changes == ()
