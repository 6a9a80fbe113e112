"""Scenarios through an MCP client: consistent with the plain forecast, monotone, and the same in any unit, zone or step."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import anyio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.mcp import answer_of, error_of, tool_client
from tools.capacity.forecast_capacity import forecast_capacity
from tools.registry import ToolSpec

TOOL = "forecast_capacity"
SPEC = ToolSpec(forecast_capacity, "Forecast capacity", "capacity")
# A Monday, 00:00 UTC, 2026-01-05.
START = 1_767_571_200
DAY = 86_400
COUNT = 90
NEVER = "9999"
a_few = settings(max_examples=8, deadline=None, derandomize=True)


def _noisy(seed: int, *, start: float = 200.0, slope: float = 2.0, count: int = COUNT) -> list[float]:
    noise = np.random.default_rng(seed).normal(0, 4, count)
    return [float(value) for value in start + slope * np.arange(count) + noise]


def _series(values: list[float], *, step: int = DAY, spelt: Any = int) -> dict[str, Any]:
    return {"timestamps": [spelt(START + step * i) for i in range(len(values))], "values": values}


async def _answers(calls: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    async with tool_client(specs=[SPEC]) as client:
        return [await answer_of(client, TOOL, **call) for call in calls]


def _asked(*calls: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the answers to calls, asked of one server."""
    return anyio.run(partial(_answers, list(calls)))


def _crossings(answer: dict[str, Any]) -> tuple[str, str, str]:
    found = answer["exhaustion"]
    return tuple(found[end] or NEVER for end in ("earliest", "expected", "latest"))  # type: ignore[return-value]


@a_few
@given(
    st.integers(0, 99), st.integers(-40, 60), st.integers(0, 60), st.sampled_from(["", ", x2 from 2026-04-20 for 9d"])
)
def test_more_growth_never_crosses_later(seed: int, growth: int, more: int, change: str) -> None:
    asked = {"series": _series(_noisy(seed)), "horizon": 60, "threshold": 470}
    slow, fast = _asked(
        {**asked, "scenario": f"{growth:+d}%/month, growth {growth:+d}%{change}"},
        {**asked, "scenario": f"{growth + more:+d}%/month, growth {growth + more:+d}%{change}"},
    )
    assert fast["exhaustion"]["probability_ratio"] >= slow["exhaustion"]["probability_ratio"]
    for early, late in zip(_crossings(fast), _crossings(slow), strict=True):
        assert early <= late
    assert all(one[1] >= other[1] for one, other in zip(fast["forecast"], slow["forecast"], strict=True))


@a_few
@given(st.integers(0, 99), st.sampled_from(["growth +0%", "+0%/month", "x1 from 2026-04-10", "+0 from 2026-04-10"]))
def test_a_scenario_that_changes_nothing_is_the_plain_forecast(seed: int, scenario: str) -> None:
    asked = {"series": _series(_noisy(seed)), "horizon": 30, "threshold": 420}
    plain, same = _asked(asked, {**asked, "scenario": scenario})
    for part in ("forecast", "exhaustion", "growth", "accuracy", "trust", "seasons", "present_level"):
        assert same[part] == plain[part]


@a_few
@given(st.integers(0, 99), st.sampled_from([0.001, 0.5, 1024.0, 1e9]))
def test_another_unit_gives_the_same_dates(seed: int, factor: float) -> None:
    values = _noisy(seed)
    one, scaled = _asked(
        {"series": _series(values), "horizon": 60, "threshold": 450, "scenario": "growth +20%, +50 from 2026-04-20"},
        {
            "series": _series([factor * value for value in values]),
            "horizon": 60,
            "threshold": factor * 450,
            "scenario": f"growth +20%, +{factor * 50:f} from 2026-04-20",
        },
    )
    assert _crossings(scaled) == _crossings(one)
    assert scaled["trust"] == one["trust"]
    assert [row[1] for row in scaled["forecast"]] == pytest.approx(
        [factor * row[1] for row in one["forecast"]], rel=2e-3
    )


