"""Steps of one stair are one change, changes that undo each other soon one anomaly. Cases are made by hand."""

import numpy as np

from sre.core.changes.model import AnomalyWindow, Change, Found
from sre.metrics.changes.passing import with_passing, with_stairs_joined

VALUES = np.where((np.arange(1_000) >= 500) & (np.arange(1_000) < 540), 30.0, 10.0)
VALUES[520] = 45.0


def change(index: int, before: float, after: float) -> Change:
    direction = "up" if after > before else "down"
    return Change(index, index, index, before, after, direction, abs(after - before), None, 0.99)


THERE, BACK = change(500, 10, 30), change(540, 30, 11)


def test_there_and_back_is_a_window_with_its_worst_value() -> None:
    found = with_passing(Found(changes=(THERE, BACK)), VALUES)
    assert found.changes == ()
    assert found.anomalies == (AnomalyWindow(500, 539, 10, 45, "up", 20),)


def test_half_the_way_back_is_a_new_level() -> None:
    found = Found(changes=(THERE, change(540, 30, 20)))
    assert with_passing(found, VALUES) == found


def test_what_lasted_long_was_a_level() -> None:
    found = Found(changes=(THERE, change(700, 30, 10)))
    assert with_passing(found, VALUES) == found


def test_two_steps_the_same_way_are_two_changes() -> None:
    found = Found(changes=(THERE, change(540, 30, 50)))
    assert with_passing(found, VALUES) == found


def test_other_changes_stay() -> None:
    first, last = change(100, 5, 10), change(800, 11, 2)
    found = with_passing(Found(changes=(first, THERE, BACK, last)), VALUES)
    assert found.changes == (first, last)


def test_an_anomaly_that_was_found_in_it_is_told_once() -> None:
    inside, apart = AnomalyWindow(515, 525, 30, 45, "up", 9), AnomalyWindow(900, 905, 10, 1, "down", 8)
    found = with_passing(Found(changes=(THERE, BACK), anomalies=(inside, apart)), VALUES)
    assert [one.start_index for one in found.anomalies] == [500, 900]


def test_what_did_not_change_stays_as_it_was() -> None:
    assert with_passing(Found(), VALUES) == Found()


def test_steps_of_a_stair_are_one_change_from_the_first_level_to_the_last() -> None:
    first, second = change(500, 10, 14), change(503, 14, 30)
    (one,) = with_stairs_joined(Found(changes=(first, second))).changes
    assert (one.index, one.earliest_index, one.latest_index, one.before, one.after) == (503, 500, 503, 10, 30)
    assert one.effect == 20


def test_steps_apart_or_the_other_way_stay() -> None:
    for second in (change(520, 14, 30), change(503, 14, 2)):
        found = Found(changes=(change(500, 10, 14), second))
        assert with_stairs_joined(found) == found


def test_what_is_between_the_steps_of_a_stair_is_no_anomaly() -> None:
    between, beyond = AnomalyWindow(504, 506, 14, 29, "up", 9), AnomalyWindow(504, 506, 14, 99, "up", 9)
    for odd, kept in ((between, ()), (beyond, (beyond,))):
        found = Found(changes=(change(500, 10, 14), change(503, 14, 30)), anomalies=(odd,))
        assert with_stairs_joined(found).anomalies == kept
