"""Calls by alerts and pages by shift."""

from datetime import UTC, datetime, timedelta

import pytest

from sre.core.times import Window, epoch_ms
from sre.incidents.alert_load import Firing, Reach, alert_load, shift_load

START = datetime(2026, 10, 5, tzinfo=UTC)
WEEK = Window(START, START + timedelta(weeks=1))


def firing(name: str, minute: float, length: float, reach: Reach = "page") -> Firing:
    begin = epoch_ms(START + timedelta(minutes=minute))
    return Firing(name, reach, begin, begin + round(length * 60_000))


def test_firings_of_one_alert_within_five_minutes_are_one_call() -> None:
    """By hand: 60-70 and 75-80 are one, 86-90 is a second, another alert at the same time a third."""
    load = alert_load([firing("A", 86, 4), firing("A", 60, 10), firing("A", 75, 5), firing("B", 61, 5)], WEEK)
    assert load.count == 3
    assert load.by_alert == (("A", 2), ("B", 1))
    assert [(one.start_ms - epoch_ms(START)) / 60_000 for one in load.pages] == [60, 61, 86]


def test_a_firing_inside_a_longer_one_does_not_end_it() -> None:
    assert alert_load([firing("A", 0.1, 60), firing("A", 5, 1), firing("A", 62, 1)], WEEK).count == 1


def test_what_informs_is_left_out_and_tickets_are_no_pages() -> None:
    load = alert_load([firing("A", 1, 1, "none"), firing("B", 1, 1, "ticket"), firing("C", 1, 1)], WEEK)
    assert (load.count, len(load.pages), len(load.tickets)) == (2, 1, 1)


def test_what_fired_before_the_window_is_told_and_not_counted() -> None:
    load = alert_load([firing("A", 0, 30), firing("A", 100, 5)], WEEK)
    assert (load.count, load.standing) == (1, 1)


def test_pages_are_counted_by_shift() -> None:
    """By hand: 7 pages in 14 shifts; three on Tuesday between noon and midnight, which is one more than two."""
    hours = (1, 37, 38, 47.9, 48, 100, 101)
    load = shift_load([START + timedelta(hours=hour) for hour in hours], WEEK, shift_hours=12)
    assert (load.count, load.per_day, load.per_week, load.per_shift) == (7, 1.0, 7.0, 0.5)
    assert (load.busiest, load.busiest_at) == (3, START + timedelta(hours=36))
    assert load.over_target == 1


def test_the_length_of_a_shift_is_a_choice() -> None:
    hours = (1, 7, 9, 15)
    load = shift_load([START + timedelta(hours=hour) for hour in hours], WEEK, shift_hours=8)
    assert load.per_shift == pytest.approx(4 / 21)
    assert (load.busiest, load.busiest_at, load.over_target) == (2, START, 0)


def test_no_pages_are_no_load() -> None:
    load = shift_load([], WEEK, shift_hours=12)
    assert (load.count, load.per_shift, load.busiest, load.busiest_at, load.over_target) == (0, 0.0, 0, None, 0)
