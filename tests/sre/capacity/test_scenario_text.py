"""Scenarios as people write them: what is understood, what is refused, and that all faults are named at once."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre.capacity.model import MONTH_SECONDS, Change, Scenario
from sre.capacity.scenario_text import EXAMPLES, MAX_SCENARIO_CHARS, parsed_scenario, scenario_words
from sre.core.errors import InputError
from sre.core.times import epoch_ms

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY_MS = 86_400_000


def _ms(text: str) -> int:
    return epoch_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


BLACK_FRIDAY, DECEMBER = _ms("2026-11-27"), _ms("2026-12-01")


@pytest.mark.parametrize(
    ("text", "scenario"),
    [
        ("", Scenario()),
        (" ; , ", Scenario()),
        ("growth +20%", Scenario(growth_factor=1.2)),
        ("Growth -20 %", Scenario(growth_factor=0.8)),
        ("growth x2", Scenario(growth_factor=2.0)),
        ("+15%/month", Scenario(0.15)),
        ("growth +15 % a month", Scenario(0.15)),
        ("-3% per month", Scenario(-0.03)),
        ("x3 on 2026-11-27", Scenario(changes=(Change(BLACK_FRIDAY, BLACK_FRIDAY + DAY_MS, 3.0),))),
        ("x3 on 2026-11-27 for 2d", Scenario(changes=(Change(BLACK_FRIDAY, BLACK_FRIDAY + 2 * DAY_MS, 3.0),))),
        ("3x on 2026-11-27 for 2 days", Scenario(changes=(Change(BLACK_FRIDAY, BLACK_FRIDAY + 2 * DAY_MS, 3.0),))),
        ("Black Friday: x3 on 2026-11-27", Scenario(changes=(Change(BLACK_FRIDAY, BLACK_FRIDAY + DAY_MS, 3.0),))),
        ("new year's: 2.5 x from 2026-12-01 for 1 week", Scenario(changes=(Change(DECEMBER, DECEMBER + 7 * DAY_MS, 2.5),))),
        ("×3 from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 3.0),))),
        ("+30% from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 1.3),))),
        ("-25 % from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 0.75),))),
        ("+1,200 from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 1.0, 1200.0),))),
        ("+500 rps from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 1.0, 500.0),))),
        ("-2k from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 1.0, -2000.0),))),
        ("+200 GiB from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 1.0, 200 * 2.0**30),))),
        ("+200GB from 2026-12-01", Scenario(changes=(Change(DECEMBER, None, 1.0, 2e11),))),
        ("x2 from now+1d until now+2d", Scenario(changes=(Change(epoch_ms(NOW) + DAY_MS, epoch_ms(NOW) + 2 * DAY_MS, 2.0),))),
        ("x2 from 2026-12-01T01:00+01:00", Scenario(changes=(Change(DECEMBER, None, 2.0),))),
        ("x2 from 2026-12-01 08:30 for 4h", Scenario(changes=(Change(_ms("2026-12-01T08:30"), _ms("2026-12-01T12:30"), 2.0),))),
    ],
)  # fmt: skip
def test_what_people_write_is_understood(text: str, scenario: Scenario) -> None:
    found = parsed_scenario(text, now=NOW)
    assert found.extra_growth_ratio_per_month == pytest.approx(scenario.extra_growth_ratio_per_month, abs=1e-12)
    assert found.growth_factor == pytest.approx(scenario.growth_factor)
    assert [(one.start_ms, one.end_ms) for one in found.changes] == [
        (one.start_ms, one.end_ms) for one in scenario.changes
    ]
    assert [(one.factor, one.added) for one in found.changes] == [
        pytest.approx((one.factor, one.added)) for one in scenario.changes
    ]


@pytest.mark.parametrize(
    ("text", "months"), [("40%/year", 12.0), ("10% a quarter", 3.0), ("2% per week", 7 * 86400 / MONTH_SECONDS)]
)
def test_growth_of_another_span_compounds_to_the_same(text: str, months: float) -> None:
    """After that span it is exactly the growth that was said."""
    ratio = float(text.partition("%")[0]) / 100
    found = parsed_scenario(text, now=NOW).extra_growth_ratio_per_month
    assert math.isclose((1 + found) ** months, 1 + ratio, rel_tol=1e-12)


def test_several_at_once_all_hold() -> None:
    found = parsed_scenario("growth +20%, +15%/month; x3 on 2026-11-27\n+1,500 from 2026-12-01", now=NOW)
    assert (found.growth_factor, round(found.extra_growth_ratio_per_month, 12)) == (1.2, 0.15)
    assert [(one.factor, one.added) for one in found.changes] == [(3.0, 0.0), (1.0, 1500.0)]


def test_the_order_of_items_does_not_matter() -> None:
    one = parsed_scenario("growth +20%, +15%/month, +2%/month", now=NOW)
    other = parsed_scenario("+2%/month, growth +20%, +15%/month", now=NOW)
    assert one.growth_factor == other.growth_factor
    assert one.extra_growth_ratio_per_month == pytest.approx(other.extra_growth_ratio_per_month)


def test_every_fault_is_named_at_once() -> None:
    text = "+20%, x0 on 2026-12-01, sell more, x3 from yesterday, -100%/month, growth -120%, x2 from now for soon"
    with pytest.raises(InputError) as caught:
        parsed_scenario(text, now=NOW)
    for said in (
        '"+20%": say when',
        '"x0 on 2026-12-01": a factor must be above 0',
        '"sell more": not understood',
        '"x3 from yesterday": its start is not a time',
        '"-100%/month": a loss must be under 100 %',
        '"growth -120%": growth must be multiplied by 0',
        '"x2 from now for soon": its length is not a duration',
    ):
        assert said in caught.value.message
    assert caught.value.valid == EXAMPLES


@pytest.mark.parametrize(
    "text",
    ["+5m from 2026-12-01", "x3", "growth", "growth 20%", "Black Friday x3", "a: b: x3 on now", "x3 on", "x-3 on 2026-12-01", "x1e3 on now",
     "x2 from 2026-12-02 until 2026-12-01", "+20 until 2026-12-01", "nan%/month", "+1e400 from now", "x" * 501],
)  # fmt: skip
def test_what_could_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parsed_scenario(text, now=NOW)


def test_words_give_the_times_as_they_were_read() -> None:
    text = "growth -20%, 15%/month, x3 on 2026-11-27, -2GiB from 2026-12-01 until 2026-12-15"
    assert scenario_words(parsed_scenario(text, now=NOW), unit="bytes") == (
        "growth -20 % of what is forecast, +15 % a month, x3 from 2026-11-27T00:00:00Z until 2026-11-28T00:00:00Z, "
        "-2 GiB from 2026-12-01T00:00:00Z until 2026-12-15T00:00:00Z"
    )
    assert scenario_words(Scenario()) == ""


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.text(
        alphabet="growth +-x×%/.,;0123456789kMGiB on from until for a month now d\n2026-12-01\x1b\u202e", max_size=80
    )
)
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        found = parsed_scenario(text, now=NOW)
    except InputError as error:
        refused = error.message
    else:
        refused = ""
        assert found.growth_factor >= 0
        assert all(change.factor > 0 for change in found.changes)
    assert "\x1b" not in refused
    assert len(refused) < 40 * MAX_SCENARIO_CHARS
