"""Where SLO windows lie in time; calendar bounds checked against dates counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from sre.core.errors import InputError
from sre.core.slo.windows import CalendarWindow, RollingWindow, parse_slo_window, period_at
from sre.core.times import Duration


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "days"), [("7d", 7), ("28d", 28), ("30d", 30), ("90d", 90), ("4w", 28), ("1h", 1 / 24)]
)
def test_durations_are_rolling_windows(text: str, days: float) -> None:
    assert parse_slo_window(text) == RollingWindow(Duration(days * 86_400))


def test_a_rolling_period_ends_now() -> None:
    at = utc("2026-11-02T12:00:00")
    period = period_at(RollingWindow(Duration(86_400)), at=at)
    assert (period.start, period.at, period.end) == (at - timedelta(days=1), at, at)
    assert period.elapsed_ratio == 1


@pytest.mark.parametrize(
    ("text", "zone", "at", "start", "end"),
    [
        ("calendar-month", "UTC", "2026-02-10T00:00:00", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
        ("calendar-month", "UTC", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("calendar-quarter", "UTC", "2026-08-15T00:00:00", "2026-07-01T00:00:00", "2026-10-01T00:00:00"),
        ("calendar-quarter", "UTC", "2026-11-15T00:00:00", "2026-10-01T00:00:00", "2027-01-01T00:00:00"),
        ("calendar-year", "UTC", "2028-02-29T12:00:00", "2028-01-01T00:00:00", "2029-01-01T00:00:00"),
        # 2026-11-02 is a Monday.
        ("calendar-week", "UTC", "2026-11-02T00:00:00", "2026-11-02T00:00:00", "2026-11-09T00:00:00"),
        ("calendar-week", "UTC", "2026-11-08T23:00:00", "2026-11-02T00:00:00", "2026-11-09T00:00:00"),
        # Berlin leaves summer time on 2026-10-25: the month starts at UTC+2 and ends at UTC+1, an hour longer.
        ("calendar-month", "Europe/Berlin", "2026-10-26T00:00:00", "2026-09-30T22:00:00", "2026-10-31T23:00:00"),
        # Still October in New York.
        ("calendar-month", "America/New_York", "2026-11-01T03:00:00", "2026-10-01T04:00:00", "2026-11-01T04:00:00"),
    ],
)
def test_calendar_periods_follow_the_calendar_of_their_zone(
    text: str, zone: str, at: str, start: str, end: str
) -> None:
    period = period_at(parse_slo_window(text, time_zone=zone), at=utc(at))
    assert (period.start, period.end) == (utc(start), utc(end))
    assert period.is_calendar


def test_a_month_that_gains_an_hour_is_an_hour_longer() -> None:
    period = period_at(CalendarWindow("month", "Europe/Berlin"), at=utc("2026-10-26T00:00:00"))
    assert period.seconds == 31 * 86_400 + 3600


@pytest.mark.parametrize("text", ["", "30", "calendar", "calendar-day", "5m", "0d", "x" * 100])
def test_what_is_no_window_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_slo_window(text)
    assert "calendar-month" in refused.value.valid


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "x" * 500])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_slo_window("calendar-month", time_zone=zone)
    assert refused.value.field == "time_zone"
