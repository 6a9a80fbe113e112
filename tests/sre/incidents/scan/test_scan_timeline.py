"""When is normal and when is the incident. The lengths are *our choice*; what must hold is stated by each test."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.core.times import Duration, Window, epoch_ms
from sre.incidents.scan.timeline import scan_windows, season_candidates

START = datetime(2026, 10, 29, 14, 0, tzinfo=UTC)


def window(minutes: float) -> Window:
    return Window(START, START + timedelta(minutes=minutes))


def test_an_hour_is_compared_with_eight_before_and_with_the_same_hour_of_earlier_days() -> None:
    asked = window(60)
    seasons = season_candidates(asked)
    found = scan_windows(asked, spacing=Duration(60), data_start=None, has_season=seasons)
    assert found.main == Window(START - timedelta(hours=8), START + timedelta(hours=1))
    run_up = timedelta(hours=2)
    assert [one.start for one in found.seasons] == [START - run_up - timedelta(days=day) for day in (7, 2, 1)]
    assert [one.end for one in found.seasons] == [asked.end - timedelta(days=day) for day in (7, 2, 1)]
    assert found.step == Duration(60)
    assert found.rate_window == Duration(240)
    assert found.incident_start == START - timedelta(minutes=15)


def test_what_was_shortly_before_the_window_is_not_taken_as_normal() -> None:
    found = scan_windows(window(60), spacing=Duration(60), data_start=None)
    timeline = found.timeline()
    first = timeline.times_ms[timeline.is_incident][0]
    assert first == epoch_ms(START - timedelta(minutes=15))
    assert timeline.times_ms[timeline.is_incident][-1] == epoch_ms(START + timedelta(hours=1))
    assert (timeline.is_normal ^ timeline.is_incident).all()


def test_with_little_history_most_of_it_stays_normal() -> None:
    found = scan_windows(window(60), spacing=Duration(60), data_start=START - timedelta(minutes=20))
    assert found.main.start == START - timedelta(minutes=20)
    assert found.incident_start == START - timedelta(minutes=5)


def test_a_window_from_the_first_sample_on_can_still_be_asked() -> None:
    found = scan_windows(window(60), spacing=Duration(60), data_start=START + timedelta(minutes=5))
    assert found.main.start < START
    assert len(found.timeline().times_ms) > 1


@pytest.mark.parametrize(("days", "count"), [(0.04, 3), (0.2, 2), (0.5, 1), (2, 1), (8, 0)])
def test_earlier_days_never_overlap_with_what_is_read_anyway(days: float, count: int) -> None:
    asked = window(days * 1440)
    found = season_candidates(asked)
    assert len(found) == count
    main = scan_windows(asked, spacing=Duration(60), data_start=None).main
    assert all(one.end < main.start for one in found)


def test_a_window_of_some_hours_is_compared_with_the_whole_day_before() -> None:
    """Eight times three hours end where the same hours of yesterday begin: their run-up is read too."""
    found = scan_windows(window(180), spacing=Duration(60), data_start=None)
    assert found.main.start == START - timedelta(hours=30)
    assert found.has_same_hours


def test_of_very_many_series_less_is_read() -> None:
    asked = window(60)
    few, many = (
        scan_windows(
            asked,
            spacing=Duration(15),
            data_start=None,
            has_season=season_candidates(asked, series_count=n),
            series_count=n,
        )
        for n in (1_000, 20_000)
    )
    assert len(many.timeline().times_ms) < len(few.timeline().times_ms) / 2
    assert len(many.seasons) < len(few.seasons)


@given(minutes=st.floats(1, 60 * 24 * 30), spacing=st.sampled_from([1.0, 5.0, 15.0, 30.0, 60.0, 300.0]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_window_has_steps_of_its_own_and_never_too_many(minutes: float, spacing: float) -> None:
    """A thousand points of ten thousand series is the most that is held at once."""
    asked = window(minutes)
    found = scan_windows(asked, spacing=Duration(spacing), data_start=None, has_season=season_candidates(asked))
    timeline = found.timeline()
    assert len(timeline.times_ms) <= 2_000
    assert found.rate_window.seconds >= found.step.seconds
    assert found.rate_window.seconds >= 4 * spacing
    assert timeline.is_incident.any()
    assert timeline.is_normal.any()


def test_steps_meet_the_start_of_the_window_also_where_a_recording_began_at_an_odd_time() -> None:
    began = START - timedelta(hours=2, milliseconds=4468)
    found = scan_windows(window(60), spacing=Duration(60), data_start=began)
    assert found.main.start == START - timedelta(hours=2)
    assert epoch_ms(START) in found.timeline().times_ms
