"""Changes that are slight, or come every day or week, are not told. Series are planted."""

import numpy as np
import pytest

from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.core.series import FloatArray
from sre.metrics.changes.relevance import Untold, is_slight, relevant, without_chance_events

HOURS = np.arange(28 * 24)
WEEK, DAY = 168, 24


def change(index: int, *, before: float = 10.0, after: float = 14.0, effect: float = 2.0) -> Change:
    direction = "up" if after > before else "down"
    ratio = after / before if before * after > 0 else None
    return Change(index, index, index, before, after, direction, effect, ratio, 0.99)


def weekly(seed: int = 1) -> FloatArray:
    """Return four weeks whose last two days have 4 more than the others, in noise of 2."""
    noise = np.random.default_rng(seed).normal(scale=2, size=HOURS.size)
    return 10 + 4.0 * ((HOURS // 24) % 7 >= 5) + noise


def told(values: FloatArray, *changes: Change, known: tuple[int, ...] = ()) -> tuple[list[int], int, int]:
    found, untold = relevant(Found(changes=changes, periods=known), values, periods=(DAY, WEEK))
    return [one.index for one in found.changes], untold.slight, untold.recurring


@pytest.mark.parametrize("index", [5 * 24, 7 * 24, 19 * 24, 26 * 24])
def test_a_weekend_is_no_change_at_either_end(index: int) -> None:
    assert told(weekly(), change(index)) == ([], 0, 1)


def test_a_change_on_one_friday_only_is_one() -> None:
    values = 10 + 4.0 * (HOURS >= 19 * 24) + np.random.default_rng(2).normal(scale=2, size=HOURS.size)
    assert told(values, change(19 * 24)) == ([19 * 24], 0, 0)


def test_a_stair_that_rises_every_week_is_not_a_week_that_recurs() -> None:
    values = 10 + 4.0 * (HOURS // WEEK) + np.random.default_rng(3).normal(size=HOURS.size)
    assert told(values, change(2 * WEEK, before=14, after=18)) == ([2 * WEEK], 0, 0)


def test_a_pattern_that_was_taken_out_is_no_reason() -> None:
    assert told(weekly(), change(19 * 24), known=(WEEK,)) == ([19 * 24], 0, 0)


def test_a_shift_larger_than_the_weekend_is_a_change() -> None:
    values = weekly() + 12.0 * (HOURS >= 19 * 24)
    assert told(values, change(19 * 24, after=26)) == ([19 * 24], 0, 0)


def test_where_the_other_week_is_not_known_nothing_is_said() -> None:
    values = weekly()
    values[:24] = np.nan
    short = values[: 8 * 24]
    assert told(short, change(4 * 24)) == ([4 * 24], 0, 0)


@pytest.mark.parametrize(
    ("before", "after", "effect", "slight"),
    [(100, 104, 2.0, True), (100, 104, 5.0, False), (100, 110, 0.5, False), (100, 96, 2.9, True), (-1, 1, 0.5, False)],
)
def test_slight_is_small_beside_the_level_and_beside_the_noise(
    before: float, after: float, effect: float, slight: bool
) -> None:
    assert is_slight(change(5, before=before, after=after, effect=effect), steps=2016) == slight


@pytest.mark.parametrize(("effect", "width", "slight"), [(0.6, 60, True), (0.6, 20, False), (1.5, 60, False)])
def test_what_drowns_in_the_noise_and_cannot_be_dated_is_slight(effect: float, width: int, slight: bool) -> None:
    one = Change(1000, 1000 - width // 2, 1000 + width // 2, 10.0, 14.0, "up", effect, 1.4, 0.99)
    assert is_slight(one, steps=2016) == slight


def sparse(*, burst: float, seed: int = 4) -> FloatArray:
    """Return two weeks of ten minutes with some 30 events, and `burst` more in one step; events a second."""
    counts = np.random.default_rng(seed).poisson(0.015, size=2016).astype(float)
    counts[1000] += burst
    return np.asarray(counts / 600)


@pytest.mark.parametrize(("burst", "series", "told"), [(3, 40, False), (12, 40, True), (5, 1, True)])
def test_a_few_rare_events_close_together_are_chance_and_many_are_not(burst: float, series: int, told: bool) -> None:
    """30 in 2,016 steps: three in one step by chance once in 2 million; in 40 series of 2,016 steps that is no wonder."""
    odd = AnomalyWindow(1000, 1000, 0.0, burst / 600, "up", 1000.0)
    found = without_chance_events(Found(anomalies=(odd,)), sparse(burst=burst), step_seconds=600, series_count=series)
    assert found.anomalies == ((odd,) if told else ())


def test_events_that_stop_are_always_told() -> None:
    values = np.full(2016, 0.1)
    values[1000:1010] = 0.0
    odd = AnomalyWindow(1000, 1009, 0.1, 0.0, "down", 50.0)
    found = without_chance_events(Found(anomalies=(odd,)), values, step_seconds=600, series_count=500)
    assert found.anomalies == (odd,)


@pytest.mark.parametrize(
    ("steps", "score", "kept"), [(1, 11.0, 0), (1, 13.0, 1), (4, 5.9, 0), (4, 6.1, 1), (100, 2.0, 1)]
)
def test_a_stretch_stands_out_by_distance_and_length(steps: int, score: float, kept: int) -> None:
    odd = AnomalyWindow(100, 99 + steps, 0.0, 1.0, "up", score)
    found, untold = relevant(Found(anomalies=(odd,)), np.zeros(500), periods=())
    assert len(found.anomalies) == kept
    assert untold + Untold(slight=1) == Untold(slight=1, faint=1 - kept)
