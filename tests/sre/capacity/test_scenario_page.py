"""The page on scenarios: every item it shows is understood as it says."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sre.capacity.model import Change
from sre.capacity.scenario_text import parsed_scenario
from sre.core.times import epoch_ms

PAGE = Path("docs/concepts/forecast-scenarios.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY_MS = 86_400_000
BLACK_FRIDAY = epoch_ms(datetime(2026, 11, 27, tzinfo=UTC))
DECEMBER = epoch_ms(datetime(2026, 12, 1, tzinfo=UTC))
CHANGES = {
    "x3 on 2026-11-27": Change(BLACK_FRIDAY, BLACK_FRIDAY + DAY_MS, 3.0),
    "x3 on 2026-11-27 for 2d": Change(BLACK_FRIDAY, BLACK_FRIDAY + 2 * DAY_MS, 3.0),
    "+30% from 2026-12-01": Change(DECEMBER, None, 1.3),
    "x2 from 2026-12-01 until 2026-12-15": Change(DECEMBER, DECEMBER + 14 * DAY_MS, 2.0),
    "+500 from 2026-12-01": Change(DECEMBER, None, 1.0, 500.0),
    "Black Friday: x3 on 2026-11-27": Change(BLACK_FRIDAY, BLACK_FRIDAY + DAY_MS, 3.0),
}


def _items() -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", PAGE, flags=re.MULTILINE)


def test_the_page_shows_the_items_that_are_checked_here() -> None:
    assert set(_items()) == {*CHANGES, "growth +20%", "+15%/month"}


@pytest.mark.parametrize("item", sorted(CHANGES))
def test_a_change_of_the_page_is_what_the_page_says(item: str) -> None:
    assert parsed_scenario(item, now=NOW).changes == (CHANGES[item],)


def test_growth_of_the_page_is_what_the_page_says() -> None:
    assert parsed_scenario("growth +20%", now=NOW).growth_factor == pytest.approx(1.2)
    assert parsed_scenario("growth -50%", now=NOW).growth_factor == 0.5
    assert parsed_scenario("growth x2", now=NOW).growth_factor == 2.0
    assert parsed_scenario("+15%/month", now=NOW).extra_growth_ratio_per_month == pytest.approx(0.15)
    assert parsed_scenario("+200GiB from now, +2k from now", now=NOW).changes[0].added == 200 * 2**30


@pytest.mark.parametrize("text", re.findall(r"`((?:now|2026-12-01)[^` ]*)`", PAGE))
def test_times_of_the_page_are_understood(text: str) -> None:
    assert parsed_scenario(f"x2 from {text}", now=NOW).changes[0].start_ms > epoch_ms(NOW)
