"""What maintenance leaves of a window, against spans written out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from sre.core.slo.model import MaintenanceWindow
from sre.core.times import Window
from sre.slo.maintenance import counted_pieces, counted_seconds, maintenance_within

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def during(begin: float, end: float) -> MaintenanceWindow:
    return MaintenanceWindow(at(begin), at(end))


@pytest.mark.parametrize(
    ("maintenance", "pieces"),
    [
        pytest.param([], [(0, 60)], id="none"),
        pytest.param([(20, 30)], [(0, 20), (30, 60)], id="inside"),
        pytest.param([(-10, 5)], [(5, 60)], id="over the start"),
        pytest.param([(50, 90)], [(0, 50)], id="over the end"),
        pytest.param([(-10, 90)], [], id="all of it"),
        pytest.param([(0, 60)], [], id="exactly all of it"),
        pytest.param([(-20, 0), (60, 70)], [(0, 60)], id="touching from outside"),
        pytest.param([(10, 30), (20, 40)], [(0, 10), (40, 60)], id="overlapping"),
        pytest.param([(10, 40), (20, 30)], [(0, 10), (40, 60)], id="one inside another"),
        pytest.param([(30, 40), (10, 20)], [(0, 10), (20, 30), (40, 60)], id="in any order"),
        pytest.param([(10, 20), (20, 30)], [(0, 10), (30, 60)], id="back to back"),
    ],
)
def test_the_pieces_between_are_what_counts(
    maintenance: list[tuple[float, float]], pieces: list[tuple[float, float]]
) -> None:
    windows = [during(*span) for span in maintenance]
    found = counted_pieces(Window(at(0), at(60)), windows)
    assert found == tuple(Window(at(begin), at(end)) for begin, end in pieces)
    assert counted_seconds(windows, start=at(0), end=at(60)) == 60 * sum(end - begin for begin, end in pieces)


def test_a_window_of_no_length_holds_nothing() -> None:
    assert counted_seconds([], start=at(0), end=at(0)) == 0


def test_only_windows_that_share_time_are_within() -> None:
    first, second = during(5, 10), during(20, 30)
    assert maintenance_within([second, during(60, 70), first, during(-5, 0)], start=at(0), end=at(60)) == (
        first,
        second,
    )
