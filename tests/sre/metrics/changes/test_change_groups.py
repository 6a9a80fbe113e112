"""Changes at the same time are one; which is first, what came and went. Cases are made by hand."""

import numpy as np

from sre.core.deploy_matching import Moment
from sre.core.labels import Labels
from sre.core.series import Grid
from sre.metrics.changes.grouping import grouped_anomalies, grouped_changes
from sre.metrics.changes.model import DatedAnomaly, DatedChange, Rows
from sre.metrics.changes.presence import presence_of
from sre.metrics.changes.selection import by_movement

MINUTE = 60_000


def change(row: int, minute: float, *, effect: float = 5.0, width: float = 0.0) -> DatedChange:
    at = round(minute * MINUTE)
    moment = Moment(at, at - round(width * MINUTE), at + round(width * MINUTE))
    return DatedChange(row, moment, 1.0, 2.0, "up", effect, 2.0, 0.99)


def groups(*changes: DatedChange) -> list[list[int]]:
    return [[one.row for one in group.members] for group in grouped_changes(changes, tolerance_ms=MINUTE)]


def test_changes_at_the_same_minute_are_one_led_by_the_strongest() -> None:
    assert groups(change(0, 5), change(1, 5.5, effect=9), change(2, 4.6)) == [[1, 2, 0]]


def test_changes_apart_stay_apart() -> None:
    assert groups(change(0, 5), change(1, 60)) == [[0], [1]]


def test_a_wide_interval_joins_what_it_cannot_be_told_from() -> None:
    assert groups(change(0, 5, effect=9), change(1, 20, width=16)) == [[0, 1]]


def test_two_changes_of_one_series_are_never_one() -> None:
    assert groups(change(0, 5), change(0, 5.5)) == [[0], [0]]


def test_many_together_rank_before_one_of_the_same_size() -> None:
    assert groups(change(0, 5), *(change(row, 90) for row in range(1, 5))) == [[1, 2, 3, 4], [0]]


def test_anomalies_are_joined_by_their_start() -> None:
    def odd(row: int, start: float, end: float) -> DatedAnomaly:
        first, last = (Moment(round(at * MINUTE), round(at * MINUTE), round(at * MINUTE)) for at in (start, end))
        return DatedAnomaly(row, first, last, 1.0, 9.0, "up", 8.0)

    found = grouped_anomalies([odd(0, 5, 20), odd(1, 5, 50), odd(2, 15, 20)], tolerance_ms=MINUTE)
    assert [[one.row for one in group.members] for group in found] == [[0, 1], [2]]


def rows(*marks: str) -> Rows:
    """Return series by the minutes at which they are there: `x` there, `.` not."""
    present = np.array([[mark == "x" for mark in line] for line in marks])
    labels = tuple(Labels({"pod": f"p{row}"}) for row in range(len(marks)))
    return Rows(Grid(0, MINUTE, present.shape[1]), labels, np.where(present, 1.0, np.nan), present)


def test_series_that_come_and_go_are_told_with_their_first_and_last_minute() -> None:
    found = presence_of(rows("xxxxxxxxxx", "....xxxxxx", "xxxxx.....", "xx.....xxx"), since_ms=0)
    assert found.appeared == ((1, 4 * MINUTE),)
    assert found.vanished == ((2, 4 * MINUTE),)


def test_what_was_before_the_window_is_not_told() -> None:
    found = presence_of(rows("xxxxxxxxxx", "....xxxxxx", "xxxxx....."), since_ms=5 * MINUTE)
    assert found.appeared == found.vanished == ()


def test_data_that_begin_late_for_all_are_no_series_that_appeared() -> None:
    found = presence_of(rows("....xxxxxx", ".....xxxxx"), since_ms=0)
    assert found.appeared == found.vanished == ()


def test_an_empty_answer_has_neither() -> None:
    found = presence_of(rows("....", "...."), since_ms=0)
    assert found.appeared == found.vanished == ()


def test_of_many_series_those_that_move_against_their_noise_come_first() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 480))
    values[17, 300:] += 6
    # Large values that only tremble, and a flat line, are not worth more.
    values[3] = 1000 + 100 * rng.normal(size=480)
    values[4] = 7.0
    values[5] = np.nan
    order = by_movement(values)
    assert order[0] == 17
    assert sorted(order) == list(range(50))
    assert set(order[-2:]) == {4, 5}