@a_few
@given(st.integers(0, 99), st.integers(-12, 14))
def test_the_zone_of_the_timestamps_changes_nothing(seed: int, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    values = _noisy(seed)
    asked = {"horizon": 40, "threshold": 430, "scenario": "x1.2 from 2026-04-20"}
    epoch, zulu, local = _asked(
        {**asked, "series": _series(values)},
        {**asked, "series": _series(values, spelt=lambda at: datetime.fromtimestamp(at, UTC).isoformat())},
        {
            **asked,
            "series": _series(values, spelt=lambda at: datetime.fromtimestamp(at, zone).isoformat()),
            "scenario": f"x1.2 from {datetime(2026, 4, 20, tzinfo=UTC).astimezone(zone).isoformat()}",
        },
    )
    assert epoch == zulu == local


@a_few
@given(st.integers(0, 99), st.integers(1, 40))
def test_moved_by_whole_weeks_the_forecast_moves_along(seed: int, weeks: int) -> None:
    """The calendar matters only in weeks here: 90 days hold no year."""
    values = _noisy(seed)
    later = {**_series(values), "timestamps": [START + weeks * 7 * DAY + DAY * i for i in range(COUNT)]}
    one, moved = _asked(
        {"series": _series(values), "horizon": 40, "threshold": 430},
        {"series": later, "horizon": 40, "threshold": 430},
    )
    assert [row[1:] for row in moved["forecast"]] == [row[1:] for row in one["forecast"]]
    assert {row[0] - other[0] for row, other in zip(moved["forecast"], one["forecast"], strict=True)} == {
        weeks * 7 * DAY
    }


@pytest.mark.parametrize("step", [15, 60, 3600, DAY, 7 * DAY])
def test_any_step_crosses_where_algebra_says(step: int) -> None:
    """Worked example: 100 + i passes 250.5 at the 151st step, 32 steps after the 120 that are known."""
    series = _series([100.0 + i for i in range(120)], step=step)
    (answer,) = _asked({"series": series, "horizon": 60, "threshold": 250.5})
    assert _epoch(answer["exhaustion"]["expected"]) == pytest.approx(START + 151 * step, abs=step)


@pytest.mark.parametrize("faster", [0, 25, 100])
def test_faster_growth_divides_the_time_to_the_threshold(faster: int) -> None:
    """Worked example: 100 + i stands at 219; the next 64 take 64 steps, at x times the speed 64 / x."""
    series = _series([100.0 + i for i in range(120)])
    (answer,) = _asked(
        {"series": series, "horizon": 100, "threshold": 283, "scenario": f"growth +{faster}%"},
    )
    steps = 64 / (1 + faster / 100)
    assert _epoch(answer["exhaustion"]["expected"]) == pytest.approx(START + (119 + steps) * DAY, abs=1.01 * DAY)


def test_a_day_of_three_times_the_load_is_over_after_that_day() -> None:
    """Black Friday: the rows of that day alone are tripled, and the answer says when it was taken to be."""
    asked = {"series": _series(_noisy(3)), "horizon": 30, "max_points": 100}
    plain, busy = _asked(asked, {**asked, "scenario": "x3 on 2026-04-20"})
    ratios = {row[0]: row[1] / before[1] for row, before in zip(busy["forecast"], plain["forecast"], strict=True)}
    day = datetime(2026, 4, 20, tzinfo=UTC).timestamp()
    assert ratios.pop(day) == pytest.approx(3, rel=1e-3)
    assert set(ratios.values()) == {1.0}
    assert busy["scenario"] == "x3 from 2026-04-20T00:00:00Z until 2026-04-21T00:00:00Z"


def test_a_migration_adds_its_load_from_its_day_on() -> None:
    asked = {"series": _series(_noisy(3)), "horizon": 30, "max_points": 100}
    plain, moved = _asked(asked, {**asked, "scenario": "+500 from 2026-04-20"})
    day = datetime(2026, 4, 20, tzinfo=UTC).timestamp()
    for row, before in zip(moved["forecast"], plain["forecast"], strict=True):
        added = 500 if row[0] >= day else 0
        assert row[1:] == pytest.approx([value + added for value in before[1:]], abs=0.11)


def test_the_answer_tells_what_it_was_without_the_scenario() -> None:
    asked = {"series": _series(_noisy(3)), "horizon": 60, "threshold": 450}
    plain, faster = _asked(asked, {**asked, "scenario": "growth +50%"})
    assert faster["without_scenario"]["exhaustion"] == plain["exhaustion"]
    assert faster["without_scenario"]["expected"] == plain["forecast"][-1][1]
    assert plain["without_scenario"] is None
    assert faster["summary"].startswith("Scenario: growth +50 % of what is forecast. Crosses 450 around 2026-04-")
    assert "Without it: crosses 450 around 2026-05-" in faster["summary"]


def test_a_scenario_leaves_bounded_series_inside() -> None:
    values = [min(100.0, 60 + 0.5 * i + (i % 3)) for i in range(120)]
    (answer,) = _asked({"series": _series(values), "horizon": 40, "scenario": "growth +100%, x3 from 2026-05-10"})
    assert max(value for row in answer["forecast"] for value in row[1:]) <= 100


def test_what_a_scenario_does_not_do_is_said() -> None:
    """Falling load has no growth to be faster; a disk is not three times as full on a busy day, it fills faster."""
    falling = _series(_noisy(1, start=900, slope=-2))
    monthly = {
        "timestamps": [datetime(2023 + i // 12, 1 + i % 12, 1, tzinfo=UTC).isoformat() for i in range(40)],
        "values": [100.0 + i + (i % 2) for i in range(40)],
    }
    flat, drained, short = _asked(
        {"series": falling, "horizon": 30, "scenario": "growth +20%"},
        {"series": falling, "horizon": 30, "threshold": 100, "scenario": "x3 on 2026-04-20"},
        {"series": monthly, "horizon": 6, "scenario": "x3 on 2026-06-10"},
    )
    assert any("does not grow, so faster or slower growth changes nothing" in text for text in flat["warnings"])
    assert any("how fast it fills or drains" in text for text in drained["warnings"])
    assert any("shorter than a step" in text for text in short["warnings"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("x3 on 2026-03-01", "over before the forecast begins"),
        ("x3 from 2026-03-01", "lies in the past"),
        ("x3 on 2027-01-01", "beyond the horizon, which ends 2026-05-04T00:00:00Z"),
        ("x3 on 2026-03-01, +5 from 2027-01-01", "beyond the horizon"),
    ],
)
async def test_a_scenario_outside_the_forecast_is_refused(scenario: str, said: str) -> None:
    async with tool_client() as client:
        text = await error_of(client, TOOL, series=_series(_noisy(1)), horizon=30, scenario=scenario)
    assert text.startswith("[invalid_input]")
    assert said in text


@pytest.mark.anyio
async def test_all_that_is_wrong_with_a_scenario_is_said_at_once() -> None:
    async with tool_client() as client:
        text = await error_of(client, TOOL, series=_series(_noisy(1)), horizon=30, scenario="twice, +20%, x0 from now")
    assert '"twice": not understood' in text
    assert '"+20%": say when' in text
    assert '"x0 from now": a factor must be above 0' in text
    assert "growth +20% (faster than forecast)" in text


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
