"""The step of a series: even lengths of time, or months of the calendar that know how long they are."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.history import regular_history
from sre.capacity.model import MONTH_SECONDS, Step
from sre.core.times import epoch_ms, instant_from_ms

MONTH = Step(MONTH_SECONDS, is_month=True)


def _ms(text: str) -> int:
    return epoch_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


def _dates(times: np.ndarray) -> list[str]:
    return [instant_from_ms(int(at)).strftime("%Y-%m-%d %H:%M") for at in times]


@pytest.mark.parametrize(
    ("last", "then"),
    [
        ("2026-01-01", ["2026-02-01 00:00", "2026-03-01 00:00", "2026-04-01 00:00"]),
        ("2026-01-31T23:30", ["2026-02-28 23:30", "2026-03-31 23:30", "2026-04-30 23:30"]),
        ("2027-12-15T06:00", ["2028-01-15 06:00", "2028-02-15 06:00", "2028-03-15 06:00"]),
        ("2028-01-30", ["2028-02-29 00:00", "2028-03-30 00:00", "2028-04-30 00:00"]),
    ],
)
def test_months_go_on_at_the_same_day_and_hour(last: str, then: list[str]) -> None:
    """By the calendar; where a month is too short, its last day."""
    assert _dates(MONTH.times_after(_ms(last), 3)) == then


def test_the_past_is_counted_back_the_same_way() -> None:
    assert _dates(MONTH.times_until(_ms("2026-03-01T08:00"), 3)) == [
        "2026-01-01 08:00", "2026-02-01 08:00", "2026-03-01 08:00"
    ]  # fmt: skip
    assert Step(900.0).times_until(10_000_000, 3).tolist() == [8_200_000, 9_100_000, 10_000_000]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 3_700_000_000), st.integers(1, 40))
def test_months_ahead_agree_with_the_calendar(last: int, count: int) -> None:
    """Independent: month and year by plain arithmetic, the day by the calendar of the standard library."""
    at = datetime.fromtimestamp(last, UTC)
    found = [instant_from_ms(int(one)) for one in MONTH.times_after(epoch_ms(at), count)]
    for ahead, one in enumerate(found, start=1):
        years, month = divmod(at.month - 1 + ahead, 12)
        first = datetime(at.year + years, month + 1, 1, tzinfo=UTC)
        following = datetime(first.year + month // 11, (month + 1) % 12 + 1, 1, tzinfo=UTC)
        day = min(at.day, (following - first).days)
        assert one == first.replace(day=day) + (at - at.replace(hour=0, minute=0, second=0))


@pytest.mark.parametrize(
    ("step", "count", "words"), [(MONTH, 1, "1 month"), (MONTH, 12, "12 months"), (Step(3600.0), 36, "1d12h")]
)
def test_a_span_is_told_in_its_own_unit(step: Step, count: int, words: str) -> None:
    assert step.span(count) == words


def test_a_gap_of_months_is_told_in_months() -> None:
    kept = [i for i in range(30) if i not in (11, 12)]
    times = MONTH.times_until(_ms("2026-06-01"), 30)[kept]
    history = regular_history(times, np.array(kept, dtype=np.float64))
    assert history.step.is_month
    assert "2 of 30 steps have no value (longest gap 2 months)" in history.notes[0]


def test_daily_values_at_local_midnight_are_days_through_a_change_of_the_clock() -> None:
    """Berlin puts its clocks forward on 2026-03-29: that day has 23 hours, and is a day all the same."""
    days = [
        datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=i) - timedelta(hours=1 if i < 29 else 2) for i in range(60)
    ]
    history = regular_history(np.array([epoch_ms(day) for day in days]), np.arange(60.0))
    assert history.step == Step(86_400.0)
    assert history.values.tolist() == list(range(60))
