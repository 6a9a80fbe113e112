"""When a change was, told from values that sum up a range, coarsely and then finely: instants are planted, to the second."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.core.deploy_matching import Moment
from sre.core.labels import Labels
from sre.core.series import FloatArray, Grid
from sre.metrics.changes.dating import dated_anomalies, dated_changes, moment_of
from sre.metrics.changes.model import DatedAnomaly, DatedChange, Rows
from sre.metrics.changes.refining import Look, refined_anomaly, refined_change

MINUTE = 60_000


def rows_of(values: FloatArray, *, step_ms: int = MINUTE, start_ms: int = 0, range_ms: int = 0) -> Rows:
    line = values[np.newaxis, :]
    return Rows(Grid(start_ms, step_ms, values.size), (Labels(),), line, np.isfinite(line), range_ms)


def ranged(
    at_ms: int, *, count: int, step_ms: int, range_ms: int, low: float = 100.0, high: float = 200.0
) -> FloatArray:
    """Return means over the range before each step of a level that goes from `low` to `high` at an instant."""
    ends = step_ms * np.arange(count, dtype=np.float64)
    if range_ms == 0:
        return np.where(ends >= at_ms, high, low)
    share = np.clip((ends - at_ms) / range_ms, 0, 1)
    return low + (high - low) * share


@given(
    at_seconds=st.integers(3_600, 10_000),
    step_seconds=st.sampled_from([15, 60, 300]),
    range_seconds=st.sampled_from([0, 60, 300, 900]),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_instant_lies_in_the_interval_whatever_step_and_range(
    at_seconds: int, step_seconds: int, range_seconds: int
) -> None:
    step_ms, range_ms = 1000 * step_seconds, 1000 * range_seconds
    values = ranged(1000 * at_seconds, count=13_000 // step_seconds, step_ms=step_ms, range_ms=range_ms)
    # A search places the change where the level is more than half way.
    index = int(np.argmax(values > 150)) if range_ms else int(np.argmax(values >= 150))
    moment = moment_of(rows_of(values, step_ms=step_ms, range_ms=range_ms), index, earliest=index, latest=index)
    assert moment.earliest_ms <= 1000 * at_seconds <= moment.latest_ms
    assert abs(moment.at_ms - 1000 * at_seconds) <= step_ms


def test_an_anomaly_ends_with_the_first_step_that_is_usual_again() -> None:
    found = Found(anomalies=(AnomalyWindow(10, 14, 1.0, 9.0, "up", 8.0),))
    (odd,) = dated_anomalies(rows_of(np.ones(40)), 0, found)
    assert (odd.start.at_ms, odd.end.at_ms, odd.is_open) == (10 * MINUTE, 15 * MINUTE, False)


def test_an_anomaly_up_to_the_last_step_is_not_over() -> None:
    found = Found(anomalies=(AnomalyWindow(30, 39, 1.0, 9.0, "up", 8.0),))
    (odd,) = dated_anomalies(rows_of(np.ones(40)), 0, found)
    assert odd.is_open


def test_a_change_keeps_what_was_measured() -> None:
    found = Found(changes=(Change(20, 18, 21, 1.0, 3.0, "up", 7.0, 3.0, 0.99),))
    (change,) = dated_changes(rows_of(np.ones(40), start_ms=5 * MINUTE), 0, found)
    assert change.moment == Moment(25 * MINUTE, 22 * MINUTE, 26 * MINUTE)
    assert (change.before, change.after, change.ratio, change.effect, change.confidence) == (1.0, 3.0, 3.0, 7.0, 0.99)


def coarse(at_minute: float, *, before: float = 100.0, after: float = 200.0) -> DatedChange:
    at = round(at_minute * MINUTE)
    moment = Moment(at, at - 10 * MINUTE, at + 10 * MINUTE)
    return DatedChange(0, moment, before, after, "up" if after > before else "down", 5.0, after / before, 0.99)


def look_at(fine: Rows, *, since_ms: int = 0, until_ms: int | None = None) -> Look:
    """Return a finer look at a series that was searched at steps of ten minutes."""
    searched = rows_of(np.full(24, np.nan), step_ms=10 * MINUTE)
    return Look(fine, 0, searched, 0, since_ms, fine.grid.end_ms if until_ms is None else until_ms)


def refined(values: FloatArray, change: DatedChange, *, range_ms: int = 0) -> DatedChange:
    return refined_change(change, look_at(rows_of(values, range_ms=range_ms)))


@pytest.mark.parametrize("range_minutes", [0, 4])
@pytest.mark.parametrize("at_minute", [110, 117, 125])
def test_finer_points_date_a_change_to_their_step(at_minute: int, range_minutes: int) -> None:
    noise = np.random.default_rng(at_minute).normal(scale=5, size=240)
    values = ranged(at_minute * MINUTE, count=240, step_ms=MINUTE, range_ms=range_minutes * MINUTE) + noise
    found = refined(values, coarse(117), range_ms=range_minutes * MINUTE)
    assert abs(found.moment.at_ms - at_minute * MINUTE) <= MINUTE
    assert found.moment.earliest_ms <= at_minute * MINUTE <= found.moment.latest_ms
    assert (found.before, found.after) == (100.0, 200.0)


def test_another_step_nearby_is_not_taken_for_the_change() -> None:
    known = coarse(117)
    elsewhere = ranged(180 * MINUTE, count=240, step_ms=MINUTE, range_ms=0)
    downwards = ranged(117 * MINUTE, count=240, step_ms=MINUTE, range_ms=0, low=200.0, high=100.0)
    smaller = ranged(117 * MINUTE, count=240, step_ms=MINUTE, range_ms=0, high=120.0)
    for values in (elsewhere, downwards, smaller, np.full(240, np.nan), np.full(240, 7.0)):
        assert refined(values, known) == known


def test_what_else_happens_outside_its_own_time_does_not_count() -> None:
    values = ranged(117 * MINUTE, count=240, step_ms=MINUTE, range_ms=0) + 900 * (np.arange(240) >= 150)
    found = refined_change(coarse(117), look_at(rows_of(values), since_ms=60 * MINUTE, until_ms=149 * MINUTE))
    assert found.moment.at_ms == 117 * MINUTE


def test_both_edges_of_an_anomaly_are_dated_with_its_slow_beginning() -> None:
    values = np.random.default_rng(5).normal(scale=0.2, size=300)
    values[100:110] += np.linspace(2, 20, 10)
    values[110:150] += 30
    fine = rows_of(values)

    def around(minute: int) -> Moment:
        return Moment(minute * MINUTE, (minute - 10) * MINUTE, (minute + 10) * MINUTE)

    odd = DatedAnomaly(0, around(105), around(155), 0.0, 30.0, "up", 20.0)
    odd = refined_anomaly(odd, look_at(fine, until_ms=140 * MINUTE), edge="start")
    odd = refined_anomaly(odd, look_at(fine, since_ms=115 * MINUTE), edge="end")
    assert (odd.start.at_ms, odd.end.at_ms) == (100 * MINUTE, 150 * MINUTE)


def test_a_change_that_takes_its_time_is_dated_by_its_beginning() -> None:
    noise = np.random.default_rng(9).normal(scale=3, size=240)
    values = 100 + 100 * np.clip((np.arange(240) - 95) / 45, 0, 1) + noise
    found = refined(values, coarse(117))
    assert found.moment.earliest_ms <= 96 * MINUTE <= found.moment.latest_ms
    assert abs(found.moment.at_ms - 96 * MINUTE) <= 4 * MINUTE
    assert found.full_ms is not None
    assert abs(found.full_ms - 140 * MINUTE) <= 4 * MINUTE
