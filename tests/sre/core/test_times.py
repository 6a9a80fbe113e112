"""The one time grammar. Source: Prometheus documentation, "Time durations"; RFC 3339; the rest is our choice."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre.core.errors import InputError
from sre.core.times import Window, format_duration, format_instant, parse_duration, parse_instant

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("6h", 21600), ("30d", 2592000), ("4w", 2419200), ("1y", 31536000), ("250ms", 0.25),
     ("1h30m", 5400), ("1d12h", 129600), (" 5m ", 300)],
)  # fmt: skip
def test_durations_read_as_prometheus_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text).seconds == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-5m", "5 m", "30m1h", "1.5h", "0s", "5min", "٣m", "1000y", "9" * 70 + "s", "5m\n5m"]
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_duration(text, field="window")
    assert caught.value.field == "window"
    assert "window" in caught.value.message


@given(st.integers(min_value=1, max_value=10**10))
def test_a_printed_duration_reads_back_as_itself(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)).seconds == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("now-1h", NOW - timedelta(hours=1)),
        ("now+1h", NOW + timedelta(hours=1)),
        ("-5m", NOW - timedelta(minutes=5)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
        (1767225600, datetime(2026, 1, 1, tzinfo=UTC)),
        (1767225600.5, datetime(2026, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_instants_of_every_spelling(text: str | float, expected: datetime) -> None:
    read = parse_instant(text, now=NOW)
    assert read.at == expected
    assert read.notes == ()


def test_a_time_without_zone_is_utc_and_says_so() -> None:
    read = parse_instant("2026-01-31T12:00:00", now=NOW, field="start")
    assert read.at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert read.notes == ("start has no time zone and was read as UTC.",)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "now-", "now-5", "2026-13-01T00:00:00Z", "1767225600000000", "-1", "inf", "nan", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "now-100y", "T" * 100, True],
)  # fmt: skip
def test_what_is_no_instant_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_instant(text, now=NOW, field="end")
    assert caught.value.field == "end"


def test_instants_print_in_utc_with_milliseconds_only_when_there_are_some() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    assert format_instant(datetime(2026, 1, 1, 5, 30, tzinfo=zone)) == "2026-01-01T00:00:00Z"
    assert format_instant(datetime(2026, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)) == "2026-01-01T00:00:00.250Z"


def test_a_window_that_does_not_move_forward_cannot_exist() -> None:
    with pytest.raises(ValueError, match="ends after"):
        Window(NOW, NOW)
    with pytest.raises(ValueError, match="aware"):
        Window(datetime(2026, 1, 1), NOW)  # noqa: DTZ001 - the point of the test
